"""Amounts of up to eight bytes, a word at a time.

Most amounts are that short, and polars keeps texts of up to twelve bytes beside their length, at no other place. Shifted so that all end at
the same byte, they have their decimal mark in the same place, and three multiplications make a number of eight digits.
The layout is that of Arrow's variable-size binary view: https://arrow.apache.org/docs/format/Columnar.html
"""

from functools import cache
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import polars as pl
import pyarrow as pa

from vbatch.model.arrow import frame_of

Words = npt.NDArray[np.uint64]
Numbers = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]

WORD = 8
"""Bytes."""

PIECE = 1 << 13
"""Texts read at a time: as many as the processor's cache holds with all that is worked out of them."""

MOST = 6
"""Decimals that leave room for a digit and the mark."""

ZEROS = np.uint64(0x3030303030303030)
HIGH, LOW = np.uint64(0x8080808080808080), np.uint64(0x7F7F7F7F7F7F7F7F)
PAIRS, FOURS = np.uint64(0x000000FF000000FF), np.uint64(16)
HUNDREDS, ONES = np.uint64(100 + (1_000_000 << 32)), np.uint64(1 + (10_000 << 32))


class Form(NamedTuple):
    """How amounts are written: model is the longest, with 0 for every digit; front and back are its bytes on both sides of the mark."""

    model: bytes
    decimals: int
    front: np.uint64
    back: np.uint64


@cache
def form(decimals: int, mark: str) -> Form:
    """The form of amounts with exactly so many decimals, at most MOST, behind an ASCII mark; without it if there are none."""
    model = b"0" * (WORD - 1 - decimals) + mark.encode() + b"0" * decimals if decimals else b"0" * WORD
    front = (1 << 8 * (WORD - 1 - decimals)) - 1 if decimals else 0
    return Form(model, decimals, np.uint64(front), np.uint64((1 << 64) - 1 - (front << 8 | 0xFF) if decimals else (1 << 64) - 1))


def short_amounts(raw: pl.Series, how: Form, dtype: pl.Decimal) -> tuple[pl.Series, pl.Series]:
    """Amounts, and which of the texts could be read so; what the others come to has no meaning.

    Args:
        raw: String.
        how: their form.
        dtype: Decimal with the form's decimals.
    """
    data = raw.to_arrow(compat_level=pl.CompatLevel.newest())
    views = np.ndarray((len(raw), 2), "<u8", data.buffers()[1], data.offset * 2 * WORD)
    values, fitting = np.zeros((len(raw), 2), np.int64), np.empty(len(raw), bool)
    for first in range(0, len(raw), PIECE):
        piece = slice(first, first + PIECE)
        values[piece, 0], fitting[piece] = _read(views[piece], how)
    read = pl.Series(fitting)
    return _decimals(raw.name, values, dtype), read & raw.is_not_null() if raw.has_nulls() else read


def _decimals(name: str, values: Numbers, dtype: pl.Decimal) -> pl.Series:
    """The amounts of so many 128-bit numbers, without a copy."""
    array = pa.Array.from_buffers(pa.decimal128(dtype.precision, dtype.scale), len(values), [None, pa.py_buffer(values)])
    return frame_of(pa.record_batch([array], [name])).to_series()


def _read(views: Words, how: Form) -> tuple[Numbers, Mask]:
    """The digits of texts as one number each, and which of them have the form."""
    length, bits = views[:, 0] & np.uint64(0xFFFFFFFF), np.uint64(8)
    text = views[:, 0] >> np.uint64(32) | views[:, 1] << np.uint64(32)
    word = text << (np.uint64(64) - length * bits) | ZEROS >> length * bits
    word ^= np.frombuffer(how.model, "<u8")[0]
    fitting = _fits(word, how.model)
    fitting &= (length <= WORD) & (length >= (how.decimals + 2 if how.decimals else 1))
    digits = (word & how.front) << bits | word & how.back
    pairs = digits * np.uint64(10) + (digits >> bits)
    number = (pairs & PAIRS) * HUNDREDS + (pairs >> FOURS & PAIRS) * ONES
    return (number >> np.uint64(32)).view(np.int64), fitting


def _fits(word: Words, model: bytes) -> Mask:
    """Whether words, exclusive or their model, have a digit where it has a 0, and the same mark elsewhere."""
    # A byte of at most 9, or of 0, does not reach its highest bit when so much is added.
    room = np.frombuffer(bytes(0x7F - (9 if mark == ord("0") else 0) for mark in model), "<u8")[0]
    fitting: Mask = ((((word & LOW) + room) | word) & HIGH) == 0
    return fitting
