"""The schema of discount codes."""

import pandera.polars as pa
import polars as pl
from pandera.api.polars.types import PolarsData

from vbatch.model.voucher.voucher import Amount, Voucher


class Discount(Voucher):
    """A discount code. In a campaign's file the discount may come from the campaign, so type and value may be missing together."""

    discount_type: str = pa.Field(nullable=True)
    discount_value: Amount = pa.Field(nullable=True)
    discount_amount_limit: Amount = pa.Field(nullable=True)
    discount_unit: str = pa.Field(nullable=True)

    class Config:
        """Read by vbatch: what kind of voucher the rows are."""

        metadata = {"kind": "discount"}  # noqa: RUF012 - pandera reads it as a plain class attribute

    @pa.check(
        "discount_type",
        title="Unknown type of discount",
        error="{value} is none of amount, percent, fixed, unit, free_shipping",
        description="map the old platform's word in the field's `values`",
    )
    def discount_type__unknown(cls, data: PolarsData) -> pl.LazyFrame:
        """One of the five types."""
        return data.lazyframe.select(pl.col(data.key).is_in(["amount", "percent", "fixed", "unit", "free_shipping"]))

    @pa.check(
        "discount_value",
        "discount_amount_limit",
        title="Negative discount",
        error="{value} is negative",
        description="write a discount as a positive number",
    )
    def discount__negative(cls, data: PolarsData) -> pl.LazyFrame:
        """Discounts are not negative."""
        return data.lazyframe.select(pl.col(data.key) >= 0)

    @pa.dataframe_check(
        title="Discount without a value",
        error="a discount of type {discount_type} needs a value",
        description="fill the value in at the source",
        ignore_na=False,
    )
    def discount_value__missing(cls, data: PolarsData) -> pl.LazyFrame:
        """Every type but free shipping has a value."""
        free = pl.col("discount_type").eq("free_shipping").fill_null(value=True)
        return data.lazyframe.select(free | pl.col("discount_value").is_not_null())

    @pa.dataframe_check(
        title="Discount without a type",
        error="a discount with a value needs a type",
        description="say whether the value is an amount, a percentage, a price or a number of units",
        ignore_na=False,
    )
    def discount_type__missing(cls, data: PolarsData) -> pl.LazyFrame:
        """A value alone does not say what it means."""
        return data.lazyframe.select(pl.col("discount_value").is_null() | pl.col("discount_type").is_not_null())

    @pa.dataframe_check(
        title="Percentage outside 0 to 100",
        error="{value} percent is not above 0 and at most 100",
        description="check whether the value is an amount, or a percentage with the point misplaced",
    )
    def discount_value__percent_range(cls, data: PolarsData) -> pl.LazyFrame:
        """Above 0 and at most 100."""
        value = pl.col("discount_value")
        return data.lazyframe.select((pl.col("discount_type") != "percent") | ((value > 0) & (value <= 100)))  # noqa: PLR2004

    @pa.dataframe_check(
        title="Percentage of at most 1",
        error="{value} percent may be a fraction written for {value} times 100 percent",
        description="some platforms write 0.10 for 10 %; compare with the printed voucher",
        raise_warning=True,
    )
    def discount_value__percent_scale(cls, data: PolarsData) -> pl.LazyFrame:
        """Percentages above 0 and up to 1 are suspicious."""
        value = pl.col("discount_value")
        return data.lazyframe.select((pl.col("discount_type") != "percent") | (value <= 0) | (value > 1))

    @pa.dataframe_check(
        title="Part of a unit",
        error="{value} is not a whole number of units",
        description="units are given whole; check the type of the discount",
    )
    def discount_value__not_whole(cls, data: PolarsData) -> pl.LazyFrame:
        """Units are whole."""
        value = pl.col("discount_value")
        return data.lazyframe.select((pl.col("discount_type") != "unit") | (value == value.cast(pl.Int64)))

    @pa.dataframe_check(
        title="Unit discount without a unit",
        error="a discount of type unit needs the unit it gives",
        description="name the product in the unit's field",
        ignore_na=False,
    )
    def discount_unit__missing(cls, data: PolarsData) -> pl.LazyFrame:
        """A unit discount names its unit."""
        other = pl.col("discount_type").ne("unit").fill_null(value=True)
        return data.lazyframe.select(other | pl.col("discount_unit").is_not_null())

    @pa.dataframe_check(
        title="Limit on a discount that is not a percentage",
        error="the limit {value} only has a meaning for a percentage",
        description="remove the limit or check the type of the discount",
        ignore_na=False,
    )
    def discount_amount_limit__needs_percent(cls, data: PolarsData) -> pl.LazyFrame:
        """Only a percentage has an amount limit."""
        percent = pl.col("discount_type").eq("percent").fill_null(value=False)
        return data.lazyframe.select(percent | pl.col("discount_amount_limit").is_null())
