"""The schema of files whose rows are of several kinds."""

import pandera.polars as pa
import polars as pl
from pandera.api.polars.types import PolarsData

from vbatch.model.voucher.discount import Discount
from vbatch.model.voucher.gift_card import GiftCard
from vbatch.model.voucher.loyalty_card import LoyaltyCard
from vbatch.model.voucher.voucher import Amount


class MixedVoucher(GiftCard, Discount, LoyaltyCard):
    """A gift_card, discount or loyalty_card, as its own row says. The rules of all three kinds hold."""

    kind: str = pa.Field(nullable=False)
    gift_amount: Amount = pa.Field(nullable=True)
    loyalty_points: int = pa.Field(nullable=True)

    class Config:
        """Read by vbatch: each row says what kind of voucher it is."""

        metadata = {"kind": "mixed"}  # noqa: RUF012 - pandera reads it as a plain class attribute

    @pa.dataframe_check(
        title="Gift card without an amount",
        error="a gift card needs an amount",
        description="fill the value in at the source",
        ignore_na=False,
    )
    def gift_amount__missing(cls, data: PolarsData) -> pl.LazyFrame:
        """A gift card holds money."""
        return data.lazyframe.select(pl.col("kind").ne_missing("gift_card") | pl.col("gift_amount").is_not_null())

    @pa.dataframe_check(
        title="Discount without a type",
        error="a discount needs a type",
        description="say whether the value is an amount, a percentage, a price or a number of units",
        ignore_na=False,
    )
    def discount_type__missing(cls, data: PolarsData) -> pl.LazyFrame:
        """Outside a campaign nothing else gives the type."""
        return data.lazyframe.select(pl.col("kind").ne_missing("discount") | pl.col("discount_type").is_not_null())

    @pa.dataframe_check(
        title="Loyalty card without points",
        error="a loyalty card needs points",
        description="fill the points in at the source; a card without any has 0",
        ignore_na=False,
    )
    def loyalty_points__missing(cls, data: PolarsData) -> pl.LazyFrame:
        """A loyalty card holds points."""
        return data.lazyframe.select(pl.col("kind").ne_missing("loyalty_card") | pl.col("loyalty_points").is_not_null())
