"""Gift cards of a shop with rules of its own."""

import pandera.polars as pa
import polars as pl
from pandera.api.polars.types import PolarsData

from vbatch import Amount, GiftCard, Pipeline, layout, target


class ShopGiftCard(GiftCard):
    """Printed as SHOP- and eight hex digits, for at most 500."""

    code: str = pa.Field(str_matches=r"^SHOP-[0-9A-F]{8}$")
    gift_amount: Amount = pa.Field(nullable=False, ge=5, le=500)
    category: str = pa.Field(nullable=True, isin=["web", "till"])

    @pa.check(
        "code",
        title="Check digit",
        error="{value} ends in F, which no printed code does",
        description="look at the printed card",
    )
    def code__check_digit(cls, data: PolarsData) -> pl.LazyFrame:
        """No code ends in F."""
        return data.lazyframe.select(~pl.col(data.key).str.ends_with("F"))

    @pa.check("redeemed_quantity", raise_warning=True)
    def redeemed_quantity__often(cls, data: PolarsData) -> pl.LazyFrame:
        """More than ten redemptions are rare."""
        return data.lazyframe.select(pl.col(data.key) <= 10)

    @pa.dataframe_check(
        title="Redeemed without a redemption",
        error="{redeemed_amount} was redeemed in {redeemed_quantity} redemptions",
        description="ask the shop for the transactions",
        ignore_na=False,
    )
    def redeemed_quantity__missing(cls, data: PolarsData) -> pl.LazyFrame:
        """Money that is gone was redeemed at least once."""
        return data.lazyframe.select((pl.col("redeemed_amount").fill_null(0) == 0) | (pl.col("redeemed_quantity").fill_null(0) > 0))

    @pa.dataframe_check(error="web cards are inactive until they are paid", title="Web card", description="nothing to do")
    def record__web(cls, data: PolarsData) -> pl.LazyFrame:
        """A rule about the whole record."""
        return data.lazyframe.select((pl.col("category") != "web") | ~pl.col("active"))


pipeline = Pipeline(
    name="shop",
    layout=layout("voucherify_campaign_csv"),
    schema=ShopGiftCard,
    target=target("voucherify"),
    scope="shop",
    severities={"code.url_unsafe": "error", "category.isin": "discard"},
)
