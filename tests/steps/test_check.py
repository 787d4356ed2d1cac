"""Rules are silent where a value could not be read, and a rule that raises is named."""

# ruff: noqa: N805 - pandera makes class methods of checks

import pandera.polars as pa
import polars as pl
import pytest
from pandera.api.polars.types import PolarsData

from vbatch import GiftCard, Pipeline, PipelineError, layout, target
from vbatch.model.rulebook import Rulebook, rulebook
from vbatch.steps.check import check


def book_of(schema: type[GiftCard]) -> Rulebook:
    used = layout("voucherify_campaign_csv")
    return rulebook(Pipeline(name="p", layout=used, schema=schema, target=target("voucherify"), scope="s"))


GIFT_CARDS = book_of(GiftCard)


def typed(**columns: list[object]) -> pl.DataFrame:
    height = max(len(values) for values in columns.values())
    return pl.DataFrame(
        [pl.Series(name, columns.get(name, [None] * height), dtype) for name, dtype in GIFT_CARDS.types.items()],
    )


def test_a_rule_is_silent_where_what_it_reads_could_not_be_read() -> None:
    frame = typed(code=["A", "B"], gift_amount=["-1.00", "-1.00"], redeemed_amount=["5.00", "5.00"])
    unread = pl.Series([True, False])
    found = check(frame, GIFT_CARDS, {"gift_amount.unreadable": unread})
    assert {code: rows.to_list() for code, rows in found.items()} == {
        "gift_amount.negative": [False, True],
        "redeemed_amount.exceeds_amount": [False, True],
    }


def test_a_rule_is_silent_only_about_its_own_columns() -> None:
    found = check(typed(code=["A B"], gift_amount=["-1.00"]), GIFT_CARDS, {"expires_at.unreadable": pl.Series([True])})
    assert set(found) == {"code.inner_space", "gift_amount.negative"}


def test_a_missing_value_silences_nothing() -> None:
    class Strict(GiftCard):
        @pa.check("redeemed_amount", ignore_na=False)
        def redeemed_amount__unknown(cls, data: PolarsData) -> pl.LazyFrame:
            return data.lazyframe.select(pl.col(data.key).is_not_null())

    found = check(typed(code=["A"], gift_amount=["1.00"]), book_of(Strict), {"redeemed_amount.missing": pl.Series([True])})
    assert set(found) == {"redeemed_amount.unknown"}


def test_nothing_is_wrong_with_no_rows() -> None:
    assert check(typed(code=[]), GIFT_CARDS, {}) == {}


def test_a_rule_that_raises_is_named_and_its_value_is_not() -> None:
    class Dated(GiftCard):
        @pa.check("code")
        def code__year(cls, data: PolarsData) -> pl.LazyFrame:
            return data.lazyframe.select(pl.col(data.key).str.to_date("%Y-%m-%d") > pl.date(2020, 1, 1))

    with pytest.raises(PipelineError, match=r"the check code\.year fails on a value") as caught:
        check(typed(code=["2021-01-01", "SECRET"]), book_of(Dated), {})
    assert "SECRET" not in str(caught.value) + caught.value.hint
    assert "strict=False" in caught.value.hint
