"""Rows of Parquet files and spreadsheets as JSON objects, one a line, each value with the type that it has there."""

import json
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from math import isfinite
from pathlib import Path
from typing import Any, BinaryIO

import pyarrow as pa
import pyarrow.parquet as pq

from vbatch.errors import SourceError

ROWS = 16_384


def parquet_rows(file: Path, name: str) -> Iterator[bytes]:
    """The rows of a Parquet file, in order; SourceError if it is damaged."""
    try:
        with pq.ParquetFile(file) as table:
            for batch in table.iter_batches(batch_size=ROWS):
                yield from _objects(batch.schema.names, zip(*(column.to_pylist() for column in batch.columns), strict=True))
    except (OSError, pa.ArrowException, ValueError) as error:
        raise SourceError(f"{name}: the Parquet file is damaged: {str(error).splitlines()[0]}", hint="fetch the file again") from error


def xlsx_rows(file: Path, name: str) -> Iterator[bytes]:
    """The rows of a workbook's first sheet below its first row, which names the fields; rows without any value are left out."""
    try:
        from openpyxl import load_workbook  # noqa: PLC0415 - an extra, imported only where it is used
    except ImportError as error:
        raise SourceError(f"{name}: reading workbooks needs openpyxl", hint="install vbatch[xlsx]") from error
    try:
        book = load_workbook(file, read_only=True, data_only=True)
        rows = book.worksheets[0].iter_rows(values_only=True)
        header = [str(value) if value is not None else f"column {position}" for position, value in enumerate(next(rows, ()), 1)]
        yield from _objects(header, (row for row in rows if any(value is not None for value in row)))
    except (OSError, ValueError, KeyError, IndexError, TypeError) as error:
        raise SourceError(f"{name}: the workbook is damaged: {error}", hint="save it again, or export as CSV") from error


def write_rows(rows: Iterable[bytes], file: BinaryIO) -> None:
    """Write rows as lines."""
    file.writelines(row + b"\n" for row in rows)


def _objects(names: Sequence[str], rows: Iterable[Sequence[Any]]) -> Iterator[bytes]:
    keys = [json.dumps(name, ensure_ascii=False) for name in names]
    for row in rows:
        pairs = (f"{key}:{_value(value)}" for key, value in zip(keys, row, strict=False))
        yield ("{" + ",".join(pairs) + "}").encode("utf-8", "surrogatepass")


def _value(value: Any) -> str:
    """A value as JSON: numbers exactly as they are, instants in ISO form, what JSON has no form for as text."""
    if isinstance(value, dict):
        return "{" + ",".join(f"{json.dumps(str(key), ensure_ascii=False)}:{_value(one)}" for key, one in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ",".join(map(_value, value)) + "]"
    if isinstance(value, Decimal) and value.is_finite():
        return format(value, "f")
    return json.dumps(_plain(value), ensure_ascii=False, default=str)


def _plain(value: Any) -> Any:
    if isinstance(value, float) and not isfinite(value):
        return str(value)
    if isinstance(value, datetime):
        return _instant(value)
    if isinstance(value, date):
        return value.isoformat()
    return value.decode("utf-8", "surrogateescape") if isinstance(value, bytes) else value


def _instant(value: datetime) -> str:
    """In the longest ISO form that Voucherify reads; with more digits where milliseconds would lose some."""
    digits = "milliseconds" if value.microsecond % 1000 == 0 else "microseconds"
    if value.tzinfo is None:
        return value.isoformat(timespec=digits if value.microsecond else "seconds")
    return value.astimezone(UTC).replace(tzinfo=None).isoformat(timespec=digits) + "Z"
