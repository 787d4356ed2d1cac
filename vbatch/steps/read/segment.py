"""Finds where records begin and end, from the bytes alone: terminators, quotes and nothing else.

A record ends at the first line end that no quote encloses. A quote that breaks the grammar of RFC 4180, or that nothing closes within the
longest record allowed, is the fault of its own line; reading resumes on the next. The answer does not depend on how the bytes are cut.
"""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from vbatch.model.layout import Dialect

LF, CR = 10, 13
WAIT = -1
STRUCTURE = ("", "unclosed_quote", "stray_quote", "text_after_quote", "too_long", "json")
"""What can be wrong with a record's limits; segments tell it by position in this tuple."""
UNCLOSED, STRAY, AFTER, TOO_LONG = 1, 2, 3, 4

Positions = npt.NDArray[np.int64]
Bytes = npt.NDArray[np.uint8]
Faults = npt.NDArray[np.uint8]


class Segments(NamedTuple):
    """Records found in a block of bytes.

    starts, ends and lines have one entry a record: bytes from the block's start, terminator included, and physical lines from 0.
    faults tells what is wrong, as positions in STRUCTURE. blanks are the first bytes of blank lines. consumed and consumed_lines tell how
    much of the block is settled.
    """

    starts: Positions
    ends: Positions
    lines: Positions
    faults: Faults
    blanks: Positions
    consumed: int
    consumed_lines: int


def segment(data: bytes, dialect: Dialect, *, at_end: bool) -> Segments:
    """Cut a block that starts at a record's first byte.

    Args:
        data: the block.
        dialect: quote, delimiter and the longest record allowed.
        at_end: whether the source ends with this block; else the last record waits for more bytes.
    """
    array = np.frombuffer(data, np.uint8)
    ends = _line_ends(array, data, at_end=at_end)
    starts = np.concatenate([np.zeros(min(1, len(ends)), np.int64), ends[:-1]])
    if not dialect.quote or dialect.quote.encode() not in data:
        return _lines_as_records(array, starts, ends, dialect)
    return _quoted(array, starts, ends, dialect, at_end=at_end)


def _line_ends(array: Bytes, data: bytes, *, at_end: bool) -> Positions:
    """Where each line ends, terminator included: LF, CR LF, or CR alone."""
    ends = np.flatnonzero(array == LF) + 1
    if b"\r" in data:
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
    return ends.astype(np.int64, copy=False)


def _lines_as_records(array: Bytes, starts: Positions, ends: Positions, dialect: Dialect) -> Segments:
    return _segments(array, starts, ends, np.arange(len(ends)), np.zeros(len(ends), np.uint8), dialect, consumed_lines=len(ends))


def _segments(
    array: Bytes, starts: Positions, ends: Positions, lines: Positions, faults: Faults, dialect: Dialect, *, consumed_lines: int
) -> Segments:
    """Leave blank lines out and mark records that are too long."""
    consumed = int(ends[-1]) if len(ends) else 0
    first = array[starts]
    blank = (first == LF) | (first == CR)
    blanks = starts[blank]
    faults[(faults == 0) & (ends - starts > dialect.max_record_bytes)] = TOO_LONG
    if len(blanks):
        starts, ends, lines, faults = starts[~blank], ends[~blank], lines[~blank], faults[~blank]
    return Segments(starts, ends, lines, faults, blanks, consumed, consumed_lines)


def _quoted(array: Bytes, starts: Positions, ends: Positions, dialect: Dialect, *, at_end: bool) -> Segments:
    quotes = np.flatnonzero(array == ord(dialect.quote or "\0"))
    before = np.searchsorted(quotes, ends)
    enclosed = before % 2 == 1
    grammar = _Grammar(array, quotes, ends, dialect, at_end=at_end)
    if grammar.holds(np.arange(len(quotes))) and (not at_end or len(quotes) % 2 == 0):
        last = np.flatnonzero(~enclosed)
        records = ends[last]
        begins = np.concatenate([np.zeros(min(1, len(records)), np.int64), records[:-1]])
        waiting = (int(ends[-1]) if len(ends) else len(array)) - (int(records[-1]) if len(records) else 0)
        if waiting <= dialect.max_record_bytes and not (records - begins > dialect.max_record_bytes).any():
            lines = np.concatenate([np.zeros(min(1, len(last)), np.int64), last[:-1] + 1])
            return _segments(array, begins, records, lines, np.zeros(len(last), np.uint8), dialect, consumed_lines=int(last[-1]) + 1 if len(last) else 0)
    return _line_by_line(array, starts, ends, grammar, before, dialect)


class _Grammar:
    """RFC 4180's rules of quotes, asked about many quotes at once or about one record."""

    def __init__(self, array: Bytes, quotes: Positions, ends: Positions, dialect: Dialect, *, at_end: bool) -> None:
        self.array, self.quotes, self.ends, self.at_end = array, quotes, ends, at_end
        self.limit = dialect.max_record_bytes
        separators = np.array([ord(dialect.delimiter), LF, CR], np.uint8)
        padded = np.concatenate([separators[1:2], array, separators[1:2]])
        follows = np.isin(padded[quotes], separators)
        precedes = np.isin(padded[quotes + 2], separators)
        near = np.diff(quotes) == 1
        self.may_open = follows | np.concatenate([[False], near])[: len(quotes)]
        self.may_close = precedes | np.concatenate([near, [False]])[: len(quotes)]

    def holds(self, order: Positions) -> bool:
        """Whether every quote may stand where it does, if those with an even number open and the others close."""
        opens = order % 2 == 0
        return bool(np.where(opens, self.may_open, self.may_close).all())

    def wrong_lines(self, before: Positions) -> Positions:
        """The lines whose quotes do not make sense within the line."""
        first = np.concatenate([np.zeros(1, np.int64), before[:-1]])
        complete = int(before[-1]) if len(before) else 0
        line_of = np.repeat(np.arange(len(before)), before - first)
        order = np.arange(complete) - first[line_of]
        wrong = ~np.where(order % 2 == 0, self.may_open[:complete], self.may_close[:complete])
        return np.union1d(line_of[wrong], np.flatnonzero((before - first) % 2 == 1))

    def fault_of_line(self, first: int, after: int) -> int:
        """What is wrong with a line that holds the quotes first up to after."""
        for number in range(first, after):
            opens = (number - first) % 2 == 0
            if opens and not self.may_open[number]:
                return STRAY
            if not opens and not self.may_close[number]:
                return AFTER
        return UNCLOSED

    def last_line(self, start: int, first: int) -> int | None:
        """The last line of the record that starts there with an open quote, strictly read.

        Args:
            start: the record's first byte.
            first: the number of its first quote.

        Returns:
            None if no valid record starts there, WAIT if only more bytes can tell.
        """
        total, number = len(self.quotes), first
        while number + 1 < total and self.quotes[number + 1] - start < self.limit:
            if not self.may_open[number] or not self.may_close[number + 1]:
                return None
            line = int(np.searchsorted(self.ends, self.quotes[number + 1], side="right"))
            number += 2
            if line < len(self.ends) and (number == total or self.ends[line] <= self.quotes[number]):
                return line if self.ends[line] - start <= self.limit else None
        undecided = number + 1 >= total and len(self.array) - start <= self.limit
        return WAIT if undecided and not self.at_end else None


def _line_by_line(array: Bytes, starts: Positions, ends: Positions, grammar: _Grammar, before: Positions, dialect: Dialect) -> Segments:
    first = np.concatenate([np.zeros(min(1, len(before)), np.int64), before[:-1]])
    kept, ends = np.ones(len(ends), bool), ends.copy()
    faults = np.zeros(len(ends), np.uint8)
    settled, resume = len(ends), 0
    for line in grammar.wrong_lines(before).tolist():
        if line < resume:
            continue
        last = grammar.last_line(int(starts[line]), int(first[line]))
        if last == WAIT:
            settled = line
            break
        if last is None:
            faults[line] = grammar.fault_of_line(int(first[line]), int(before[line]))
        else:
            kept[line + 1 : last + 1] = False
            ends[line] = grammar.ends[last]
            resume = last + 1
    lines = np.flatnonzero(kept[:settled])
    return _segments(array, starts[lines], ends[lines], lines, faults[lines], dialect, consumed_lines=settled)
