"""The schema of gift cards."""

import pandera.polars as pa
import polars as pl
from pandera.api.polars.types import PolarsData

from vbatch.model.voucher.voucher import Amount, Voucher


class GiftCard(Voucher):
    """A gift card: prepaid money."""

    gift_amount: Amount = pa.Field(nullable=False)
    redeemed_amount: Amount = pa.Field(nullable=True)

    class Config:
        """Read by vbatch: what kind of voucher the rows are."""

        metadata = {"kind": "gift_card"}  # noqa: RUF012 - pandera reads it as a plain class attribute

    @pa.check(
        "gift_amount",
        "redeemed_amount",
        title="Negative amount",
        error="{value} is negative",
        description="find out what the old platform meant: a refund, an overdraft or a typing error",
    )
    def amount__negative(cls, data: PolarsData) -> pl.LazyFrame:
        """Money is not negative."""
        return data.lazyframe.select(pl.col(data.key) >= 0)

    @pa.dataframe_check(
        title="Redeemed more than the card holds",
        error="{value} redeemed is more than the amount of {gift_amount}",
        description="the card would start with a negative balance; find out which of the two is right",
    )
    def redeemed_amount__exceeds_amount(cls, data: PolarsData) -> pl.LazyFrame:
        """At most the whole amount is redeemed."""
        return data.lazyframe.select(pl.col("redeemed_amount") <= pl.col("gift_amount"))
