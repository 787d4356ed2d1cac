"""How far a run is mended by those that correct it, and what is still open."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from vbatch.model.part import SettledPart
from vbatch.model.registered import RegisteredRun
from vbatch.model.report import Report
from vbatch.registry import Registry

RECORDS = pl.Schema({"name": pl.String(), "records": pl.UInt64(), "place": pl.UInt64(), "code": pl.String()})
"""Accepted records of mended files: the file's name and how many records it has, the record's number in it, and its code."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Correction:
    """A run and what became of the records that it rejected.

    Args:
        run: its identity.
        rejected: how many records it rejected.
        still_open: the lines of its errors.parquet whose records were not accepted since; None where its outputs are gone.
    """

    run: str
    rejected: int
    still_open: pl.DataFrame | None

    def told(self) -> dict[str, Any]:
        """As the report tells it: how many were accepted since, and how many are open; None for both where nobody can say."""
        left = None if self.still_open is None else self.still_open.select("source", "record").n_unique()
        return {"run": self.run, "rejected": self.rejected, "since_accepted": None if left is None else self.rejected - left, "open": left}


def correction(registry: Registry, run: str, scope: str, parts: Sequence[SettledPart]) -> Correction:
    """How far a run is mended once these parts are registered.

    A record counts as mended if its code was accepted since. One whose code itself was mended is known by its place: the mended file has
    the name of the replay file and as many records, and whatever code is in both of them has the same place in both.

    Args:
        registry: where the run is.
        run: its identity.
        scope: where codes must be unique.
        parts: what is about to be registered to correct it.
    """
    stored = registry.stored(run)
    report = Report.from_json(stored.report) if stored and stored.report else None
    errors = Path(stored.outputs, "errors.parquet") if stored and stored.outputs else None
    if report is None or errors is None or not errors.exists():
        return Correction(run=run, rejected=report.rejected if report else 0, still_open=None)
    lines = pl.read_parquet(errors).filter(pl.col("severity") == "error")
    records = lines.unique(["source", "record"], maintain_order=True).sort("source", "record")
    mending = [_about_to_be(parts), *(_registered(registry, other) for other in _correcting(registry, run))]
    codes = pl.concat([one["code"] for one in mending])
    by_code = registry.since_accepted(scope, records["code"], after=run) | records["code"].is_in(codes.implode())
    done = pl.concat(
        [
            records.filter(by_code.fill_null(value=False)).select("source", "record"),
            *(_by_place(_places(records, report), one) for one in mending),
        ]
    )
    return Correction(run=run, rejected=report.rejected, still_open=lines.join(done, on=["source", "record"], how="anti"))


def _correcting(registry: Registry, run: str) -> Iterator[RegisteredRun]:
    for other in registry.chain(run).filter(pl.col("corrects") == run)["run_id"]:
        if stored := registry.stored(other):
            yield stored


def _registered(registry: Registry, run: RegisteredRun) -> pl.DataFrame:
    records = {source.path: source.records for source in Report.from_json(run.report).sources} if run.report else {}
    return _mended(registry.records(run.run_id), records)


def _about_to_be(parts: Sequence[SettledPart]) -> pl.DataFrame:
    frames, records = [pl.DataFrame(schema={"source": pl.String, "record": pl.UInt64, "code": pl.String})], dict[str, int]()
    for part in parts:
        frames.append(
            pl.read_parquet(part.accepted, columns=["_source", "_record", "code"]).rename({"_source": "source", "_record": "record"})
        )
        for path in frames[-1]["source"].unique():
            records[path] = sum(one.tally.records for one in parts if one.source == part.source)
    return _mended(pl.concat([frame.select("source", "record", "code") for frame in frames]), records)


def _mended(accepted: pl.DataFrame, records: dict[str, int]) -> pl.DataFrame:
    """As RECORDS says."""
    names = {path: Path(path).name for path in records}
    return accepted.select(
        name=pl.col("source").replace_strict(names, default=None, return_dtype=pl.String),
        records=pl.col("source").replace_strict(records, default=None, return_dtype=pl.UInt64),
        place=pl.col("record").cast(pl.UInt64),
        code=pl.col("code"),
    ).cast(RECORDS)


def _places(records: pl.DataFrame, report: Report) -> pl.DataFrame:
    """Where each rejected record stands in the replay files."""
    names = {source.path: Path(source.replay).name for source in report.sources}
    return records.select(
        "source",
        "record",
        name=pl.col("source").replace_strict(names, default=None, return_dtype=pl.String),
        records=pl.len().over("source").cast(pl.UInt64),
        place=pl.int_range(1, pl.len() + 1, dtype=pl.UInt64).over("source"),
        code=pl.col("code"),
    )


def _by_place(places: pl.DataFrame, mended: pl.DataFrame) -> pl.DataFrame:
    """The rejected records in whose places records were accepted, of files in which nothing moved."""
    pairs = mended.join(places, on=["name", "records", "place"], suffix="_before")
    moved = pl.col("code").ne_missing(pl.col("code_before")) & pl.col("code").is_in(places["code"].drop_nulls().implode())
    return pairs.filter(~moved.any().over("name")).select("source", "record")
