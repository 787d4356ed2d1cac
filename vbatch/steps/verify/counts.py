"""What the Parquet files of a run hold together."""

from collections import Counter
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from vbatch.model.batch import exact_sum
from vbatch.model.report import Report, SourceReport, plain
from vbatch.steps.verify.difference import Difference, compare

FATES = ("accepted", "rejected", "discarded")
ERRORS = "errors.parquet"


class Counts:
    """Records by fate, rows by fault, and sums, counted frame by frame."""

    def __init__(self, report: Report) -> None:
        self.report = report
        self.sources = {source.path: _Records(source) for source in report.sources}
        self.strangers: Counter[str] = Counter()
        self.sums = dict.fromkeys(report.totals, Decimal(0))
        self.faults: Counter[str] = Counter()
        self.faulty = 0
        self._last = pl.DataFrame({"source": [""], "record": [0]}, {"source": pl.String, "record": pl.UInt64})

    def columns(self, folder: str) -> list[str]:
        """The columns that count in the files of a folder."""
        if folder == ERRORS:
            return ["source", "record", "fault"]
        return ["_source", "_record", *(self.sums if folder == "accepted" else ())]

    def add(self, folder: str, frame: pl.DataFrame) -> None:
        """Count some rows of a file; errors.parquet is a folder of its own."""
        if folder == ERRORS:
            self._add_errors(frame)
            return
        for (path, *_), rows in frame.partition_by("_source", as_dict=True).items():
            if path in self.sources:
                self.sources[path].add(folder, rows["_record"].to_numpy())
            else:
                self.strangers[str(path)] += rows.height
        if folder == "accepted":
            self.sums = {name: before + exact_sum(frame[name]) for name, before in self.sums.items()}

    def _add_errors(self, frame: pl.DataFrame) -> None:
        self.faults.update(dict(frame["fault"].value_counts().iter_rows()))
        # The lines of a record stand together, so each change of place is another record.
        places = pl.concat([self._last, frame.select("source", "record")])
        self.faulty += places.select(pl.struct("source", "record").rle_id().max()).item()
        self._last = places.tail(1)

    def differences(self) -> Iterator[Difference]:
        """Where the counts are not those of the report."""
        report = self.report
        for records in self.sources.values():
            yield from records.differences()
        for path, rows in self.strangers.items():
            yield Difference(f"{path}: records", "no such source", f"{rows} rows")
        yield from self._sums()
        yield from compare("rows with faults", report.warned + report.rejected + report.discarded, self.faulty)
        for fault in sorted({*report.faults, *self.faults}):
            yield from compare(f"{fault}: rows", report.faults.get(fault, 0), self.faults[fault])

    def _sums(self) -> Iterator[Difference]:
        """Rejected and discarded rows are not typed; their sums can only be told where there are none."""
        for name, found in self.sums.items():
            claimed = self.report.totals[name]
            yield from compare(f"{name}: sum of accepted", claimed["accepted"], plain(found))
            for fate in ("rejected", "discarded"):
                if not getattr(self.report, fate):
                    yield from compare(f"{name}: sum of {fate}", claimed[fate], plain(found - found))


class _Records:
    """The fates of one source's records; one byte of memory for each."""

    def __init__(self, source: SourceReport) -> None:
        self.source = source
        self.rows: Counter[str] = Counter()
        self.times = np.zeros(source.records, np.uint8)

    def add(self, fate: str, records: npt.NDArray[Any]) -> None:
        self.rows[fate] += len(records)
        known = records[(records >= 1) & (records <= len(self.times))]
        np.add.at(self.times, known - 1, 1)

    def differences(self) -> Iterator[Difference]:
        source = self.source
        for fate in FATES:
            yield from compare(f"{source.path}: {fate}", getattr(source, fate), self.rows[fate])
        # A byte counts to 255 only, but the rows above are right only if none was counted 256 times too often.
        if wrong := int(np.count_nonzero(self.times != 1)):
            yield Difference(f"{source.path}: records", f"1 to {source.records}, each in one place", f"{wrong} in none or in several")
