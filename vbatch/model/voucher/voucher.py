"""What the kinds of voucher share: Voucherify's rules of codes, counts, dates and validity."""

from typing import Annotated

import pandera.polars as pa
import polars as pl
from pandera.api.polars.types import PolarsData

from vbatch.model.rule import Forbidden
from vbatch.model.voucher.code import Code, without

Amount = Annotated[pl.Decimal, 18, 2]
Timestamp = Annotated[pl.Datetime, "us", "UTC"]
Days = Annotated[pl.List, pl.Int64]

AS_OF = "_as_of"
"""The column with the instant that a run judges expiry against; null where none was given."""

SENTINELS = ("0001-01-01", "1899-12-30", "1899-12-31", "1900-01-01", "1970-01-01", "9999-12-31")
URL_UNSAFE = r"[/?#%+&]"


class Voucher(Code):
    """What gift cards, discounts and loyalty cards share at Voucherify."""

    campaign: str = pa.Field(nullable=True)
    category: str = pa.Field(nullable=True)
    active: bool = pa.Field(nullable=True)
    starts_at: Timestamp = pa.Field(nullable=True)
    expires_at: Timestamp = pa.Field(nullable=True)
    redeemed_quantity: int = pa.Field(nullable=True)
    redemption_limit: int = pa.Field(nullable=True)
    additional_info: str = pa.Field(nullable=True)
    validity_timeframe: str = pa.Field(nullable=True)
    validity_days: Days = pa.Field(nullable=True)
    currency: str = pa.Field(nullable=True)
    status: str = pa.Field(nullable=True)

    @pa.check(
        "code",
        title="Letters outside A to Z",
        error="{value} has characters outside printable ASCII",
        description="Voucherify takes English letters, digits and ASCII signs; look for lookalikes such as a Cyrillic A",
        forbidden=Forbidden(r"[^\x00-\x7F]"),
    )
    def code__not_ascii(cls, data: PolarsData, *, forbidden: str) -> pl.LazyFrame:
        """Voucherify: letters of the English alphabet, Arabic numerals and special characters."""
        return without(forbidden, data)

    @pa.check(
        "code",
        title="Sign with a meaning in web addresses",
        error="{value} has a sign that a web address gives another meaning",
        description="the API takes codes in its paths; callers must percent-encode this one",
        raise_warning=True,
        forbidden=Forbidden(URL_UNSAFE),
    )
    def code__url_unsafe(cls, data: PolarsData, *, forbidden: str) -> pl.LazyFrame:
        """None of / ? # % + &."""
        return without(forbidden, data)

    @pa.check(
        "redeemed_quantity",
        "redemption_limit",
        title="Negative count",
        error="{value} is negative",
        description="a count starts at 0; find out what the old platform meant",
    )
    def count__negative(cls, data: PolarsData) -> pl.LazyFrame:
        """Counts start at 0."""
        return data.lazyframe.select(pl.col(data.key) >= 0)

    @pa.check(
        "starts_at",
        "expires_at",
        title="Placeholder date",
        error="{value} is a placeholder, not a date",
        description="declare it in the field's `nulls` if the old platform means 'none' by it",
    )
    def date__sentinel(cls, data: PolarsData) -> pl.LazyFrame:
        """No 1970-01-01, 9999-12-31 and the like."""
        sentinels = pl.Series(SENTINELS).str.to_date()
        return data.lazyframe.select(~pl.col(data.key).dt.date().is_in(sentinels.implode()))

    @pa.check(
        "validity_days",
        title="Weekday outside 0 to 6",
        error="{value} holds a day outside 0 (Sunday) to 6 (Saturday)",
        description="write the days as 0 to 6, Sunday being 0",
    )
    def validity_days__range(cls, data: PolarsData) -> pl.LazyFrame:
        """Voucherify counts weekdays from 0, Sunday."""
        days = pl.col(data.key)
        return data.lazyframe.select((days.list.min() >= 0) & (days.list.max() <= 6))  # noqa: PLR2004

    @pa.dataframe_check(
        title="Redeemed more often than allowed",
        error="{value} redemptions are more than the limit of {redemption_limit}",
        description="find out which of the two the old platform enforced",
    )
    def redeemed_quantity__exceeds_limit(cls, data: PolarsData) -> pl.LazyFrame:
        """At most as many redemptions as the limit allows."""
        return data.lazyframe.select(pl.col("redeemed_quantity") <= pl.col("redemption_limit"))

    @pa.dataframe_check(
        title="Expires before it starts",
        error="{value} is before the start {starts_at}",
        description="one of the dates is wrong, or day and month are swapped in one of them",
    )
    def expires_at__before_start(cls, data: PolarsData) -> pl.LazyFrame:
        """The expiry is not before the start."""
        return data.lazyframe.select(pl.col("expires_at") >= pl.col("starts_at"))

    @pa.dataframe_check(
        title="Expired",
        error="{value} had passed at the instant of --as-of",
        description="give it the severity 'discard' in the pipeline to leave expired vouchers behind",
        raise_warning=True,
    )
    def expires_at__expired(cls, data: PolarsData) -> pl.LazyFrame:
        """Not expired at the run's --as-of; never judged against the clock."""
        known = AS_OF in data.lazyframe.collect_schema()
        return data.lazyframe.select(pl.col("expires_at") >= (pl.col(AS_OF) if known else pl.lit(None)))

    @pa.dataframe_check(
        title="Timeframe without a start",
        error="{value} repeats from the start date, and there is none",
        description="add a start date or remove the timeframe",
        ignore_na=False,
    )
    def validity_timeframe__needs_start(cls, data: PolarsData) -> pl.LazyFrame:
        """Voucherify: a validity timeframe needs a start date."""
        return data.lazyframe.select(pl.col("validity_timeframe").is_null() | pl.col("starts_at").is_not_null())
