"""Finds the items of a JSON array from the bytes alone: strings, brackets and commas."""

import re

import numpy as np
import numpy.typing as npt

from vbatch.errors import SourceError
from vbatch.steps.read import bits
from vbatch.steps.read.bits import Positions
from vbatch.steps.read.segment import CR, LF, TOO_LONG, Segments

BROKEN = 5
"""Position of "json" in segment.STRUCTURE."""

QUOTE, BACKSLASH = 34, 92
BLANK = (32, 9, 10, 13)
WHITE = re.compile(rb"[ \t\r\n]*")
PIECE = 1 << 20
DEEPEST = 1 << 20
"""Brackets that may be open at once; whoever opens more does not mean to close them, and each of them takes its time."""
SPECIAL = np.isin(np.arange(256), list(b"[]{},"))
STEP = np.zeros(256, np.int8)
"""By how much a byte changes the depth."""
STEP[list(b"[{")], STEP[list(b"]}")] = 1, -1


def items(data: bytes, longest: int, path: str, *, at_end: bool) -> Segments:
    """Cut a block that starts at an item's first byte.

    An item's bytes go on to the first byte of the next one, so its comma and the white space behind it belong to it. The bracket that
    closes the array stays, with what follows, until the source ends; if it is of the wrong kind, or not only white space follows, all this
    is one broken item. So is the last item of an array that nothing closes.

    Args:
        data: the block.
        longest: bytes that an item may have.
        path: what people call the source.
        at_end: whether the source ends with this block.

    Raises:
        SourceError: it is nested too deep to be an export.
    """
    array = np.frombuffer(data, np.uint8)
    commas, close = _separators(array, data, path)
    ends = _first_visible(array, data, commas + 1)
    if close is not None or at_end:
        ends = _with_last_item(array, ends, len(array) if close is None else close)
    elif len(ends) and ends[-1] == len(array):
        # White space that the next block may go on with belongs to this item.
        ends = ends[:-1]
    starts = np.concatenate([np.zeros(min(1, len(ends)), np.int64), ends[:-1]])
    faults = np.where(ends - starts > longest, TOO_LONG, 0).astype(np.uint8)
    if at_end and (close is None or data[close:].strip(bytes(BLANK)) != b"]"):
        starts, ends, faults = _with_broken_tail(starts, ends, faults, close, len(data))
    consumed = len(data) if at_end else int(ends[-1]) if len(ends) else 0
    lines = bits.count_before(_line_ends(array, data), np.append(starts, consumed))
    return Segments(starts, ends, lines[:-1], faults, np.empty(0, np.int64), consumed, int(lines[-1]))


def _line_ends(array: npt.NDArray[np.uint8], data: bytes) -> bits.Words:
    """The last bytes of line ends: LF, CR LF, or CR alone. An item never begins between CR and LF."""
    feeds = bits.where(array, LF)
    return feeds | bits.where(array, CR) & ~bits.of_next(feeds) if b"\r" in data else feeds


def _separators(array: npt.NDArray[np.uint8], data: bytes, path: str) -> tuple[Positions, int | None]:
    """The commas between items, and the bracket that closes the array if it is there."""
    within = bits.odd_up_to(_quotes(array, data))
    commas, depth = [np.empty(0, np.int64)], 0
    for begin in range(0, len(array), PIECE):
        piece = array[begin : begin + PIECE]
        special = np.flatnonzero(SPECIAL[piece])
        special = special[~bits.at(within, special + begin)]
        steps = STEP[piece[special]]
        depths = depth + np.cumsum(steps, dtype=np.int64)
        closing = np.flatnonzero(depths < 0)
        last = int(closing[0]) if len(closing) else len(special)
        if depths[:last].max(initial=0) > DEEPEST:
            hint = "this is no export; check what the old platform wrote"
            raise SourceError(f"{path}: more than {DEEPEST} brackets are open at once", hint=hint)
        between = (steps == 0) & (depths == 0)
        commas.append(special[:last][between[:last]] + begin)
        if len(closing):
            return np.concatenate(commas), int(special[last]) + begin
        depth = int(depths[-1]) if len(depths) else depth
    return np.concatenate(commas), None


def _quotes(array: npt.NDArray[np.uint8], data: bytes) -> bits.Words:
    """The quotes that no backslash escapes."""
    quotes = bits.where(array, QUOTE)
    if b"\\" not in data:
        return quotes
    slashes = bits.where(array, BACKSLASH)
    after = bits.places(quotes & bits.of_previous(slashes))
    runs = bits.places(slashes & ~bits.of_previous(slashes))
    length = after - runs[np.searchsorted(runs, after) - 1]
    return quotes ^ bits.marked(np.zeros_like(quotes), after[length % 2 == 1])


def _first_visible(array: npt.NDArray[np.uint8], data: bytes, positions: Positions) -> Positions:
    """Where the white space ends that begins there, if any does."""
    found = positions.copy()
    within = positions < len(array)
    within[within] = np.isin(array[positions[within]], BLANK)
    found[within] = [white.end() for position in positions[within].tolist() if (white := WHITE.match(data, position))]
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
