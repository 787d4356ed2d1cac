"""Timestamps of fixed width, two digits at a time.

Most timestamps are digits and marks at fixed places. Two digits are a 16-bit number, and a table of all 65,536 says what each adds to the
instant: nothing is compared or multiplied, and what is no pair of digits adds so little that the sum gives it away.
"""

from functools import cache
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import polars as pl

from vbatch.model.patterns import DIRECTIVE

Micros = npt.NDArray[np.int64]
Numbers = npt.NDArray[np.int32]
Mask = npt.NDArray[np.bool_]

WIDTHS = {"Y": 4, "m": 2, "d": 2, "H": 2, "M": 2, "S": 2, "3f": 3, "6f": 6}
"""Digits of the directives that have a fixed number of them."""

PIECE = 1 << 14
"""Texts read at a time: as many as the processor's cache holds with all that is worked out of them."""

NONE = -(1 << 28)
"""What stands for no number: no sum of others makes it good, and a few of them are still a 32-bit number."""

YEARS = 10_000


class Plan(NamedTuple):
    """How to read texts of one pattern: their width, where each directive begins, and what stands between them."""

    width: int
    places: dict[str, int]
    marks: tuple[tuple[int, int], ...]


@cache
def plan(pattern: str) -> Plan | None:
    """How to read a pattern, None if it is not of fixed width or names no day."""
    width, places, marks = 0, {}, []
    for position, part in enumerate(DIRECTIVE.split(pattern)):
        if position % 2 == 0:
            marks += [(width + place, ord(mark)) for place, mark in enumerate(part)]
            width += len(part)
        elif part in WIDTHS and part not in places:
            places[part] = width
            width += WIDTHS[part]
        else:
            return None
    ascii_only = all(mark < 128 for _, mark in marks)  # noqa: PLR2004 - the end of ASCII
    return Plan(width, places, tuple(marks)) if {"Y", "m", "d"} <= set(places) and ascii_only else None


def local_times(raw: pl.Series, pattern: Plan) -> tuple[Micros, Mask]:
    """Local times as they are written.

    Args:
        raw: String, without nulls, each as long as the pattern.
        pattern: what they look like.

    Returns:
        Microseconds since 1970, and whether a text fits the pattern and names a time; if not, its microseconds have no meaning.
    """
    data = raw.to_arrow(compat_level=pl.CompatLevel.oldest())
    _, offsets, texts = data.buffers()
    start = int(np.frombuffer(offsets, np.int64, 1, data.offset * 8)[0])
    micros, valid = np.empty(len(raw), np.int64), np.empty(len(raw), bool)
    for first in range(0, len(raw), PIECE):
        piece = slice(first, first + PIECE)
        texts_of = _Texts(texts, start + first * pattern.width, min(PIECE, len(raw) - first), pattern)
        micros[piece], valid[piece] = texts_of.read()
    return micros, valid


class _Texts:
    """So many texts of a pattern, back to back in a buffer from a byte on."""

    def __init__(self, buffer: Any, start: int, count: int, pattern: Plan) -> None:
        self.buffer, self.start, self.count, self.pattern = buffer, start, count, pattern

    def read(self) -> tuple[Micros, Mask]:
        """Microseconds, and which of them are valid."""
        places, (starts, lengths) = self.pattern.places, _months()
        month = self._sum((places["Y"], 99, 1600), (places["Y"] + 2, 99, 16), (places["m"], 12, 1))
        day, second, micro = self._sum((places["d"], 31, 1)), self._second(), self._micro()
        valid = (month >= 0) & (second >= 0) & (micro >= 0) & (day > 0)
        np.maximum(month, 0, out=month)
        valid &= day <= lengths.take(month)
        for place, mark in self.pattern.marks:
            valid &= self._at(place, "u1") == mark
        days = (starts.take(month) + day - 1).astype(np.int64)
        return (days * 86400 + second) * 1_000_000 + micro, valid

    def _second(self) -> Numbers:
        parts = (("H", 23, 3600), ("M", 59, 60), ("S", 59, 1))
        return self._sum(*((self.pattern.places[part], most, unit) for part, most, unit in parts if part in self.pattern.places))

    def _micro(self) -> Numbers:
        places = self.pattern.places
        if "3f" in places:
            # The last digit of three is the second one of a pair that overlaps the first.
            last = self._sum((places["3f"] + 1, 99, 1))
            return self._sum((places["3f"], 99, 10_000)) + np.where(last < 0, NONE, last % 10 * 1000)
        return self._sum(*((places["6f"] + 2 * pair, 99, 10_000 // 100**pair) for pair in range(3) if "6f" in places))

    def _sum(self, *pairs: tuple[int, int, int]) -> Numbers:
        """What the pairs at some places add up to; each is at most so much, and counts so much."""
        total = np.zeros(self.count, np.int32)
        for place, most, unit in pairs:
            total += _table(most, unit).take(self._at(place, "<u2"))
        return total

    def _at(self, place: int, dtype: str) -> npt.NDArray[np.unsignedinteger]:
        return np.ndarray(self.count, dtype, self.buffer, self.start + place, (self.pattern.width,))


@cache
def _table(most: int, unit: int) -> Numbers:
    """For each two bytes as a 16-bit number: so many units if they are two digits and no more than the most, else NONE."""
    table = np.full(1 << 16, NONE, np.int32)
    number = np.arange(most + 1)
    table[(ord("0") + number // 10) | (ord("0") + number % 10) << 8] = number * unit
    return table


@cache
def _months() -> tuple[Numbers, Numbers]:
    """Days from 1970 to the first of each month, and days of each month, at 16 times the year plus the month; no days, no month."""
    months = np.arange("0001-01", f"{YEARS - 1}-12", dtype="datetime64[M]")
    months = np.append(months, months[-1] + 1)
    days = months.astype("datetime64[D]").astype(np.int32)
    following = (months + 1).astype("datetime64[D]").astype(np.int32)
    starts, lengths = np.zeros(YEARS * 16, np.int32), np.zeros(YEARS * 16, np.int32)
    number = np.arange(len(months))
    places = (number // 12 + 1) * 16 + number % 12 + 1
    starts[places], lengths[places] = days, following - days
    return starts, lengths
