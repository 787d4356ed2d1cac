"""Quotes where they are few, as in most exports: looked at one by one, where a bit for every byte would cost more."""

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from vbatch.model.layout import Dialect
from vbatch.steps.read import bits

Bytes = npt.NDArray[np.uint8]
Positions = npt.NDArray[np.int64]

FEW = 128
"""Bytes to a quote, at least, where quotes are few."""


def few_quotes(array: Bytes, data: bytes, dialect: Dialect) -> Positions | None:
    """Where the quotes are; None if they are many, which is found out without a look at all of them."""
    quote = dialect.quote.encode() if dialect.quote else b""
    if not quote or quote not in data:
        return np.empty(0, np.int64)
    begin = data.find(quote)
    sample = array[begin : begin + (1 << 16)]
    if np.count_nonzero(sample == quote[0]) > max(len(sample) // FEW, 16):
        return None
    return np.array(list(_occurrences(quote, data, begin)), np.int64)


def _occurrences(quote: bytes, data: bytes, place: int) -> Iterator[int]:
    while place >= 0:
        yield place
        place = data.find(quote, place + 1)


def each_around_a_field(quotes: Positions, array: Bytes, ends: Positions, dialect: Dialect) -> bool:
    """Whether the quotes stand in pairs around whole fields of one line, with no quote or line end between them."""
    if len(quotes) % 2:
        return False
    opens, closes = quotes[::2], quotes[1::2]
    around = np.zeros(256, bool)
    around[[ord(dialect.delimiter), ord("\n"), ord("\r")]] = True
    before = around[array[opens - 1]] | (opens == 0)
    behind = around[array[np.minimum(closes + 1, len(array) - 1)]] | (closes == len(array) - 1)
    same_line = np.searchsorted(ends, opens, side="right") == np.searchsorted(ends, closes, side="right")
    return bool((before & behind & same_line).all())


def any_side_by_side(quotes: Positions | None, data: bytes, quote: str) -> bool:
    """Whether two quotes stand next to each other: an empty field, or a quote in a field."""
    return quote.encode() * 2 in data if quotes is None else bool((np.diff(quotes) == 1).any())


def count_outside(delimiter: str, quotes: Positions, array: Bytes, data: bytes) -> int:
    """How many delimiters no quotes enclose, where quotes stand as they should."""
    pairs = zip(quotes[::2].tolist(), quotes[1::2].tolist(), strict=True)
    return bits.count_of(array, ord(delimiter)) - sum(data.count(delimiter.encode(), *pair) for pair in pairs)
