"""One bit for each byte of a block, 64 of them in a word, so that a question about every byte costs next to nothing."""

import numpy as np
import numpy.typing as npt

Words = npt.NDArray[np.uint64]
Positions = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]
ONE = np.uint64(1)
PIECE = 1 << 18


def where(array: npt.NDArray[np.uint8], *values: int) -> Words:
    """The bytes that have one of these values; the first byte's bit is the highest of the first word."""
    octets = np.zeros(-(-len(array) // 64) * 8, np.uint8)
    # In pieces that the processor's cache holds.
    for begin in range(0, len(array), PIECE):
        piece = array[begin : begin + PIECE]
        mask = piece == values[0]
        for value in values[1:]:
            mask |= piece == value
        packed = np.packbits(mask)
        octets[begin // 8 : begin // 8 + len(packed)] = packed
    return octets.view(">u8").astype(np.uint64)


def places(words: Words) -> Positions:
    """Where the bits are set."""
    some = np.flatnonzero(words)
    bit = np.flatnonzero(np.unpackbits(words[some].astype(">u8").view(np.uint8)))
    found: Positions = (some[bit >> 6] << 6) + (bit & 63)
    return found


def at(words: Words, positions: Positions) -> Mask:
    """The bits at these positions."""
    found: Mask = (words[positions >> 6] >> (63 - (positions & 63)).astype(np.uint64) & 1).astype(bool)
    return found


def marked(words: Words, positions: Positions) -> Words:
    """The words with the bits at these positions set."""
    words = words.copy()
    np.bitwise_or.at(words, positions >> 6, ONE << (63 - (positions & 63)).astype(np.uint64))
    return words


def count_before(words: Words, positions: Positions) -> Positions:
    """How many bits are set before each position."""
    words = np.append(words, np.uint64(0))
    whole = np.cumsum(np.bitwise_count(words), dtype=np.int64) - np.bitwise_count(words)
    word, bit = positions >> 6, (positions & 63).astype(np.uint64)
    count: Positions = whole[word] + np.bitwise_count(words[word] >> 1 >> (63 - bit))
    return count


def odd_up_to(words: Words) -> Words:
    """For each bit, whether the number of bits that are set up to it, itself included, is odd."""
    odd: Words = words.copy()
    for distance in (1, 2, 4, 8, 16, 32):
        odd ^= odd >> distance
    carried = np.bitwise_xor.accumulate(odd & 1)
    odd[1:] ^= np.negative(carried[:-1])
    return odd


def of_previous(words: Words) -> Words:
    """For each bit, the one before it."""
    moved: Words = words >> ONE
    moved[1:] |= words[:-1] << 63
    return moved


def of_next(words: Words) -> Words:
    """For each bit, the one behind it."""
    moved: Words = words << ONE
    moved[:-1] |= words[1:] >> 63
    return moved
