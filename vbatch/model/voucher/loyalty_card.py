"""The schema of loyalty cards."""

import pandera.polars as pa
import polars as pl
from pandera.api.polars.types import PolarsData

from vbatch.model.voucher.voucher import Voucher


class LoyaltyCard(Voucher):
    """A loyalty card: points."""

    loyalty_points: int = pa.Field(nullable=False)

    class Config:
        """Read by vbatch: what kind of voucher the rows are."""

        metadata = {"kind": "loyalty_card"}  # noqa: RUF012 - pandera reads it as a plain class attribute

    @pa.check(
        "loyalty_points",
        title="Negative points",
        error="{value} is negative",
        description="find out whether the old platform lets members owe points",
    )
    def loyalty_points__negative(cls, data: PolarsData) -> pl.LazyFrame:
        """Points are not negative."""
        return data.lazyframe.select(pl.col(data.key) >= 0)
