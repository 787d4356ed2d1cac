"""Reads what stands before the first record of a source, and so learns its fields."""

import csv
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import numpy as np

from vbatch.errors import SourceError
from vbatch.model.binding import unnamed
from vbatch.model.layout import Dialect, Layout
from vbatch.model.source import Frame, Shape
from vbatch.steps.read.batches import LONGEST, endless, line_ends
from vbatch.steps.read.cut import cut
from vbatch.steps.read.encoding import byte_order_mark, exact_encoding
from vbatch.steps.read.parse_json import paths_of
from vbatch.steps.read.segment import STRUCTURE, Segments, segment
from vbatch.steps.read.source import Stream, opened
from vbatch.steps.read.window import Window

BLOCK = 1 << 20
BLANK = b" \t\r\n"
LINE_END = re.compile(rb"\r\n|\n|\r")
CONTROL = re.compile(rb"[\x00-\x08\x0b\x0c\x0e-\x1f]")
QUOTES = {
    "unclosed_quote": "a quote opens a field and no matching quote closes it",
    "stray_quote": "a quote stands inside a field that does not start with one",
    "text_after_quote": "text follows the quote that closes a field",
}
HEADER_HINT = "mend the header in a copy of the file, or check encoding, delimiter and quote in the layout's dialect"
LINES = Dialect(delimiter="\0", quote=None, header=False)
"""A list is a CSV file of one field that nothing quotes; its delimiter is a control character, which no record may hold."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """Where the data of a source begins, and what it holds.

    Args:
        shape: what its records are.
        dialect: how its bytes are cut.
        header: the field names; positions from 1 as text where the source has no header; paths in JSON.
        positions: first and last character of each field, where they are fixed.
        offset, line: the first data byte and its physical line, from 1.
        frame: what stands around its records.
    """

    shape: Shape
    dialect: Dialect
    header: tuple[str, ...]
    positions: tuple[tuple[int, int], ...] = ()
    offset: int
    line: int
    frame: Frame


def read_head(file: Path, path: str, layout: Layout) -> Head:
    """Read the beginning of a source; all of it if it is JSON, whose items may each bring fields.

    Args:
        file: where its plain bytes are.
        path: what people call it.
        layout: what it should be.

    Raises:
        SourceError: it is empty, has no records, or is not what the layout says.
    """
    with opened(file, path) as stream:
        data = stream.read(BLOCK)
        if not data:
            raise SourceError(f"{path}: is empty", hint="export again; even an export without vouchers has a header")
        encoding = exact_encoding(data, layout.dialect.encoding)
        if encoding is None:
            raise SourceError(
                f"{path}: has no byte order mark", hint=f"declare {layout.dialect.encoding}-le or -be in the layout's dialect"
            )
        layout = replace(layout, dialect=replace(layout.dialect, encoding=encoding))
        mark = byte_order_mark(data, encoding)
        if layout.format in {"json", "parquet", "xlsx"}:
            return _json_head(stream, data, mark, layout)
        return _text_head(stream, data, mark, layout)


def _text_head(stream: Stream, data: bytes, mark: int, layout: Layout) -> Head:
    path, at_end = stream.path, len(data) < BLOCK
    dialect = _dialect_of_list(layout) if layout.format in {"lines", "fixed"} else layout.dialect
    window, found = _first_records(data, mark, layout, dialect, path, at_end=at_end)
    if not len(found.starts) and not at_end:
        # Nothing says yet how the first record ends. It has four bytes for one of UTF-8 at most.
        size = BLOCK + 4 * dialect.max_record_bytes
        more = stream.read(size)
        data, at_end = data + more, len(more) < size
        window, found = _first_records(data, mark, layout, dialect, path, at_end=at_end)
    if not len(found.starts):
        what = "has no records" if at_end else f"begins with a line longer than {dialect.max_record_bytes} bytes"
        raise SourceError(f"{path}: {what}", hint="export again, or check skip_rows in the layout")
    first = window.data[int(found.starts[0]) : int(found.ends[0])]
    if layout.or_lines and str(layout.fields[0].source) not in _fields(first, dialect, path):
        _refuse_other_header(first, layout, path)
        dialect = _dialect_of_list(layout)
    if layout.format == "fixed":
        names = tuple(layout.positions)
    elif not dialect.header:
        names = _names_without_header(window.data, found, dialect, layout, path)
    elif len(found.starts) == 1 and at_end:
        raise SourceError(f"{path}: has a header but no records", hint="export again, or leave the file out")
    else:
        _refuse_broken_header(first, dialect, window, found, path)
        names = tuple(name or unnamed(position) for position, name in enumerate(_fields(first, dialect, path)))
        window.drop(int(found.ends[0]), segment(window.data[: int(found.ends[0])], LINES, at_end=True).consumed_lines)
    prefix = Frame(prefix=data[: window.offset])
    return Head(
        shape="fixed" if layout.format == "fixed" else "csv",
        dialect=dialect,
        header=names,
        positions=tuple(layout.positions.values()),
        offset=window.offset,
        line=window.line,
        frame=prefix,
    )


def _first_records(data: bytes, mark: int, layout: Layout, dialect: Dialect, path: str, *, at_end: bool) -> tuple[Window, Segments]:
    """The window at the first byte behind the rows to skip, and the records there."""
    window = Window(offset=mark, line=1, encoding=dialect.encoding)
    window.append(data[mark:], at_end=at_end)
    for _ in range(layout.dialect.skip_rows):
        window.drop(_first_line(window.data), 1)
    return window, cut(window.data, "csv", dialect, path, at_end=at_end)


def _dialect_of_list(layout: Layout) -> Dialect:
    return replace(LINES, encoding=layout.dialect.encoding, max_record_bytes=layout.dialect.max_record_bytes)


def _refuse_other_header(first: bytes, layout: Layout, path: str) -> None:
    """A first line that is neither the header nor a code is a header that the layout does not know."""
    name = str(layout.fields[0].source)
    text = first.decode("utf-8").strip("\r\n")
    if layout.dialect.delimiter in text or (layout.dialect.quote or "\n") in text or text.strip().casefold() == name.casefold():
        raise SourceError(
            f"{path}: the first line is neither a code nor a header with the column {name!r}",
            hint=f"name the column exactly {name!r}, or leave nothing but one code a line",
        )


def _refuse_broken_header(first: bytes, dialect: Dialect, window: Window, found: Segments, path: str) -> None:
    """A header is read as strictly as the records are."""
    what = STRUCTURE[int(found.faults[0])]
    told = QUOTES.get(what, "")
    if not told and CONTROL.search(first.replace(dialect.delimiter.encode(), b"")):
        told = "it holds control characters"
    if told:
        raise SourceError(f"{path}: line {window.line + int(found.lines[0])}: the header cannot be read: {told}", hint=HEADER_HINT)


def _names_without_header(data: bytes, found: Segments, dialect: Dialect, layout: Layout, path: str) -> tuple[str, ...]:
    """Positions, as many as the first record has that nothing is wrong with."""
    if dialect.delimiter == LINES.delimiter:
        return (str(layout.fields[0].source),)
    whole = np.flatnonzero(found.faults == 0)
    position = int(whole[0]) if len(whole) else 0
    fields = _fields(data[int(found.starts[position]) : int(found.ends[position])], dialect, path)
    return tuple(str(number + 1) for number in range(len(fields)))


def _first_line(data: bytes) -> int:
    found = LINE_END.search(data)
    return found.end() if found else len(data)


def _fields(record: bytes, dialect: Dialect, path: str) -> list[str]:
    # The limit is one for the whole process: others may need what they have set.
    csv.field_size_limit(max(len(record), csv.field_size_limit()))
    try:
        text = record.decode("utf-8").removesuffix("\n").removesuffix("\r")
        (fields,) = csv.reader(
            [text],
            delimiter=dialect.delimiter,
            quotechar=dialect.quote or None,
            escapechar=dialect.escape,
            strict=True,
            quoting=_quoting(dialect),
        )
    except UnicodeDecodeError as error:
        raise SourceError(f"{path}: the header is not {dialect.encoding}", hint="declare the encoding in the layout's dialect") from error
    except (csv.Error, ValueError) as error:
        raise SourceError(
            f"{path}: the header cannot be read: {error}", hint="check delimiter and quote in the layout's dialect"
        ) from error
    return fields


def _quoting(dialect: Dialect) -> Literal[0, 3]:
    return csv.QUOTE_MINIMAL if dialect.quote else csv.QUOTE_NONE


def _json_head(stream: Stream, data: bytes, start: int, layout: Layout) -> Head:
    visible = data[start:].lstrip(BLANK)
    if visible[:1] not in {b"[", b"{"}:
        raise SourceError(f"{stream.path}: is not JSON", hint=f"the layout {layout.name} reads an array of objects, or one object a line")
    shape: Shape = "array" if visible[:1] == b"[" else "objects"
    offset = len(data) - len(visible.removeprefix(b"[").lstrip(BLANK)) if shape == "array" else start
    frame = Frame(prefix=b"[\n", separator=b",\n", suffix=b"\n]\n", strip=b", \t\r\n") if shape == "array" else Frame()
    dialect = replace(LINES, max_record_bytes=layout.dialect.max_record_bytes)
    mapped = frozenset(str(one.source) for one in layout.fields)
    header = paths_of(_pieces(stream, data[offset:], shape, dialect), mapped)
    if not header:
        raise SourceError(f"{stream.path}: holds no JSON object that can be read", hint="export again, or leave the file out")
    return Head(shape=shape, dialect=dialect, header=header, offset=offset, line=1 + line_ends(data[:offset]), frame=frame)


def _pieces(stream: Stream, pending: bytes, shape: Shape, dialect: Dialect) -> Iterator[bytes]:
    at_end = False
    while not at_end:
        size = max(BLOCK, len(pending))
        block = stream.read(size)
        at_end = len(block) < size
        pending += block
        found = cut(pending, shape, dialect, stream.path, at_end=at_end)
        for start, end in zip(found.starts.tolist(), found.ends.tolist(), strict=True):
            yield pending[start:end]
        pending = pending[found.consumed :]
        if len(pending) > LONGEST:
            raise endless(stream.path)
