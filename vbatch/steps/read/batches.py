"""Cuts a source into batches of whole records."""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import polars as pl

from vbatch.errors import SourceError
from vbatch.model.batch import FAULTS, Batch
from vbatch.model.fault import FaultBook
from vbatch.model.source import Source
from vbatch.steps.read.cut import cut
from vbatch.steps.read.segment import STRUCTURE, Segments
from vbatch.steps.read.source import Stream
from vbatch.steps.read.window import Window

BLOCK = 1 << 20
LONGEST = 64 << 20
"""Bytes that an unfinished record may have before the source is refused; it must be held in memory to be told from a broken quote."""


class Batches:
    """The records of one source, in batches of a fixed number; counts what it saw.

    Args:
        stream: the source's bytes, at the first.
        source: where its data begins and how records are cut.
        book: where the structural faults have their bits.
        rows: records a batch.
        number: number of the first batch.
        position: position of the source in the run.
    """

    def __init__(self, stream: Stream, source: Source, book: FaultBook, *, rows: int, number: int, position: int) -> None:
        self.stream, self.source, self.book = stream, source, book
        self.rows, self.number, self.position = rows, number, position
        self.records = 0
        self.blanks = 0

    def __iter__(self) -> Iterator[Batch]:
        """Batches of exactly `rows` records, the last of them shorter."""
        self.stream.read(self.source.offset)
        window = Window(offset=self.source.offset, line=self.source.line, encoding=self.source.dialect.encoding)
        at_end, size = False, BLOCK
        while not at_end:
            block = self.stream.read(size)
            at_end = len(block) < size
            window.append(block, at_end=at_end)
            found = cut(window.data, self.source.shape, self.source.dialect, at_end=at_end)
            count = len(found.starts)
            if at_end and self.source.truncated and count and not window.data.endswith((b"\n", b"\r")):
                found.faults[-1] = STRUCTURE.index("truncated")
            whole = count if at_end else count // self.rows * self.rows
            yield from self._batches(window, found, whole)
            done, lines = (found.consumed, found.consumed_lines) if whole == count else (int(found.starts[whole]), int(found.lines[whole]))
            self.blanks += int(np.count_nonzero(found.blanks < done))
            window.drop(done, lines)
            if not count and len(window.data) > LONGEST:
                raise SourceError(
                    f"{self.stream.path}: the record at line {window.line} is longer than {LONGEST >> 20} MiB",
                    hint="this is no file of records; check the format and the quote that the layout declares",
                )
            size = self._next_size(found, len(window.data))

    def _batches(self, window: Window, found: Segments, whole: int) -> Iterator[Batch]:
        for first in range(0, whole, self.rows):
            last = min(first + self.rows, whole)
            chosen = found.between(first, last)
            place = Place(number=self.number, source=self.position, first_record=self.records + 1)
            yield batch_of(place, window, chosen, self.book)
            self.number += 1
            self.records += last - first

    def _next_size(self, found: Segments, pending: int) -> int:
        """Bytes that complete the next batch, so that little is cut twice."""
        if not len(found.starts):
            return BLOCK
        average = (int(found.ends[-1]) - int(found.starts[0])) / len(found.starts)
        return max(BLOCK, int(average * self.rows * 1.02) - pending)


class Place(NamedTuple):
    """Number of a batch in its run, position of its source there, and number of its first record in the source."""

    number: int
    source: int
    first_record: int


def batch_of(place: Place, window: Window, found: Segments, book: FaultBook) -> Batch:
    """The batch of these records of a window."""
    known = {fault.code for fault in book}
    bits = np.array([book.bit(f"record.{what}") if f"record.{what}" in known else 0 for what in STRUCTURE], np.uint64)
    count = len(found.starts)
    begin, end = int(found.starts[0]), int(found.ends[-1])
    offsets, lengths = window.places(found.starts, found.ends)
    first = int(offsets[0])
    return Batch(
        number=place.number,
        source=place.source,
        records=pl.DataFrame(
            {
                "_record": np.arange(place.first_record, place.first_record + count, dtype=np.uint64),
                "_line": (found.lines + window.line).astype(np.uint64),
                "_offset": offsets.astype(np.uint64),
                "_length": lengths.astype(np.uint64),
                "_at": (found.starts - begin).astype(np.uint64),
                "_size": (found.ends - found.starts).astype(np.uint64),
                FAULTS: bits[found.faults],
            }
        ),
        data=window.data[begin:end],
        quotes=found.quotes[slice(*np.searchsorted(found.quotes, [begin, end]))] - begin,
        offset=first,
        original=window.original(begin, end, first, int(offsets[-1] + lengths[-1])),
    )
