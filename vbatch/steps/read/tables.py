"""Rows of Parquet files and spreadsheets as JSON objects, one a line, each value with the type that it has there."""

import json
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from math import isfinite
from pathlib import Path
from typing import Any, BinaryIO
from warnings import catch_warnings, simplefilter

import pyarrow as pa
import pyarrow.parquet as pq

from vbatch.errors import SourceError

ROWS = 16_384

Texts = Collection[str]


def parquet_rows(file: Path, name: str, texts: Texts) -> Iterator[bytes]:
    """The rows of a Parquet file, in order.

    Args:
        file: where it is.
        name: what people call it.
        texts: columns that should hold texts.

    Raises:
        SourceError: it is damaged, or has two columns of one name.
    """
    with _named_damage(name, "the Parquet file is damaged", "fetch the file again"), pq.ParquetFile(file) as table:
        names = _single(table.schema_arrow.names, name)
        for batch in table.iter_batches(batch_size=ROWS):
            yield from _objects(names, zip(*map(_values, batch.columns), strict=True), texts)


def xlsx_rows(file: Path, name: str, texts: Texts) -> Iterator[bytes]:
    """The rows of a workbook's sheet below its first row, which names the fields; rows without any value are left out.

    Args:
        file: where it is.
        name: what people call it.
        texts: fields that should hold texts.

    Raises:
        SourceError: it is damaged, has two fields of one name, or rows in several sheets.
    """
    try:
        from openpyxl import load_workbook  # noqa: PLC0415 - an extra, imported only where it is used
    except ImportError as error:
        raise SourceError(f"{name}: reading workbooks needs openpyxl", hint="install vbatch[xlsx]") from error
    # openpyxl asks a path for its ending; of a file it only sees the content.
    with _named_damage(name, "the workbook is damaged", "save it again, or export as CSV"), file.open("rb") as raw, catch_warnings():
        simplefilter("ignore")
        filled = [sheet for sheet in load_workbook(raw, read_only=True, data_only=True).worksheets if any(_filled_rows(sheet))]
        if len(filled) > 1:
            told = ", ".join(repr(sheet.title) for sheet in filled)
            raise SourceError(
                f"{name}: has rows in {len(filled)} sheets: {told}", hint="save the one with the vouchers as its own workbook"
            )
        rows = _filled_rows(filled[0]) if filled else iter(())
        header = [str(value) if value is not None else f"column {position}" for position, value in enumerate(next(rows, ()), 1)]
        yield from _objects(_single(header, name), rows, texts)


def write_rows(rows: Iterable[bytes], file: BinaryIO, refuse_bomb: Callable[[int], None]) -> None:
    """Write rows as lines; told how many bytes it would be then, refuse_bomb may raise."""
    size = 0
    for row in rows:
        size += len(row) + 1
        refuse_bomb(size)
        file.write(row + b"\n")


@contextmanager
def _named_damage(name: str, what: str, hint: str) -> Iterator[None]:
    try:
        yield
    except SourceError:
        raise
    except Exception as error:
        # What a library makes of a damaged file is anything.
        told = (str(error) or type(error).__name__).splitlines()[0]
        raise SourceError(f"{name}: {what}: {told}", hint=hint) from error


def _single(names: Sequence[str], source: str) -> Sequence[str]:
    doubled, times = Counter(names).most_common(1)[0] if names else ("", 0)
    if times > 1:
        raise SourceError(f"{source}: the column {doubled!r} stands {times} times in the header", hint="keep the right one")
    return names


def _values(column: pa.Array) -> list[Any]:
    """Python's values; texts where Python has none that are exact, as for nanoseconds."""
    try:
        values: list[Any] = column.to_pylist()
    except (ValueError, OverflowError):
        values = column.cast(pa.string()).to_pylist()
    return values


def _filled_rows(sheet: Any) -> Iterator[Sequence[Any]]:
    return (row for row in sheet.iter_rows(values_only=True) if any(value is not None for value in row))


def _objects(names: Sequence[str], rows: Iterable[Sequence[Any]], texts: Texts) -> Iterator[bytes]:
    keys = [(json.dumps(name, ensure_ascii=False), name in texts) for name in names]
    for row in rows:
        pairs = [f"{key}:{_cell(value, text=text)}" for (key, text), value in zip(keys, row, strict=False)]
        # A cell behind the last name is not dropped.
        behind = enumerate(row[len(names) :], len(names) + 1)
        pairs += [f'"column {position}":{_value(value)}' for position, value in behind if value is not None]
        yield ("{" + ",".join(pairs) + "}").encode("utf-8", "surrogatepass")


def _cell(value: Any, *, text: bool) -> str:
    """A value as JSON; a date or a time where a text should be as a list, so that it is not taken for one."""
    return _value([value] if text and isinstance(value, date | time | timedelta) else value)


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
