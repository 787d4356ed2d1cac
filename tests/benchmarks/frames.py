"""The peers that are written with polars; `peers.py` starts them."""

from pathlib import Path

import polars as pl

MONEY = pl.Decimal(18, 2)
FORMS = {10: "T00:00:00.000Z", 13: ":00:00.000Z", 16: ":00.000Z", 19: ".000Z", 24: ""}


def instant(name: str) -> pl.Expr:
    """An ISO text of any of its forms, filled up to the longest and parsed once."""
    text = pl.col(name).str.strip_suffix("Z")
    filled = pl.coalesce(pl.when(text.str.len_bytes() == size).then(text + rest) for size, rest in FORMS.items())
    return filled.str.to_datetime("%Y-%m-%dT%H:%M:%S.%3fZ", strict=False, time_unit="ms").alias(f"{name} (read)")


def texts(export: str) -> pl.LazyFrame:
    """An export as it stands."""
    return pl.scan_csv(export, infer_schema=False)


def typed(export: str) -> pl.LazyFrame:
    """An export with its values converted; what cannot be converted is null."""
    return texts(export).with_columns(
        pl.col("Gift Amount").cast(MONEY, strict=False),
        pl.col("Redeemed Amount").cast(MONEY, strict=False),
        pl.col("Redeemed Quantity").cast(pl.Int64, strict=False),
        pl.col("Active").replace_strict({"true": True, "false": False}, default=None, return_dtype=pl.Boolean),
        instant("Start Date"),
        instant("Expiration Date"),
    )


def copy(export: str, out: Path) -> None:
    """Write an export as it is."""
    texts(export).sink_parquet(out / "copy.parquet", compression="zstd", compression_level=1)


def polars(export: str, out: Path) -> None:
    """Judge an export and write good and bad rows."""
    amount, spent, uses = (pl.col(name) for name in ("Gift Amount", "Redeemed Amount", "Redeemed Quantity"))
    frame = typed(export)
    twice = frame.group_by("Code").len().filter(pl.col("len") > 1).select("Code").collect(engine="streaming").to_series()
    rules = [
        pl.col("Code").str.contains(r"^\S+$"),
        ~pl.col("Code").is_in(twice.implode()),
        pl.col("Active").is_not_null(),
        amount >= 0,
        spent.is_between(0, amount),
        uses >= 0,
        pl.col("Start Date (read)") <= pl.col("Expiration Date (read)"),
    ]
    judged = frame.with_columns(good=pl.all_horizontal(rule.fill_null(value=False) for rule in rules))
    pl.collect_all(
        [
            judged.filter(keep).sink_parquet(out / f"{name}.parquet", compression="zstd", compression_level=1, lazy=True)
            for name, keep in (("good", pl.col("good")), ("bad", ~pl.col("good")))
        ],
        engine="streaming",
    )


def dataframely(export: str, out: Path) -> None:
    """Judge an export in memory and write good and bad rows."""
    import dataframely as dy  # noqa: PLC0415 - the others do without

    class GiftCard(dy.Schema):
        code = dy.String(alias="Code", regex=r"^\S+$", unique=True)
        active = dy.Bool(alias="Active")
        amount = dy.Decimal(18, 2, alias="Gift Amount", min=0)
        spent = dy.Decimal(18, 2, alias="Redeemed Amount", min=0)
        uses = dy.Int64(alias="Redeemed Quantity", min=0)
        category = dy.String(alias="Category", nullable=True)
        till = dy.String(alias="Till", nullable=True)
        starts_at = dy.Datetime(alias="Start Date (read)", time_unit="ms")
        expires_at = dy.Datetime(alias="Expiration Date (read)", time_unit="ms")

        @dy.rule()
        def spent_within_amount(cls) -> pl.Expr:  # noqa: N805 - dataframely makes a class method of it
            return cls.spent.col <= cls.amount.col

        @dy.rule()
        def starts_before_end(cls) -> pl.Expr:  # noqa: N805 - the same
            return cls.starts_at.col <= cls.expires_at.col

    good, failed = GiftCard.filter(typed(export).collect())
    good.write_parquet(out / "good.parquet", compression="zstd", compression_level=1)
    failed.write_parquet(out / "bad.parquet", compression="zstd", compression_level=1)
