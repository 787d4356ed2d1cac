"""What stands where in a block, found in one pass over its bytes while the processor's cache holds them."""

from typing import NamedTuple, cast

import numpy as np
import numpy.typing as npt

from vbatch.model.layout import Dialect
from vbatch.steps.read.bits import Positions
from vbatch.steps.read.quotes import PIECE, few_between

TAB, LF, CR, SPACE = 9, 10, 13, 32
Bytes = npt.NDArray[np.uint8]


class Plain(NamedTuple):
    """What is known of bytes that are ASCII, and hold no controls but tabs, delimiters and line ends: LF, or CR LF.

    delimiters counts them, quoted ones included. quotes are places; None if there are many.
    """

    delimiters: int
    quotes: Positions | None


class Marks:
    """What stands where in a block.

    Args:
        array: the block.
        data: the same.
        dialect: quote and delimiter.
    """

    def __init__(self, array: Bytes, data: bytes, dialect: Dialect) -> None:
        self._delimiter = dialect.delimiter.encode()
        self._usual = np.zeros(256, bool)
        self._usual[[TAB, LF, ord(self._delimiter)]] = True
        self._plain: list[bool] = []
        self._delimiters: list[int] = []
        feeds, quotes = [np.empty(0, np.int64)], cast(list[int] | None, [])
        for begin in range(0, len(array), PIECE):
            end = min(begin + PIECE, len(array))
            self._delimiters.append(int(np.count_nonzero(array[begin:end] == ord(self._delimiter))))
            feeds.append(self._line_feeds(array, begin, end))
            some = few_between(begin, end, data, dialect) if quotes is not None else None
            quotes = quotes + some if quotes is not None and some is not None else None
        self.feeds = np.concatenate(feeds)
        self.quotes = None if quotes is None else np.array(quotes, np.int64)

    @property
    def all_plain(self) -> bool:
        """Whether the whole block is plain."""
        return all(self._plain)

    def between(self, begin: int, end: int, data: bytes) -> Plain | None:
        """What is known of the bytes between two places of the block; None where they are not plain, or what is around them is not."""
        first, last = begin // PIECE, -(-end // PIECE)
        if not all(self._plain[first:last]):
            return None
        around = data.count(self._delimiter, first * PIECE, begin) + data.count(self._delimiter, end, last * PIECE)
        quotes = self.quotes
        if quotes is not None:
            quotes = quotes[slice(*np.searchsorted(quotes, (begin, end)))] - begin
        return Plain(sum(self._delimiters[first:last]) - around, quotes)

    def _line_feeds(self, array: Bytes, begin: int, end: int) -> Positions:
        """Where the line feeds of a piece are; notes whether it is plain."""
        piece = array[begin:end]
        # Read as signed numbers, bytes that are no ASCII are below the space too.
        low = _places(piece.view(np.int8) < SPACE)
        found = piece[low]
        is_feed = found == LF
        self._plain.append(bool(is_feed.all()) or _before_feeds(array, low[~self._usual[found]] + begin))
        feeds: Positions = low[is_feed] + begin
        return feeds


def _before_feeds(array: Bytes, others: Positions) -> bool:
    """Whether these bytes are the carriage returns of CR LF."""
    if len(others) and others[-1] == len(array) - 1:
        return False
    return bool((array[others] == CR).all() and (array[others + 1] == LF).all())


def _places(mask: npt.NDArray[np.bool_]) -> Positions:
    """Where the mask is true. Eight bytes at a time, as long as no more than one of them is true, which is faster than one by one."""
    if len(mask) % 8:
        return np.flatnonzero(mask)
    words = mask.view("<u8")
    some = np.flatnonzero(words != 0)
    lower = words[some] - 1
    if (words[some] & lower).any():
        return np.flatnonzero(mask)
    places: Positions = (some << 3) + (np.bitwise_count(lower) >> 3)
    return places
