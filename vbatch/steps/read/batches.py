"""Cuts a source into batches of whole records."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import polars as pl

from vbatch.errors import SourceError
from vbatch.model.batch import FAULTS, Batch
from vbatch.model.fault import FaultBook
from vbatch.model.part import Part
from vbatch.model.source import Source
from vbatch.model.span import Span
from vbatch.steps.read.bits import Positions
from vbatch.steps.read.cut import cut
from vbatch.steps.read.marks import Plain
from vbatch.steps.read.segment import STRUCTURE, Segments
from vbatch.steps.read.source import Stream
from vbatch.steps.read.window import Window

BLOCK = 1 << 20
LINE_END = re.compile(rb"\r\n|\n|\r")
LARGEST = 64 << 20
"""Bytes of a batch, unless one record alone has more."""
LONGEST = 64 << 20
"""Bytes that an unfinished record may have before the source is refused; it must be held in memory to be told from a broken quote."""


class Batches:
    """The records of one source, in batches; counts what it saw.

    Args:
        stream: the source's bytes, at the first.
        source: where its data begins and how records are cut.
        book: where the structural faults have their bits.
        rows: records a batch at most.
        number: number of the first batch.
        position: position of the source in the run.
        after: the last part of this source that is finished already; reading goes on behind it.
    """

    def __init__(
        self, stream: Stream, source: Source, book: FaultBook, *, rows: int, number: int, position: int, after: Part | None = None
    ) -> None:
        self.stream, self.source, self.book = stream, source, book
        self.rows, self.number, self.position, self.after = rows, number, position, after
        self.records = after.span.first_record - 1 + after.tally.records if after else 0
        self.blanks = 0

    def __iter__(self) -> Iterator[Batch]:
        """Batches of exactly `rows` records, fewer where they are large or the source ends. blanks counts the blank lines behind them.

        Raises:
            SourceError: a record is too long to be one, or the source is not the one that the finished part is of.
        """
        window = self._window()
        at_end, size = False, BLOCK
        while not at_end:
            pending = window.pending
            block = self.stream.read(size, pending)
            at_end = len(block) < len(pending) + size
            window.append(block, at_end=at_end)
            # The window alone holds it now, and can give it away.
            del block
            found = cut(window.data, self.source.shape, self.source.dialect, self.source.path, at_end=at_end)
            count = len(found.starts)
            if at_end and self.source.truncated and count and not window.data.endswith((b"\n", b"\r")):
                found.faults[-1] = STRUCTURE.index("truncated")
            unfinished = len(window.data) - found.consumed
            self._refuse_endless(window, found, unfinished)
            limits = list(self._batches(found, at_end=at_end))
            whole = limits[-1][1] if limits else 0
            for first, last in limits:
                yield self._batch(window, found, first, last, give=last == whole)
            done, lines = (found.consumed, found.consumed_lines) if whole == count else (int(found.starts[whole]), int(found.lines[whole]))
            self.blanks += int(np.count_nonzero((found.blanks >= self._end_of(found, whole)) & (found.blanks < done)))
            window.drop(done, lines)
            # A record that goes on and on is looked at again only when there is twice as much of it.
            size = max(self._next_size(found, len(window.data)), unfinished)

    def _refuse_endless(self, window: Window, found: Segments, unfinished: int) -> None:
        """Whether a record that is too long has an end somewhere makes no difference: it may not be in memory when the end is found."""
        long = np.flatnonzero(found.ends - found.starts > LONGEST)
        if len(long) or unfinished > LONGEST:
            line = int(found.lines[long[0]]) if len(long) else found.consumed_lines
            raise endless(f"{self.stream.path}: line {window.line + line}")

    def _window(self) -> Window:
        """The window at the first record that is not finished; what is read on the way there is hashed all the same."""
        encoding = self.source.dialect.encoding
        if self.after is None:
            self.stream.read(self.source.offset)
            return Window(offset=self.source.offset, line=self.source.line, encoding=encoding)
        span = self.after.span
        window = Window(offset=span.end, line=span.next_line, encoding=encoding)
        self.stream.read(self.source.offset)
        for begin in range(self.source.offset, span.end, BLOCK):
            window.pass_over(self.stream.read(min(BLOCK, span.end - begin)))
        window.append(self.stream.read(span.seen - span.end), at_end=False)
        if self.stream.sha256 != span.digest:
            raise ChangedError(f"{self.stream.path}: changed since the interrupted run", hint="it is read from its beginning")
        return window

    def _batches(self, found: Segments, *, at_end: bool) -> Iterator[tuple[int, int]]:
        """First record of each complete batch, and the one behind its last."""
        first, count = 0, len(found.starts)
        while first < count:
            fitting = int(np.searchsorted(found.ends, found.starts[first] + LARGEST, side="right"))
            last = min(first + self.rows, max(fitting, first + 1))
            if last == count and count - first < self.rows and not at_end:
                return
            yield first, last
            first = last

    def _batch(self, window: Window, found: Segments, first: int, last: int, *, give: bool) -> Batch:
        behind, end = self._end_of(found, first), self._end_of(found, last)
        place = Place(
            number=self.number,
            source=self.position,
            first_record=self.records + 1,
            blanks=self.blanks + int(np.count_nonzero((found.blanks >= behind) & (found.blanks < end))),
            seen=self.stream.bytes,
            digest=self.stream.sha256,
        )
        self.number, self.records, self.blanks = self.number + 1, self.records + last - first, 0
        return batch_of(place, window, found.between(first, last), self.book, give=give)

    @staticmethod
    def _end_of(found: Segments, count: int) -> int:
        """The byte behind the first so many records."""
        return int(found.ends[count - 1]) if count else 0

    def _next_size(self, found: Segments, pending: int) -> int:
        """Bytes that complete the next batch, so that little is cut twice."""
        if not len(found.starts):
            return BLOCK
        average = (int(found.ends[-1]) - int(found.starts[0])) / len(found.starts)
        return max(BLOCK, min(int(average * self.rows * 1.02), LARGEST) - pending)


def endless(where: str) -> SourceError:
    """What is said of a record that does not end."""
    return SourceError(
        f"{where}: a record is longer than {LONGEST >> 20} MiB",
        hint="this is no file of records; check the format, the quote that the layout declares, and the brackets of JSON",
    )


class ChangedError(SourceError):
    """A source is not what it was when the run was interrupted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CutBatch(Batch):
    """A batch whose bytes were looked at when it was cut.

    Args:
        plain: what was seen; None if they are not plain.
    """

    plain: Plain | None


class Place(NamedTuple):
    """Where a batch stands: number and source in the run, and what its span says besides the bytes."""

    number: int
    source: int
    first_record: int
    blanks: int
    seen: int
    digest: str


def batch_of(place: Place, window: Window, found: Segments, book: FaultBook, *, give: bool = False) -> CutBatch:
    """The batch of these records of a window; give: whether nothing more is wanted of the bytes before their end."""
    begin, end = int(found.starts[0]), int(found.ends[-1])
    records = _records(place, window, found, book)
    offset = int(records["_offset"][0])
    plain = found.marks.between(begin, end, window.data) if found.marks else None
    data = window.give(end) if give and not begin else window.data[begin:end]
    original = data if window.is_utf8 else window.original(offset, int(records["_offset"][-1] + records["_length"][-1]))
    return CutBatch(
        number=place.number,
        source=place.source,
        records=records,
        data=data,
        original=original,
        span=Span(
            offset=offset,
            size=len(original),
            line=int(found.lines[0]) + window.line,
            next_line=int(found.lines[-1]) + window.line + line_ends(data[int(found.starts[-1]) - begin :]),
            first_record=place.first_record,
            blanks=place.blanks,
            seen=place.seen,
            digest=place.digest,
        ),
        plain=plain,
    )


def _records(place: Place, window: Window, found: Segments, book: FaultBook) -> pl.DataFrame:
    known = {fault.code for fault in book}
    bits = np.array([book.bit(f"record.{what}") if f"record.{what}" in known else 0 for what in STRUCTURE], np.uint64)
    count, sizes = len(found.starts), _column("_size", found.ends - found.starts)
    offsets, lengths = window.places(found.starts, found.ends) if not window.is_utf8 else (found.starts + window.offset, None)
    columns = [
        _column("_record", np.arange(place.first_record, place.first_record + count)),
        _column("_line", found.lines + window.line),
        _column("_offset", offsets),
        sizes.alias("_length") if lengths is None else _column("_length", lengths),
        _column("_at", found.starts - found.starts[0]),
        sizes,
        pl.Series(FAULTS, bits[found.faults]),
    ]
    return pl.DataFrame(columns)


def _column(name: str, values: Positions) -> pl.Series:
    return pl.Series(name, values.view(np.uint64))


def line_ends(data: bytes) -> int:
    """Physical lines that end in the bytes."""
    return len(LINE_END.findall(data))
