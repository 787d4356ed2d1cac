"""Bits in words answer as the bytes themselves do."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from reading import examples

from vbatch.steps.read import bits

ARRAYS = st.binary(min_size=1, max_size=300).map(lambda data: np.frombuffer(data, np.uint8) & 3)


@examples(100)
@given(array=ARRAYS, data=st.data())
def test_every_question_is_answered_as_by_the_bytes(array: np.ndarray, data: st.DataObject) -> None:
    words, mask = bits.where(array, 1, 2), (array == 1) | (array == 2)
    every = np.arange(len(array))
    assert bits.places(words).tolist() == np.flatnonzero(mask).tolist()
    assert bits.at(words, every).tolist() == mask.tolist()
    assert bits.count_before(words, np.arange(len(array) + 1)).tolist() == [int(mask[:place].sum()) for place in range(len(array) + 1)]
    assert bits.at(bits.odd_up_to(words), every).tolist() == (np.cumsum(mask) % 2 == 1).tolist()
    assert bits.at(bits.of_previous(words), every).tolist() == [False, *mask[:-1].tolist()]
    assert bits.at(bits.of_next(words), every).tolist() == [*mask[1:].tolist(), False]
    chosen = np.array(data.draw(st.lists(st.sampled_from(every.tolist()))), np.int64)
    assert set(bits.places(bits.marked(words, chosen)).tolist()) == {*np.flatnonzero(mask).tolist(), *chosen.tolist()}


def test_large_blocks_are_looked_at_in_pieces() -> None:
    array = np.zeros(bits.PIECE + 7, np.uint8)
    array[[0, bits.PIECE - 1, bits.PIECE, bits.PIECE + 6]] = 9
    assert bits.places(bits.where(array, 9)).tolist() == [0, bits.PIECE - 1, bits.PIECE, bits.PIECE + 6]
