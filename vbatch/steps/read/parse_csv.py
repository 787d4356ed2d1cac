"""Records of a CSV file or a list become a text frame; what is malformed is set aside."""

import codecs
import csv
from typing import Literal

import numpy as np
import numpy.typing as npt
import polars as pl

from vbatch.model.batch import FAULTS, PLACE, Batch, joined
from vbatch.model.binding import unnamed
from vbatch.model.fault import FaultBook
from vbatch.model.layout import Dialect
from vbatch.steps.read import bits
from vbatch.steps.read.batches import CutBatch
from vbatch.steps.read.cut import without_escapes
from vbatch.steps.read.marks import Plain
from vbatch.steps.read.parsed import Parsed
from vbatch.steps.read.quotes import count_inside, empty_pairs, few_quotes

TAB, LF, CR, SPACE = 9, 10, 13, 32
GROUP = 64
"""Records that are decoded together, to find those that cannot be."""

Rows = npt.NDArray[np.bool_]
Positions = npt.NDArray[np.int64]


class _Candidates:
    """The records that nothing is wrong with so far, and their bytes back to back."""

    def __init__(self, batch: Batch, records: pl.DataFrame, dialect: Dialect) -> None:
        self.records = records.filter(pl.col(FAULTS) == 0)
        places, sizes = (self.records[name].to_numpy().astype(np.int64) for name in ("_at", "_size"))
        self.ends = np.cumsum(sizes)
        self.starts = self.ends - sizes
        self.data = joined(batch.data, places, sizes)
        self.array = np.frombuffer(without_escapes(self.data, dialect), np.uint8)

    def holding(self, positions: npt.NDArray[np.int64]) -> Rows:
        """Which records hold bytes at these positions of the data."""
        rows = np.zeros(self.records.height, bool)
        rows[np.searchsorted(self.ends, positions, side="right")] = True
        return rows

    def pieces(self) -> list[bytes]:
        """The bytes of each record."""
        return [self.data[start:end] for start, end in zip(self.starts.tolist(), self.ends.tolist(), strict=True)]


def parse_csv(batch: Batch, dialect: Dialect, header: tuple[str, ...], columns: list[str], book: FaultBook) -> Parsed:
    """Parse a batch of CSV records.

    Args:
        batch: whole records.
        dialect: delimiter, quote and encoding.
        header: the fields of the header, to know it when it comes again.
        columns: the names for the text columns; each record must have as many fields.
        book: where the structural faults have their bits.

    Returns:
        Text columns are String; an empty field is null.
    """
    texts = _clean(batch, dialect, columns)
    if texts is None:
        return _careful(batch, dialect, header, columns, book)
    repeated = _repeats(texts, header)
    records = batch.records if repeated is None else _mark(batch.records, repeated.to_numpy(), book.bit("record.repeated_header"))
    return _parsed(records, texts if repeated is None else texts.filter(~repeated))


def _clean(batch: Batch, dialect: Dialect, columns: list[str]) -> pl.DataFrame | None:
    """The texts of a batch that cheap counts prove well formed; None if they do not, whether or not it is.

    Its bytes are plain; each record is one line, and no other lines are there; as many delimiters stand outside quotes as there should be;
    and no last field is empty, which is all that a record with too few fields could have, or each record has its own.
    """
    data, height, plain = batch.data, batch.records.height, batch.plain if isinstance(batch, CutBatch) else None
    tidy = (
        plain is not None
        and dialect.escape is None
        and batch.span.next_line - batch.span.line == height
        and int(batch.records["_size"].sum()) == len(data)
        and not (batch.records[FAULTS] != 0).any()
        and data.endswith(b"\n")
    )
    if plain is None or not tidy or _separator_count(data, plain, dialect) != height * (len(columns) - 1):
        return None
    try:
        texts = _read(data, dialect, plain.quotes, columns, batch.records["_at"].to_numpy().view(np.int64))
    except pl.exceptions.PolarsError:
        return None
    if texts.height != height:
        return None
    if texts.to_series(-1).has_nulls() and _ragged(_Candidates(batch, batch.records, dialect), dialect, len(columns)) is not None:
        return None
    return texts


def _separator_count(data: bytes, plain: Plain, dialect: Dialect) -> int:
    """How many delimiters stand outside quotes."""
    if plain.quotes is None or len(plain.quotes) % 2:
        return int(np.bitwise_count(_separators(np.frombuffer(data, np.uint8), data, dialect)).sum())
    return plain.delimiters - count_inside(dialect.delimiter, plain.quotes, data)


def _separators(array: npt.NDArray[np.uint8], data: bytes, dialect: Dialect) -> bits.Words:
    """The delimiters outside quotes."""
    delimiters = bits.where(array, ord(dialect.delimiter))
    quote = _quote_in(data, dialect)
    return delimiters & ~bits.odd_up_to(bits.where(array, ord(quote))) if quote else delimiters


def _read(utf8: bytes, dialect: Dialect, quotes: Positions | None, columns: list[str], starts: Positions) -> pl.DataFrame:
    """The fields of well-formed records, which begin at starts; an empty one is null, quoted or not."""
    quote = dialect.quote if quotes is None or len(quotes) else None
    schema = dict.fromkeys(columns, pl.String())
    # It also drops a byte order mark, which is text in the middle of a file.
    kept = codecs.BOM_UTF8 + utf8 if utf8.startswith(codecs.BOM_UTF8) else utf8
    texts = pl.read_csv(kept, has_header=False, separator=dialect.delimiter, quote_char=quote, schema=schema, glob=False)
    if quote is None or dialect.keep_empty:
        return texts
    perhaps = _perhaps_empty(texts, utf8, quote, quotes, starts)
    names = [column.name for column in perhaps if (column.str.len_bytes() == 0).any()]
    return texts.with_columns(pl.col(names).replace("", None)) if names else texts


def _perhaps_empty(texts: pl.DataFrame, utf8: bytes, quote: str, quotes: Positions | None, starts: Positions) -> pl.DataFrame:
    """Those records that may have quoted empty fields."""
    if quotes is None:
        return texts if quote.encode() * 2 in utf8 else texts.clear()
    return texts[np.searchsorted(starts, empty_pairs(quotes), side="right") - 1]


def _careful(batch: Batch, dialect: Dialect, header: tuple[str, ...], columns: list[str], book: FaultBook) -> Parsed:
    """Set aside what is malformed, one fault after the other, and parse the rest."""
    records = batch.records
    candidates = _Candidates(batch, records, dialect)
    for what, find in (("control", _control), ("encoding", _undecodable), ("field_count", _ragged)):
        wrong = find(candidates, dialect, len(columns))
        if wrong is not None:
            records = _mark(records, wrong, book.bit(f"record.{what}"))
            candidates = _Candidates(batch, records, dialect)
    texts = _fields(candidates, dialect, columns)
    repeated = _repeats(texts, header)
    if repeated is not None:
        records = _mark(records, repeated.to_numpy(), book.bit("record.repeated_header"))
        texts = texts.filter(~repeated)
    return _parsed(records, texts)


def _parsed(records: pl.DataFrame, texts: pl.DataFrame) -> Parsed:
    records = records.drop(PLACE)
    if not (records[FAULTS] != 0).any():
        return Parsed(records.drop(FAULTS).hstack(texts), records.clear())
    return Parsed(records.filter(pl.col(FAULTS) == 0).drop(FAULTS).hstack(texts), records.filter(pl.col(FAULTS) != 0))


def _mark(records: pl.DataFrame, wrong: Rows, bit: int) -> pl.DataFrame:
    """Give the marked ones of the records without a fault this one."""
    faults = records[FAULTS].to_numpy().copy()
    faults[np.flatnonzero(faults == 0)[wrong]] = bit
    return records.with_columns(pl.Series(FAULTS, faults, dtype=pl.UInt64))


def _control(candidates: _Candidates, dialect: Dialect, width: int) -> Rows | None:
    array = candidates.array
    # The delimiter of a list is a control character that its records must not hold.
    allowed = {LF, CR, TAB, ord(dialect.delimiter)} if width > 1 else {LF, CR, TAB}
    low = np.count_nonzero(array < SPACE)
    if low == sum(np.count_nonzero(array == one) for one in allowed if one < SPACE):
        return None
    places = np.flatnonzero(array < SPACE)
    return candidates.holding(places[~np.isin(array[places], list(allowed))])


def _undecodable(candidates: _Candidates, _dialect: Dialect, _width: int) -> Rows | None:
    if candidates.data.isascii() or _is_text(candidates.data):
        return None
    pieces, ends = candidates.pieces(), candidates.ends
    wrong = np.zeros(len(ends), bool)
    for first in range(0, len(ends), GROUP):
        last = min(first + GROUP, len(ends))
        if not _is_text(b"".join(pieces[first:last])):
            wrong[first:last] = [not _is_text(piece) for piece in pieces[first:last]]
    return wrong


def _is_text(data: bytes) -> bool:
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _ragged(candidates: _Candidates, dialect: Dialect, width: int) -> Rows | None:
    separators = bits.count_before(_separators(candidates.array, candidates.data, dialect), candidates.ends)
    wrong: Rows = np.diff(separators, prepend=0) != width - 1
    return wrong if wrong.any() else None


def _quote_in(data: bytes, dialect: Dialect) -> str | None:
    return dialect.quote if dialect.quote and dialect.quote.encode() in data else None


def _fields(candidates: _Candidates, dialect: Dialect, columns: list[str]) -> pl.DataFrame:
    if not candidates.data:
        return pl.DataFrame(schema=dict.fromkeys(columns, pl.String()))
    if dialect.escape is None:
        utf8 = _with_line_feeds(candidates)
        texts = _read(utf8, dialect, few_quotes(utf8, dialect), columns, candidates.starts)
        if texts.height == candidates.records.height:
            return texts
    return _fields_one_by_one(candidates, dialect, columns)


def _with_line_feeds(candidates: _Candidates) -> bytes:
    """The bytes with a line feed where a record ends in a carriage return alone, which the fast reader does not take for an end."""
    last = candidates.ends - 1
    alone = last[candidates.array[last] == CR]
    if not len(alone):
        return candidates.data
    array = candidates.array.copy()
    array[alone] = LF
    return array.tobytes()


def _fields_one_by_one(candidates: _Candidates, dialect: Dialect, columns: list[str]) -> pl.DataFrame:
    """For records that the fast reader does not understand: those with escapes."""
    csv.field_size_limit(max(dialect.max_record_bytes, csv.field_size_limit()))
    quoting: Literal[0, 3] = csv.QUOTE_MINIMAL if dialect.quote else csv.QUOTE_NONE
    rows = []
    for piece in candidates.pieces():
        text = piece.decode("utf-8").removesuffix("\n").removesuffix("\r")
        (fields,) = csv.reader(
            [text],
            delimiter=dialect.delimiter,
            quotechar=dialect.quote or None,
            escapechar=dialect.escape,
            quoting=quoting,
            strict=True,
        )
        rows.append([field or None for field in fields])
    return pl.DataFrame(rows, schema=dict.fromkeys(columns, pl.String()), orient="row")


def _repeats(texts: pl.DataFrame, header: tuple[str, ...]) -> pl.Series | None:
    if not header:
        return None
    names = [None if name == unnamed(position) else name for position, name in enumerate(header)]
    if not texts.to_series(0).eq_missing(pl.Series([names[0]], dtype=pl.String)).any():
        return None
    same = texts.select(
        pl.all_horizontal(pl.col(text).eq_missing(pl.lit(name, pl.String)) for text, name in zip(texts.columns, names, strict=True))
    )
    return same.to_series() if same.to_series().any() else None
