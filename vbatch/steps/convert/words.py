"""Texts as 64-bit words: one operation looks at eight bytes at once."""

import numpy as np
import numpy.typing as npt

Words = npt.NDArray[np.uint64]
Numbers = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]

WORD = 8
"""Bytes."""

PIECE = 1 << 13
"""Texts read at a time: as many as the processor's cache holds with all that is worked out of them."""

_HIGH = np.uint64(0x8080808080808080)
_LOW = np.uint64(0x7F7F7F7F7F7F7F7F)


def fits(word: Words, model: bytes) -> Mask:
    """Whether words, exclusive or their model, have a digit where it has a 0, and the same mark elsewhere."""
    # A byte of at most 9, or of 0, does not reach its highest bit when so much is added.
    room = np.frombuffer(bytes(0x7F - (9 if mark == ord("0") else 0) for mark in model), "<u8")[0]
    fitting: Mask = ((((word & _LOW) + room) | word) & _HIGH) == 0
    return fitting
