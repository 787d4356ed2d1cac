"""What is noted of a block in one pass is what its bytes say, wherever its pieces begin."""

import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from reading import examples, file_of, layout_of, read

from vbatch import Dialect
from vbatch.model.batch import Batch
from vbatch.steps.read import marks, quotes
from vbatch.steps.read.batches import CutBatch
from vbatch.steps.read.marks import Marks

UNUSUAL = re.compile(rb"[\x80-\xff\0-\x08\x0b\x0c\x0e-\x1f]|\r(?!\n)")
BLOCKS = st.lists(st.sampled_from((b"\n", b"\r\n", b"\r", b",", b'"', b"\t", b"\0", b"\xc3", b"abc", b"x" * 20)), max_size=60).map(b"".join)


@examples(300)
@given(data=BLOCKS, piece=st.sampled_from((8, 16, 64, 1 << 18)), bounds=st.tuples(st.integers(0, 200), st.integers(0, 200)))
def test_marks_are_what_the_bytes_say(data: bytes, piece: int, bounds: tuple[int, int]) -> None:
    begin, end = sorted(min(bound, len(data)) for bound in bounds)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(marks, "PIECE", piece)
        found = Marks(np.frombuffer(data, np.uint8), data, Dialect())
        plain = found.between(begin, end, data)
    assert found.feeds.tolist() == [match.start() for match in re.finditer(b"\n", data)]
    assert found.all_plain == (UNUSUAL.search(data) is None)
    assert plain or UNUSUAL.search(data)
    if plain:
        assert not any(begin <= match.start() < end for match in UNUSUAL.finditer(data))
        assert plain.delimiters == data.count(b",", begin, end)
    if plain and plain.quotes is not None:
        assert plain.quotes.tolist() == [match.start() for match in re.finditer(b'"', data[begin:end])]


@pytest.mark.parametrize(("piece", "few"), [(64, False), (8192, True)])
@pytest.mark.parametrize("before", [0, 100])
def test_quotes_are_few_if_they_are_nowhere_many(*, piece: int, few: bool, before: int) -> None:
    data = b"x" * 64 * before + b'"a",' * 20 + b"x" * 64 * 100
    with pytest.MonkeyPatch.context() as patch:
        for module in (marks, quotes):
            patch.setattr(module, "PIECE", piece)
        found = Marks(np.frombuffer(data, np.uint8), data, Dialect()).quotes
        again = quotes.few_quotes(data, Dialect())
    assert (found is not None) == few
    assert (again is not None) == few
    if few:
        assert np.array_equal(found, again)


def plain_batches(data: bytes, dialect: Dialect) -> list[Batch]:
    with file_of(data) as path:
        return [batch for batch in read(path, layout_of(dialect=dialect)).batches if isinstance(batch, CutBatch) and batch.plain]


@pytest.mark.parametrize(
    ("data", "dialect"),
    [
        (b"code,note\nA,1\nB,2\n", Dialect()),
        (b'code,note\r\nA,1\r\nB,""\r\n', Dialect()),
        (b"code\tnote\nA\t1\nB\t2\n", Dialect(delimiter="\t")),
        (b"code,note\nA,a\tb\n", Dialect()),
    ],
)  # fmt: skip
def test_usual_exports_are_plain(data: bytes, dialect: Dialect) -> None:
    assert plain_batches(data, dialect)


@pytest.mark.parametrize("note", [b"\xc3\xa9", b"\0", b"\x1a", b"a\rb", b"\x7f\x80"])
def test_others_are_looked_at_with_care(note: bytes) -> None:
    assert not plain_batches(b"code,note\nA," + note + b"\n", Dialect())
