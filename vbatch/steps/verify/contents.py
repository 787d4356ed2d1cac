"""Counts what a run's files hold, one after the other, and compares it with the report."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from vbatch.model.report import Output, Report
from vbatch.steps.verify.counts import Counts
from vbatch.steps.verify.difference import Difference, compare

BLOCK = 1 << 24
ROWS = 1 << 17
"""Bytes of a CSV file and rows of a Parquet file that are in memory at a time."""

NEWLINE, QUOTE = 10, 34
UNREADABLE = (OSError, ValueError, LookupError, TypeError, pa.ArrowException, pl.exceptions.PolarsError)
"""What readers and counters raise for a file that is not what its name says."""


def contents(out: Path, report: Report) -> Iterator[Difference]:
    """Whether rows, records, faults and sums are those of the report."""
    counts = Counts(report)
    for output in report.outputs:
        if output.rows is not None:
            try:
                yield from compare(f"{output.path}: rows", output.rows, _rows(out, output, counts))
            except UNREADABLE as error:
                yield Difference(output.path, f"{output.rows} rows", f"cannot be read: {str(error).partition(chr(NEWLINE))[0]}")
    yield from _twins(report)
    yield from counts.differences()


def _rows(out: Path, output: Output, counts: Counts) -> int:
    """Rows of a file; those of Parquet files are counted for the whole run, too."""
    if output.path.endswith(".csv"):
        return _csv_rows(out / output.path)
    folder = output.path.partition("/")[0]
    file = pq.ParquetFile(out / output.path)
    wanted = counts.columns(folder)
    rows = 0
    # The empty table tells the types where there is no row.
    for batch in (file.schema_arrow.empty_table().select(wanted), *file.iter_batches(ROWS, columns=wanted)):
        # Polars panics on texts and on names of columns that are not UTF-8.
        batch.validate(full=True)
        counts.add(folder, pl.DataFrame({name: batch.column(name) for name in wanted}))
        rows += batch.num_rows
    return rows


def _csv_rows(path: Path) -> int:
    """Rows of a CSV file without its header, counted from the bytes: one ends at each line feed that no quotes enclose."""
    lines = quotes = 0
    with path.open("rb") as file:
        while data := file.read(BLOCK):
            array = np.frombuffer(data, np.uint8)
            before = quotes + np.searchsorted(np.flatnonzero(array == QUOTE), np.flatnonzero(array == NEWLINE))
            lines += int(np.count_nonzero(before % 2 == 0))
            quotes += data.count(QUOTE)
    return lines - 1


def _twins(report: Report) -> Iterator[Difference]:
    """Whether a CSV file claims as many rows as the Parquet file of its name."""
    rows = {output.path: output.rows for output in report.outputs}
    for path, count in rows.items():
        twin = path.removesuffix(".parquet") + ".csv"
        if path.endswith(".parquet") and twin in rows:
            yield from compare(f"{twin}: rows", count, rows[twin])
