"""Timestamps of fixed width, eight bytes at a time.

Most timestamps are digits and marks at fixed places. Their texts are looked at as 64-bit words: one comparison tells of eight bytes at once
whether each is a digit or the mark that belongs there, and one multiplication makes numbers of all pairs of digits.
"""

from functools import cache
from typing import NamedTuple

import numpy as np
import polars as pl
import pyarrow as pa

from vbatch.model.patterns import DIRECTIVE
from vbatch.steps.convert.words import PIECE, WORD, Mask, Numbers, Words, fits

WIDTHS = {"Y": 4, "m": 2, "d": 2, "H": 2, "M": 2, "S": 2, "3f": 3, "6f": 6}
"""Digits of the directives that have a fixed number of them."""

YEARS = 10_000


class Plan(NamedTuple):
    """How to read texts of one pattern.

    model is such a text with 0 for every digit; words are the first bytes of the words that cover it; places tells where each directive
    begins.
    """

    model: bytes
    words: tuple[int, ...]
    places: dict[str, int]


@cache
def plan(pattern: str) -> Plan | None:
    """How to read a pattern, None if it is not of fixed width or names no day."""
    model, places = "", {}
    for position, part in enumerate(DIRECTIVE.split(pattern)):
        if position % 2 == 0:
            model += part
        elif part in WIDTHS and part not in places:
            places[part] = len(model)
            model += "0" * WIDTHS[part]
        else:
            return None
    digits = sum(WIDTHS[part] for part in places)
    if not {"Y", "m", "d"} <= set(places) or not model.isascii() or sum(mark.isdigit() for mark in model) != digits:
        return None
    pairs = {place + further for part, place in places.items() for further in range(WIDTHS[part] - 1)}
    last = len(model) - WORD
    covering = {min(start, last) for start in range(0, len(model), WORD)}
    words = covering | {min(place, last) for place in pairs if place % WORD == WORD - 1}
    return Plan(model.encode(), tuple(sorted(words)), places)


def instants(raw: pl.Series, pattern: Plan) -> pl.Series:
    """Local times as they are written.

    Args:
        raw: String, without nulls, each as long as the pattern.
        pattern: what they look like.

    Returns:
        Datetime in microseconds; null where a text does not fit the pattern or names no time.
    """
    data = raw.to_arrow(compat_level=pl.CompatLevel.oldest())
    _, offsets, texts = data.buffers()
    start, width = int(np.frombuffer(offsets, np.int64, 1, data.offset * 8)[0]), len(pattern.model)
    micros, valid = np.empty(len(raw), np.int64), np.empty(len(raw), bool)
    for first in range(0, len(raw), PIECE):
        piece = slice(first, first + PIECE)
        micros[piece], valid[piece] = _read(texts, start + first * width, min(PIECE, len(raw) - first), pattern)
    values = pl.Series(raw.name, micros).cast(pl.Datetime("us"))
    return values if valid.all() else values.set(pl.Series(~valid), None)


def _read(texts: pa.Buffer, start: int, count: int, pattern: Plan) -> tuple[Numbers, Mask]:
    """Microseconds of so many texts, back to back from a byte on, and which of them are valid."""
    valid = np.ones(count, bool)
    pairs: dict[int, Words] = {}
    for first in pattern.words:
        word = np.ndarray(count, "<u8", texts, start + first, (len(pattern.model),)).astype(np.uint64)
        word ^= np.frombuffer(pattern.model, "<u8", 1, first)[0]
        valid &= fits(word, pattern.model[first : first + WORD])
        pairs[first] = word * np.uint64(10) + (word >> np.uint64(8))
    read = _Fields(pattern, pairs)
    starts, lengths = _months()
    # A month of two digits and a year of four fit; what has no length is no month.
    month = np.where(valid, read.number("Y") * 16 + np.minimum(read.number("m"), 15), 0)
    day, second = read.number("d"), np.zeros(count, np.int64)
    valid &= (day >= 1) & (day <= lengths[month])
    for directive, most, seconds in (("H", 23, 3600), ("M", 59, 60), ("S", 59, 1)):
        if directive in pattern.places:
            number = read.number(directive)
            valid &= number <= most
            second += number * seconds
    return ((starts[month] + day - 1) * 86400 + second) * 1_000_000 + read.micros(), valid


class _Fields:
    """The numbers in texts of a pattern; pairs holds, for each byte of each word, the number of the two digits that begin there."""

    def __init__(self, pattern: Plan, pairs: dict[int, Words]) -> None:
        self.pattern, self.pairs = pattern, pairs

    def number(self, directive: str) -> Numbers:
        """What stands at a directive."""
        place = self.pattern.places[directive]
        number = self._pair(place)
        for further in range(place + 2, place + WIDTHS[directive], 2):
            number = number * 100 + self._pair(further)
        return number

    def micros(self) -> Numbers | int:
        """The fraction of the second."""
        places = self.pattern.places
        if "6f" in places:
            return self.number("6f")
        if "3f" in places:
            # The last digit of three is the second one of a pair that overlaps the first.
            first, overlapping = self._pair(places["3f"]), self._pair(places["3f"] + 1)
            return (first * 10 + overlapping % 10) * 1000
        return 0

    def _pair(self, place: int) -> Numbers:
        first = next(first for first in self.pairs if first <= place <= first + 6)
        return (self.pairs[first] >> np.uint64(8 * (place - first)) & np.uint64(0x7F)).view(np.int64)


@cache
def _months() -> tuple[Numbers, Numbers]:
    """Days from 1970 to the first of each month, and days of each month, at 16 times the year plus the month; no days, no month."""
    months = np.arange("0001-01", f"{YEARS - 1}-12", dtype="datetime64[M]")
    months = np.append(months, months[-1] + 1)
    days = months.astype("datetime64[D]").astype(np.int64)
    following = (months + 1).astype("datetime64[D]").astype(np.int64)
    starts, lengths = np.zeros(YEARS * 16, np.int64), np.zeros(YEARS * 16, np.int64)
    number = np.arange(len(months))
    places = (number // 12 + 1) * 16 + number % 12 + 1
    starts[places], lengths[places] = days, following - days
    return starts, lengths
