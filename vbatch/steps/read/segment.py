"""Finds where records begin and end, from the bytes alone: terminators, quotes and nothing else.

A record ends at the first line end that no quote encloses. A quote that breaks the grammar of RFC 4180, or that nothing closes within the
longest record allowed, is the fault of its own line; reading resumes on the next. The answer does not depend on how the bytes are cut.
"""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from vbatch.model.layout import Dialect
from vbatch.steps.read import bits
from vbatch.steps.read.bits import Positions, Words
from vbatch.steps.read.marks import Marks
from vbatch.steps.read.quotes import each_around_a_field

LF, CR = 10, 13
WAIT = -1
STRUCTURE = ("", "unclosed_quote", "stray_quote", "text_after_quote", "too_long", "json", "truncated")
"""What can be wrong with a record's limits; segments tell it by position in this tuple."""
UNCLOSED, STRAY, AFTER, TOO_LONG = 1, 2, 3, 4

Bytes = npt.NDArray[np.uint8]
Faults = npt.NDArray[np.uint8]


class Segments(NamedTuple):
    """Records found in a block of bytes.

    starts, ends and lines have one entry a record: bytes from the block's start, terminator included, and physical lines from 0.
    faults tells what is wrong, as positions in STRUCTURE. blanks are the first bytes of blank lines. consumed and consumed_lines tell how
    much of the block is settled. marks tell what else was seen there.
    """

    starts: Positions
    ends: Positions
    lines: Positions
    faults: Faults
    blanks: Positions
    consumed: int
    consumed_lines: int
    marks: Marks | None = None

    def between(self, first: int, last: int) -> "Segments":
        """The same with only these records."""
        chosen = slice(first, last)
        return self._replace(starts=self.starts[chosen], ends=self.ends[chosen], lines=self.lines[chosen], faults=self.faults[chosen])


def segment(data: bytes, dialect: Dialect, *, at_end: bool) -> Segments:
    """Cut a block that starts at a record's first byte.

    Args:
        data: the block.
        dialect: quote, delimiter and the longest record allowed.
        at_end: whether the source ends with this block; else the last record waits for more bytes.
    """
    array = np.frombuffer(data, np.uint8)
    marks = Marks(array, data, dialect)
    ends = _line_ends(array, data, marks, at_end=at_end)
    quotes = marks.quotes
    if quotes is None or not each_around_a_field(quotes, array, ends, dialect):
        return _Quoted(data, array, ends, dialect, at_end=at_end).segments()._replace(marks=marks)
    return _all_lines(array, ends, dialect)._replace(marks=marks)


def _line_ends(array: Bytes, data: bytes, marks: Marks, *, at_end: bool) -> Positions:
    """Where each line ends, terminator included: LF, CR LF, or CR alone."""
    ends = marks.feeds + 1
    if not marks.all_plain and b"\r" in data:
        returns = np.flatnonzero(array == CR)
        if len(returns) and returns[-1] == len(array) - 1:
            # Whether an LF follows is known only with the next block.
            alone = np.append(array[returns[:-1] + 1] != LF, at_end)
        else:
            alone = array[returns + 1] != LF
        if alone.any():
            ends = np.sort(np.concatenate([ends, returns[alone] + 1]))
    if at_end and len(array) and (not len(ends) or ends[-1] != len(array)):
        ends = np.append(ends, len(array))
    return ends


def _all_lines(array: Bytes, ends: Positions, dialect: Dialect) -> Segments:
    """Every line is a record, or blank."""
    count = len(ends)
    lines, faults = np.arange(count), np.zeros(count, np.uint8)
    return _segments(array, _after_each(ends), ends, lines=lines, faults=faults, dialect=dialect, settled=count)


def _after_each(ends: Positions) -> Positions:
    """Where each thing begins, if one follows the other from 0 on."""
    return np.concatenate([np.zeros(min(1, len(ends)), np.int64), ends[:-1]])


def _segments(
    array: Bytes, starts: Positions, ends: Positions, *, lines: Positions, faults: Faults, dialect: Dialect, settled: int
) -> Segments:
    """Leave blank lines out and mark records that are too long."""
    consumed = int(ends[-1]) if len(ends) else 0
    lengths = ends - starts
    if lengths.max(initial=0) > dialect.max_record_bytes:
        faults[(faults == 0) & (lengths > dialect.max_record_bytes)] = TOO_LONG
    short = np.flatnonzero(lengths <= len(b"\r\n"))
    blank = short[np.isin(array[starts[short]], (LF, CR))]
    if not len(blank):
        return Segments(starts, ends, lines, faults, np.empty(0, np.int64), consumed, settled)
    full = np.ones(len(starts), bool)
    full[blank] = False
    return Segments(starts[full], ends[full], lines[full], faults[full], starts[blank], consumed, settled)


class _Quoted:
    """A block with quotes, first read as if all of them stood right, then line by line."""

    def __init__(self, data: bytes, array: Bytes, ends: Positions, dialect: Dialect, *, at_end: bool) -> None:
        self.data, self.array, self.ends, self.dialect, self.at_end = data, array, ends, dialect, at_end
        self.starts = _after_each(ends)
        self.quote, self.limit = str(dialect.quote).encode(), dialect.max_record_bytes
        self.around = (dialect.delimiter.encode(), b"\n", b"\r")
        self.quotes = bits.where(array, ord(self.quote))
        near = self.quotes | bits.where(array, ord(dialect.delimiter), LF, *([CR] if b"\r" in data else []))
        self.may_open = bits.marked(bits.of_previous(near), np.array([0]))
        self.may_close = bits.marked(bits.of_next(near), np.array([len(array) - 1]))

    def segments(self) -> Segments:
        """The records."""
        within = bits.odd_up_to(self.quotes)
        enclosed = bits.at(within, self.ends - 1)
        if self._wrong(within).any() or (self.at_end and enclosed[-1]):
            return self._line_by_line(enclosed)
        if not enclosed.any():
            return _all_lines(self.array, self.ends, self.dialect)
        last = np.flatnonzero(~enclosed)
        records = self.ends[last]
        begins = _after_each(records)
        waiting = (int(self.ends[-1]) if len(self.ends) else len(self.array)) - (int(records[-1]) if len(records) else 0)
        if waiting > self.limit or (records - begins > self.limit).any():
            return self._line_by_line(enclosed)
        settled, faults = int(last[-1]) + 1 if len(last) else 0, np.zeros(len(last), np.uint8)
        return _segments(self.array, begins, records, lines=_after_each(last + 1), faults=faults, dialect=self.dialect, settled=settled)

    def _wrong(self, within: Words) -> Words:
        """The quotes that may not stand where they do, if these bytes are within quotes, opening ones included."""
        return self.quotes & (within & ~self.may_open | ~within & ~self.may_close)

    def _line_by_line(self, enclosed: npt.NDArray[np.bool_]) -> Segments:
        faults, ends = self._faults_of_lines(enclosed), self.ends.copy()
        kept = np.ones(len(ends), bool)
        settled, resume = len(ends), 0
        for line in self._perhaps_longer(np.flatnonzero(faults == UNCLOSED)):
            if line < resume:
                continue
            end = self._end_of_record(line)
            if end == WAIT:
                settled = line
                break
            if end is not None:
                resume = int(np.searchsorted(self.ends, end)) + 1
                kept[line + 1 : resume] = False
                ends[line], faults[line] = end, 0
        lines = np.flatnonzero(kept[:settled])
        return _segments(
            self.array, self.starts[lines], ends[lines], lines=lines, faults=faults[lines], dialect=self.dialect, settled=settled
        )

    def _faults_of_lines(self, enclosed: npt.NDArray[np.bool_]) -> Faults:
        """What is wrong with each line, read on its own."""
        unclosed = enclosed.copy()
        unclosed[1:] ^= enclosed[:-1]
        faults = np.where(unclosed, UNCLOSED, 0).astype(np.uint8)
        # As if a quote stood at the end of each line that ends within quotes, every line begins outside them.
        resets = self.ends[:-1][unclosed[:-1]] - 1 if self.at_end else self.ends[unclosed] - 1
        within = bits.odd_up_to(bits.marked(self.quotes, resets))
        wrong = bits.places(self._wrong(within))
        lines = np.searchsorted(self.ends, wrong, side="right")
        lines, first = np.unique(lines[lines < len(self.ends)], return_index=True)
        faults[lines] = np.where(bits.at(within, wrong[first]), STRAY, AFTER)
        return faults

    def _perhaps_longer(self, lines: Positions) -> list[int]:
        """Those of the lines that end within quotes which the next quote closes, as far as can be seen from its neighbours."""
        following = np.array([self.data.find(self.quote, end) for end in self.ends[lines].tolist()], np.int64)
        perhaps: list[int] = lines[(following < 0) | bits.at(self.may_close, following)].tolist()
        return perhaps

    def _end_of_record(self, line: int) -> int | None:
        """Where the record ends that begins with a line that ends within quotes, strictly read.

        Returns:
            None if no valid record does, WAIT if only more bytes can tell.
        """
        data, ends, start = self.data, self.ends, int(self.starts[line])
        stop = start + self.limit
        undecided = WAIT if stop >= len(data) and not self.at_end else None
        at = int(ends[line])
        while (close := data.find(self.quote, at, stop)) >= 0:
            behind = data[close + 1 : close + 2]
            if behind == self.quote:
                at = close + 2
                continue
            if not behind:
                return len(data) if self.at_end else undecided
            if behind not in self.around:
                return None
            line = int(np.searchsorted(ends, close + 1, side="right"))
            opens = data.find(self.quote, close + 1, int(ends[line]) if line < len(ends) else len(data))
            if opens < 0:
                return undecided if line == len(ends) else int(ends[line]) if ends[line] <= stop else None
            if data[opens - 1] != ord(self.dialect.delimiter):
                return None
            at = opens + 1
        return undecided
