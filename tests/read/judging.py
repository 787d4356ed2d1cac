"""Validates files with a small pipeline of its own, and tells what became of each record as plain values."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

import polars as pl
from reading import layout_of

from vbatch import Code, Layout, Options, Pipeline, Report, target, validate, verify


class Fate(NamedTuple):
    """What became of a record: where it is (the length of an accepted one is not told), its faults, its texts by field."""

    offset: int
    length: int | None
    accepted: bool
    faults: frozenset[str]
    texts: dict[str, str | None]

    @property
    def structural(self) -> str:
        """What is wrong with its structure."""
        return next((fault.removeprefix("record.") for fault in self.faults if fault.startswith("record.")), "")


@dataclass(frozen=True)
class Run:
    """A finished run, whose files are what its report says."""

    out: Path
    report: Report

    def fates(self, source: str) -> list[Fate]:
        """The records of a source, in order; fails if one is missing or there twice."""
        found = dict([*self._accepted(source), *self._rejected(source)])
        told = next(account for account in self.report.sources if account.path == source)
        assert list(range(1, told.records + 1)) == sorted(found)
        assert told.records == told.accepted + told.rejected + told.discarded
        return [found[number] for number in sorted(found)]

    def _rows(self, folder: str, source: str) -> list[dict[str, Any]]:
        frames = [pl.read_parquet(path) for path in sorted((self.out / folder).glob("*.parquet"))]
        return [row for frame in frames for row in frame.filter(pl.col("_source") == source).rows(named=True)]

    def _accepted(self, source: str) -> Iterator[tuple[int, Fate]]:
        for row in self._rows("accepted", source):
            texts = {"code": row["code"]} | (row.get("metadata") or {})
            yield row["_record"], Fate(row["_offset"], None, faults=frozenset(), accepted=True, texts=texts)

    def _rejected(self, source: str) -> Iterator[tuple[int, Fate]]:
        for row in self._rows("rejected", source):
            texts = {name: text for name, text in row.items() if name != "faults" and not name.startswith("_")}
            yield row["_record"], Fate(row["_offset"], row["_length"], faults=frozenset(row["faults"]), accepted=False, texts=texts)

    def replay(self, name: str) -> bytes:
        return (self.out / "rejected" / "replay" / name).read_bytes()

    def lines(self) -> dict[int, int]:
        """The physical line of each record that has a fault."""
        frame = pl.read_parquet(self.out / "errors.parquet")
        return dict(zip(frame["record"].to_list(), frame["line"].to_list(), strict=True))


def pipeline_of(layout: Layout) -> Pipeline:
    return Pipeline(name="any", layout=layout, schema=Code, target=target("coupon_carrier"), scope="any")


@contextmanager
def place() -> Iterator[Path]:
    with TemporaryDirectory() as folder:
        yield Path(folder)


def judged(sources: Sequence[Path | str], layout: Layout | None = None, *, here: Path, **options: Any) -> Run:
    """Validate sources; the outputs go to `here`."""
    progress = {"progress": options.pop("progress")} if "progress" in options else {}
    settings = Options(out=here / "out", registry=here / "codes.duckdb", **options)
    report = validate(sources, pipeline_of(layout or layout_of()), settings, **progress)
    assert verify(here / "out") == ()
    assert report.records == report.accepted + report.rejected + report.discarded
    return Run(here / "out", report)
