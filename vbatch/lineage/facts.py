"""Datasets of a run as plain values: what was read and written, and which faults it was judged for. Never a code."""

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path

import polars as pl

from vbatch.model.fault import Fault
from vbatch.model.pipeline import Pipeline
from vbatch.model.report import Report, SourceReport
from vbatch.model.rulebook import rulebook

Columns = tuple[tuple[str, str], ...]
"""Names and types."""

FATES = ("accepted", "rejected", "discarded")


@dataclass(frozen=True, slots=True, kw_only=True)
class Assertion:
    """Whether the records of a source are free of a fault.

    Args:
        fault: code of the fault.
        column: the source's own column; None for the structure of a record, and for what no column holds.
        severity: error, discard or warning.
        title: a few words.
        rows: how many records have it.
    """

    fault: str
    column: str | None
    severity: str
    title: str
    rows: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Dataset:
    """Something read or written.

    Args:
        name: absolute path.
        columns: names and types.
        rows: how many records; None if nobody counted.
        bytes: size; None if nobody measured.
        files: how many files.
        assertions: one for each fault that was looked for; empty where nobody knows.
    """

    name: str
    columns: Columns = ()
    rows: int | None = None
    bytes: int | None = None
    files: int = 1
    assertions: tuple[Assertion, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Lineage:
    """What a run read and wrote."""

    inputs: tuple[Dataset, ...]
    outputs: tuple[Dataset, ...] = ()


def before(sources: Sequence[str]) -> Lineage:
    """The lineage of a run that has not ended, or ended without a report: what it was to read."""
    return Lineage(inputs=tuple(Dataset(name=os.path.abspath(path)) for path in sources if path != "-"))  # noqa: PTH100 - as it is spelled


def lineage_of(report: Report, pipeline: Pipeline) -> Lineage:
    """The lineage of a finished run.

    Args:
        report: its account.
        pipeline: the one it used.
    """
    book = rulebook(pipeline)
    found = _faults_by_source(Path(report.path)) if report.path else None
    names = {one.column: str(one.source) for one in reversed(pipeline.layout.fields)}
    read = tuple((str(one.source), "String") for one in pipeline.layout.fields)
    asked = [(fault, names.get(fault.column or "")) for fault in book.book]
    inputs = tuple(_input(one, read, asked, found) for one in report.sources)
    written = tuple((name, str(dtype)) for name, dtype in book.types.items())
    return Lineage(inputs=inputs, outputs=(*_folders(report, written), *_registry(report, written)))


def _input(
    source: SourceReport, columns: Columns, asked: Sequence[tuple[Fault, str | None]], found: Mapping[tuple[str, str], int] | None
) -> Dataset:
    assertions = () if found is None else tuple(_assertion(*one, found.get((source.path, one[0].code), 0)) for one in asked)
    name = os.path.abspath(source.path)  # noqa: PTH100 - a path as it is spelled, links and all
    return Dataset(name=name, columns=columns, rows=source.records, bytes=source.bytes, assertions=assertions)


def _assertion(fault: Fault, column: str | None, rows: int) -> Assertion:
    return Assertion(fault=fault.code, column=column, severity=str(fault.severity), title=fault.title, rows=rows)


def _folders(report: Report, columns: Columns) -> Iterator[Dataset]:
    """The folders of the three fates."""
    for fate in FATES if report.path else ():
        parts = [one for one in report.outputs if fnmatch(one.path, f"{fate}/part-*.parquet")]
        yield Dataset(
            name=str(Path(report.path, fate).absolute()),
            columns=columns if fate == "accepted" else (),
            rows=getattr(report, fate),
            bytes=sum(part.bytes for part in parts),
            files=len(parts),
        )


def _registry(report: Report, columns: Columns) -> Iterator[Dataset]:
    """The registry, if codes were written to it."""
    if report.status in {"loaded", "imported"}:
        code = tuple(column for column in columns if column[0] == "code")
        yield Dataset(name=str(Path(report.options["registry"]).absolute()), columns=code, rows=report.accepted)


def _faults_by_source(out: Path) -> Mapping[tuple[str, str], int] | None:
    """Records by source and fault; None if the file is gone."""
    try:
        lines = (
            pl.scan_parquet(out / "errors.parquet").group_by("source", "fault").agg(pl.col("record").n_unique()).collect(engine="streaming")
        )
    except (OSError, pl.exceptions.PolarsError):
        return None
    return {(source, fault): rows for source, fault, rows in lines.iter_rows()}
