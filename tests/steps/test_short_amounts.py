"""Amounts of up to eight bytes, against Python's own Decimal."""

import re
from decimal import Decimal

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vbatch.steps.convert.short import MOST, form, short_amounts

FORMS = [(decimals, mark) for decimals in range(MOST + 1) for mark in ".,'"]
NEARLY = st.text("0123456789", max_size=9).flatmap(
    lambda whole: st.text("0123456789", max_size=7).flatmap(
        lambda part: st.sampled_from([f"{whole}.{part}", f"{whole},{part}", f"{whole}'{part}", f"-{whole}.{part}", whole])
    )
)
TEXTS = st.one_of(st.none(), NEARLY, st.text("0123456789.,' -+eE\0\u00e4/:", max_size=14))


def told(text: str | None, decimals: int, mark: str) -> Decimal | None:
    shape = f"[0-9]+{re.escape(mark)}[0-9]{{{decimals}}}" if decimals else "[0-9]+"
    if text is None or len(text) > 8 or not re.fullmatch(shape, text):
        return None
    return Decimal(text.replace(mark, "."))


@pytest.mark.parametrize(("decimals", "mark"), FORMS)
@given(texts=st.lists(TEXTS, max_size=30), start=st.integers(0, 5))
def test_an_amount_is_read_as_python_reads_it_or_left_alone(decimals: int, mark: str, texts: list[str | None], start: int) -> None:
    raw = pl.Series(texts, dtype=pl.String)[start:]
    amounts, read = short_amounts(raw, form(decimals, mark), pl.Decimal(18, decimals))
    assert amounts.dtype == pl.Decimal(18, decimals)
    assert [amount if fits else None for amount, fits in zip(amounts, read, strict=True)] == [
        told(text, decimals, mark) for text in texts[start:]
    ]


def test_more_than_one_piece() -> None:
    cents = range(0, 2_000_000, 97)
    amounts, read = short_amounts(pl.Series([f"{one / 100:.2f}" for one in cents]), form(2, "."), pl.Decimal(18, 2))
    assert read.all()
    assert amounts.to_list() == [Decimal(one) / 100 for one in cents]
