"""Finds the items of a JSON array from the bytes alone: strings, brackets and commas."""

import numpy as np
import numpy.typing as npt

from vbatch.steps.read.segment import LF, TOO_LONG, Positions, Segments

BROKEN = 5
"""Position of "json" in segment.STRUCTURE."""

OPENING, CLOSING, COMMA, QUOTE, BACKSLASH = (123, 91), (125, 93), 44, 34, 92
BLANK = (32, 9, 10, 13)


def items(data: bytes, longest: int, *, at_end: bool) -> Segments:
    """Cut a block that starts at an item's first byte.

    An item's bytes go on to the first byte of the next one, so its comma and the white space behind it belong to it. The bracket that
    closes the array stays, with what follows, until the source ends; if it is of the wrong kind, or not only white space follows, all this
    is one broken item. So is the last item of an array that nothing closes.

    Args:
        data: the block.
        longest: bytes that an item may have.
        at_end: whether the source ends with this block.
    """
    array = np.frombuffer(data, np.uint8)
    commas, close = _separators(array, data)
    ends = _first_visible(array, commas + 1)
    if close is not None or at_end:
        ends = _with_last_item(array, ends, len(array) if close is None else close)
    elif len(ends) and ends[-1] == len(array):
        # White space that the next block may go on with belongs to this item.
        ends = ends[:-1]
    starts = np.concatenate([np.zeros(min(1, len(ends)), np.int64), ends[:-1]])
    faults = np.where(ends - starts > longest, TOO_LONG, 0).astype(np.uint8)
    if at_end and (close is None or data[close:].strip(bytes(BLANK)) != b"]"):
        starts, ends, faults = _with_broken_tail(starts, ends, faults, close, len(data))
    lines = np.searchsorted(np.flatnonzero(array == LF), starts, side="left")
    consumed = len(data) if at_end else int(ends[-1]) if len(ends) else 0
    return Segments(starts, ends, lines, faults, np.empty(0, np.int64), np.empty(0, np.int64), consumed, data.count(b"\n", 0, consumed))


def _separators(array: npt.NDArray[np.uint8], data: bytes) -> tuple[Positions, int | None]:
    """The commas between items, and the bracket that closes the array if it is there."""
    special = np.flatnonzero(np.isin(array, (*OPENING, *CLOSING, COMMA)))
    quotes = _quotes(array, data)
    special = special[np.searchsorted(quotes, special) % 2 == 0]
    kinds = array[special]
    depth = np.cumsum(np.isin(kinds, OPENING).astype(np.int64) - np.isin(kinds, CLOSING).astype(np.int64))
    over = np.flatnonzero(depth < 0)
    if len(over):
        special, kinds, depth = special[: over[0] + 1], kinds[: over[0] + 1], depth[: over[0] + 1]
    commas = special[(kinds == COMMA) & (depth == 0)]
    return commas, int(special[over[0]]) if len(over) else None


def _quotes(array: npt.NDArray[np.uint8], data: bytes) -> Positions:
    """The quotes that no backslash escapes."""
    quotes = np.flatnonzero(array == QUOTE)
    if b"\\" not in data:
        return quotes
    slashes = array == BACKSLASH
    before = np.flatnonzero(~slashes)
    run = quotes - before[np.searchsorted(before, quotes) - 1] - 1
    run[np.searchsorted(before, quotes) == 0] = quotes[np.searchsorted(before, quotes) == 0]
    plain: Positions = quotes[run % 2 == 0]
    return plain


def _first_visible(array: npt.NDArray[np.uint8], positions: Positions) -> Positions:
    visible = np.append(np.flatnonzero(~np.isin(array, BLANK)), len(array))
    found: Positions = visible[np.searchsorted(visible, positions)]
    return found


def _with_last_item(array: npt.NDArray[np.uint8], ends: Positions, close: int) -> Positions:
    start = int(ends[-1]) if len(ends) else 0
    return np.append(ends, close) if bytes(array[start:close]).strip(bytes(BLANK)) else ends


def _with_broken_tail(
    starts: Positions, ends: Positions, faults: npt.NDArray[np.uint8], close: int | None, size: int
) -> tuple[Positions, Positions, npt.NDArray[np.uint8]]:
    if close is None and len(ends):
        broken = faults.copy()
        broken[-1] = BROKEN
        return starts, ends, broken
    if close is None:
        return starts, ends, faults
    return np.append(starts, close), np.append(ends, size), np.append(faults, np.uint8(BROKEN))
