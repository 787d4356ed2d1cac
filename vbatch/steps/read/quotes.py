"""Quotes where they are few, as in most exports: looked at one by one, where a bit for every byte would cost more."""

import numpy as np
import numpy.typing as npt

from vbatch.model.layout import Dialect

Bytes = npt.NDArray[np.uint8]
Positions = npt.NDArray[np.int64]

FEW = 128
"""Bytes to a quote, at least, where quotes are few."""
PIECE = 1 << 18


def few_quotes(data: bytes, dialect: Dialect) -> Positions | None:
    """Where the quotes are; None if they are many anywhere, which is found out without a look at all of them."""
    found: list[int] = []
    for begin in range(0, len(data), PIECE):
        some = few_between(begin, min(begin + PIECE, len(data)), data, dialect)
        if some is None:
            return None
        found += some
    return np.array(found, np.int64)


def few_between(begin: int, end: int, data: bytes, dialect: Dialect) -> list[int] | None:
    """Where the quotes between two places are; None if they are many."""
    quote, most = (dialect.quote or "").encode(), max((end - begin) // FEW, 16)
    found: list[int] = []
    at = data.find(quote, begin, end) if quote else -1
    while at >= 0:
        if len(found) == most:
            return None
        found.append(at)
        at = data.find(quote, at + 1, end)
    return found


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


def empty_pairs(quotes: Positions) -> Positions:
    """Where quotes open that the very next byte closes, where quotes stand as they should: empty fields, and quotes within fields."""
    opens = quotes[::2]
    empty: Positions = opens[quotes[1::2] - opens == 1]
    return empty


def count_inside(delimiter: str, quotes: Positions, data: bytes) -> int:
    """How many delimiters quotes enclose, where quotes stand as they should."""
    mark, pairs = delimiter.encode(), zip(quotes[::2].tolist(), quotes[1::2].tolist(), strict=True)
    return sum([data.count(mark, begin, end) for begin, end in pairs])
