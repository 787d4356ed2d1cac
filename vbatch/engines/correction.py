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
"""Records of mended files: the file's name and how many records it has, the record's number in it, and its code."""

FILE = ["name", "records", "place"]
"""What says which record of which file it is."""


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

    What a mended file had rejected again is followed in the same way to the runs that correct that run, and so on: by the code that it
    had there, and by its place in the replay file of that run. Of a mended file that is followed so, rejected records must be in their
    places, too. Where it moved, or the outputs of its run are gone, what it had rejected counts by the code in the first run alone.

    Args:
        registry: where the run is.
        run: its identity.
        scope: where codes must be unique.
        parts: what is about to be registered to correct it.
    """
    stored = registry.stored(run)
    lines = _errors(stored)
    if stored is None or lines is None:
        rejected = Report.from_json(stored.report).rejected if stored and stored.report else 0
        return Correction(run=run, rejected=rejected, still_open=None)
    report = Report.from_json(stored.report)
    places, now = _places(lines, report), _about_to_be(parts)
    mending = _Mending(registry=registry, scope=scope, chain=registry.chain(run), now=now["code"])
    done = pl.concat([_by_place(places, now), *mending.since(run, places)])
    return Correction(run=run, rejected=report.rejected, still_open=lines.join(done, on=["source", "record"], how="anti"))


def _errors(run: RegisteredRun | None) -> pl.DataFrame | None:
    """The lines of a run's errors.parquet that say why a record was rejected; None where its outputs or its report are gone."""
    errors = Path(run.outputs, "errors.parquet") if run and run.report and run.outputs else None
    return pl.read_parquet(errors).filter(pl.col("severity") == "error") if errors and errors.exists() else None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Mending:
    """What became of rejected records, along the runs that correct one another.

    Args:
        registry: where the runs are.
        scope: where codes must be unique.
        chain: the runs.
        now: codes that are about to be registered.
    """

    registry: Registry
    scope: str
    chain: pl.DataFrame
    now: pl.Series

    def since(self, run: str, places: pl.DataFrame) -> Iterator[pl.DataFrame]:
        """The records that were accepted since a run rejected them; their source and record may be those of one that it corrects."""
        mending = [(other, _registered(self.registry, other)) for other in self._correcting(run)]
        codes = pl.concat([self.now, *(accepted["code"] for _, accepted in mending)])
        by_code = self.registry.since_accepted(self.scope, places["code"], after=run) | places["code"].is_in(codes.implode())
        yield _named(places.filter(by_code.fill_null(value=False)))
        for other, accepted in mending:
            yield _by_place(places, accepted)
            again = _rejected_again(places, other, accepted)
            if again["source"].count():
                yield from self.since(other.run_id, again)

    def _correcting(self, run: str) -> Iterator[RegisteredRun]:
        for other in self.chain.filter(pl.col("corrects") == run)["run_id"]:
            if stored := self.registry.stored(other):
                yield stored


def _rejected_again(places: pl.DataFrame, run: RegisteredRun, accepted: pl.DataFrame) -> pl.DataFrame:
    """What a mended file had rejected, in the places of its replay file; source and record are those that it had at first, or null."""
    if (lines := _errors(run)) is None:
        return places.clear()
    report = Report.from_json(run.report)
    here = _places(lines, report)
    stood = _mended(here, {source.path: source.records for source in report.sources})
    before = _in_place(places, pl.concat([accepted, stood])).select(*FILE, "source", "record").unique(FILE)
    first = stood.join(before, on=FILE, how="left", maintain_order="left").select("source", "record")
    return pl.concat([first, here.drop("source", "record")], how="horizontal")


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


def _mended(rows: pl.DataFrame, records: dict[str, int]) -> pl.DataFrame:
    """As RECORDS says."""
    names = {path: Path(path).name for path in records}
    return rows.select(
        name=pl.col("source").replace_strict(names, default=None, return_dtype=pl.String),
        records=pl.col("source").replace_strict(records, default=None, return_dtype=pl.UInt64),
        place=pl.col("record").cast(pl.UInt64),
        code=pl.col("code"),
    ).cast(RECORDS)


def _places(lines: pl.DataFrame, report: Report) -> pl.DataFrame:
    """Where each rejected record of a run stands in its replay files: source, record, and as RECORDS says."""
    names = {source.path: Path(source.replay).name for source in report.sources}
    records = lines.unique(["source", "record"], maintain_order=True).sort("source", "record")
    return records.select(
        "source",
        "record",
        name=pl.col("source").replace_strict(names, default=None, return_dtype=pl.String),
        records=pl.len().over("source").cast(pl.UInt64),
        place=pl.int_range(1, pl.len() + 1, dtype=pl.UInt64).over("source"),
        code=pl.col("code"),
    )


def _by_place(places: pl.DataFrame, accepted: pl.DataFrame) -> pl.DataFrame:
    """The rejected records in whose places records were accepted, of files in which nothing moved."""
    return _named(_in_place(places, accepted))


def _in_place(places: pl.DataFrame, mended: pl.DataFrame) -> pl.DataFrame:
    """The records of mended files, each with what was in its place, of files in which nothing moved."""
    pairs = mended.join(places, on=FILE, suffix="_before")
    moved = pl.col("code").ne_missing(pl.col("code_before")) & pl.col("code").is_in(places["code"].drop_nulls().implode())
    return pairs.filter(~moved.any().over("name"))


def _named(records: pl.DataFrame) -> pl.DataFrame:
    return records.select("source", "record").drop_nulls()
