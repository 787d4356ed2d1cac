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
STRUCTURE = ("", "unclosed_quote", "stray_quote", "text_after_quote", "too_long", "json", "truncated")
"""What can be wrong with a record's limits; segments tell it by position in this tuple."""
UNCLOSED, STRAY, AFTER, TOO_LONG = 1, 2, 3, 4

Positions = npt.NDArray[np.int64]
Bytes = npt.NDArray[np.uint8]
Faults = npt.NDArray[np.uint8]


class Segments(NamedTuple):
    """Records found in a block of bytes.

    starts, ends and lines have one entry a record: bytes from the block's start, terminator included, and physical lines from 0.
    faults tells what is wrong, as positions in STRUCTURE. blanks are the first bytes of blank lines, quotes all
    quotes of the block. consumed and consumed_lines tell how
    much of the block is settled.
    """

    starts: Positions
    ends: Positions
    lines: Positions
    faults: Faults
    blanks: Positions
    quotes: Positions
    consumed: int
    consumed_lines: int

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
    ends = _line_ends(array, data, at_end=at_end)
    starts = _after_each(ends)
    quotes = quote_positions(array, data, dialect.quote)
    if len(quotes):
        return _quoted(array, starts, ends, quotes, dialect, at_end=at_end)
    return _all_lines(array, starts, ends, quotes, dialect)


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


def quote_positions(array: Bytes, data: bytes, quote: str | None) -> Positions:
    """Where the quotes are; quick where they are few."""
    if not quote:
        return np.empty(0, np.int64)
    mark, few = quote.encode(), len(data) >> 10
    found: list[int] = []
    place = data.find(mark)
    while place >= 0 and len(found) <= few:
        found.append(place)
        place = data.find(mark, place + 1)
    return np.array(found, np.int64) if place < 0 else np.flatnonzero(array == ord(quote))


def _all_lines(array: Bytes, starts: Positions, ends: Positions, quotes: Positions, dialect: Dialect) -> Segments:
    """Every line is a record, or blank."""
    count = len(ends)
    lines, faults = np.arange(count), np.zeros(count, np.uint8)
    return _segments(array, starts, ends, lines=lines, faults=faults, quotes=quotes, dialect=dialect, settled=count)


def _segments(
    array: Bytes,
    starts: Positions,
    ends: Positions,
    *,
    lines: Positions,
    faults: Faults,
    quotes: Positions,
    dialect: Dialect,
    settled: int,
) -> Segments:
    """Leave blank lines out and mark records that are too long."""
    consumed = int(ends[-1]) if len(ends) else 0
    first = array[starts]
    blank = (first == LF) | (first == CR)
    faults[(faults == 0) & (ends - starts > dialect.max_record_bytes)] = TOO_LONG
    if not blank.any():
        return Segments(starts, ends, lines, faults, np.empty(0, np.int64), quotes, consumed, settled)
    full = ~blank
    return Segments(starts[full], ends[full], lines[full], faults[full], starts[blank], quotes, consumed, settled)


def _quoted(array: Bytes, starts: Positions, ends: Positions, quotes: Positions, dialect: Dialect, *, at_end: bool) -> Segments:
    grammar = _Grammar(array, quotes, ends, dialect, at_end=at_end)
    if grammar.holds() and (not at_end or len(quotes) % 2 == 0):
        enclosed = grammar.enclosed_ends()
        if not enclosed.any():
            return _all_lines(array, starts, ends, quotes, dialect)
        last = np.flatnonzero(~enclosed)
        records = ends[last]
        begins = _after_each(records)
        waiting = (int(ends[-1]) if len(ends) else len(array)) - (int(records[-1]) if len(records) else 0)
        if waiting <= dialect.max_record_bytes and not (records - begins > dialect.max_record_bytes).any():
            lines = _after_each(last + 1)
            settled = int(last[-1]) + 1 if len(last) else 0
            nothing = np.zeros(len(last), np.uint8)
            return _segments(array, begins, records, lines=lines, faults=nothing, quotes=quotes, dialect=dialect, settled=settled)
    return _line_by_line(array, starts, ends, grammar, dialect)


def _after_each(ends: Positions) -> Positions:
    """Where each thing begins, if one follows the other from 0 on."""
    return np.concatenate([np.zeros(min(1, len(ends)), np.int64), ends[:-1]])


class _Grammar:
    """RFC 4180's rules of quotes, asked about all quotes at once or about one record."""

    def __init__(self, array: Bytes, quotes: Positions, ends: Positions, dialect: Dialect, *, at_end: bool) -> None:
        self.array, self.quotes, self.ends, self.at_end = array, quotes, ends, at_end
        self.limit = dialect.max_record_bytes
        limits = np.zeros(256, bool)
        limits[[ord(dialect.delimiter), LF, CR]] = True
        near = np.diff(quotes) == 1
        self.may_open = limits[array[np.maximum(quotes - 1, 0)]] | (quotes == 0)
        self.may_open[1:] |= near
        self.may_close = limits[array[np.minimum(quotes + 1, len(array) - 1)]] | (quotes == len(array) - 1)
        self.may_close[:-1] |= near

    def holds(self) -> bool:
        """Whether every quote may stand where it does, if the first opens, the second closes, and so on."""
        return bool(self.may_open[::2].all() and self.may_close[1::2].all())

    def enclosed_ends(self) -> npt.NDArray[np.bool_]:
        """Which line ends a pair of quotes encloses; a last quote without partner encloses all that follow."""
        lines = np.searchsorted(self.ends, self.quotes, side="right")
        steps = np.zeros(len(self.ends) + 1, np.int64)
        np.add.at(steps, lines[::2], 1)
        np.add.at(steps, lines[1::2], -1)
        return np.cumsum(steps[:-1]) > 0

    def quotes_before(self) -> Positions:
        """How many quotes stand before each line end."""
        return np.searchsorted(self.quotes, self.ends)

    def wrong_lines(self, before: Positions) -> Positions:
        """The lines whose quotes do not make sense within the line."""
        first = _after_each(before)
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


def _line_by_line(array: Bytes, starts: Positions, ends: Positions, grammar: _Grammar, dialect: Dialect) -> Segments:
    before = grammar.quotes_before()
    first = _after_each(before)
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
    return _segments(
        array, starts[lines], ends[lines], lines=lines, faults=faults[lines], quotes=grammar.quotes, dialect=dialect, settled=settled
    )
