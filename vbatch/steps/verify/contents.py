"""Counts the rows, records, faults and sums of a run's files, file by file, and holds them against its report."""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from vbatch.model.batch import Sums, exact_sum
from vbatch.model.report import Output, Report, SourceReport, plain
from vbatch.steps.verify.difference import Difference, compare

BLOCK = 1 << 24
ROWS = 1 << 17
"""Bytes of a CSV file and rows of a Parquet file that are in memory at a time."""

FATES = Sums._fields
ERRORS = "errors.parquet"
NEWLINE, QUOTE = 10, 34
UNREADABLE = (OSError, ValueError, KeyError, pa.ArrowException, pl.exceptions.PolarsError)
"""What the readers raise for a file that is not what its name says."""


def contents(out: Path, report: Report) -> Iterator[Difference]:
    """Whether rows, records, faults and sums are those of the report."""
    counts = _Counts(report)
    for output in report.outputs:
        if output.rows is not None:
            try:
                yield from compare(f"{output.path}: rows", output.rows, _rows(out, output, counts))
            except UNREADABLE as error:
                yield Difference(output.path, f"{output.rows} rows", f"cannot be read: {str(error).partition(chr(10))[0]}")
    yield from counts.differences()


def _rows(out: Path, output: Output, counts: "_Counts") -> int:
    if output.path.endswith(".csv"):
        return _csv_rows(out / output.path)
    rows = 0
    for batch in pq.ParquetFile(out / output.path).iter_batches(ROWS, columns=counts.columns(output.path)):
        counts.add(output.path, pl.DataFrame(batch))
        rows += batch.num_rows
    return rows


def _csv_rows(path: Path) -> int:
    """Rows of a CSV file without its header, counted from the bytes: one ends at each line feed that no quotes enclose."""
    lines = quotes = 0
    with path.open("rb") as file:
        while data := file.read(BLOCK):
            array = np.frombuffer(data, np.uint8)
            before = np.searchsorted(np.flatnonzero(array == QUOTE), np.flatnonzero(array == NEWLINE)) + quotes
            lines += int(np.count_nonzero(before % 2 == 0))
            quotes += data.count(QUOTE)
    return lines - 1


class _Counts:
    """What the Parquet files of a run hold together. Memory: one byte for each record of the sources."""

    def __init__(self, report: Report) -> None:
        self.report = report
        self.faults: Counter[str] = Counter()
        self.faulty = 0
        self.sums = {name: exact_sum(pl.Series([], dtype=pl.Int64)) for name in report.totals}
        self.fates = {source.path: _Fates(source) for source in report.sources}
        self.unknown: Counter[str] = Counter()
        self._last = pl.DataFrame(schema={"source": pl.String, "record": pl.UInt64})

    def columns(self, path: str) -> list[str]:
        """The columns of a file that count."""
        if path == ERRORS:
            return ["source", "record", "fault"]
        return ["_source", "_record", *(self.report.totals if path.startswith("accepted/") else ())]

    def add(self, path: str, frame: pl.DataFrame) -> None:
        """Count some rows of a file."""
        if path == ERRORS:
            self._add_errors(frame)
        else:
            self._add_records(path.partition("/")[0], frame)

    def _add_errors(self, frame: pl.DataFrame) -> None:
        self.faults.update(dict(frame["fault"].value_counts().iter_rows()))
        # The lines of a record follow each other, so it is new where it differs from the line before.
        places = pl.concat([self._last, frame.select("source", "record")])
        self.faulty += places.select(pl.struct("source", "record").rle_id().max()).item()
        self._last = places.tail(1)
