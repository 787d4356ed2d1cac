"""Keys bring codes together that are equal but for case, against Python's own lower()."""

from pathlib import Path

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vbatch.steps.rows import PIECE, keys_of, write_keys

CODES = st.lists(st.text("ABCXYZabcxyz@[`{09-\u00c4\u00e4\u212ak", min_size=1, max_size=20), min_size=1, max_size=30)


@given(codes=CODES, start=st.integers(0, 3))
def test_keys_are_equal_where_codes_are_equal_but_for_case(codes: list[str], start: int) -> None:
    keys = keys_of(pl.Series(codes)[start:]).to_list()
    assert [[one == other for other in keys] for one in keys] == [
        [one.lower() == other.lower() for other in codes[start:]] for one in codes[start:]
    ]


@pytest.mark.parametrize("code", ["Z-Card-", "Z-C\u00e4rd-"])
def test_more_than_one_piece(tmp_path: Path, code: str) -> None:
    count = PIECE // 4
    lower, upper = ([f"{one}{number}" for number in range(count)] for one in (code.lower(), code))
    keys = write_keys(pl.Series(lower + upper), tmp_path / "a.keys")
    assert (keys[:count] == keys[count:]).all()
    assert len(set(keys.tolist())) == count


def test_no_codes(tmp_path: Path) -> None:
    assert len(write_keys(pl.Series([], dtype=pl.String), tmp_path / "a.keys")) == 0
