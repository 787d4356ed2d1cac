"""What a user would write instead: one lazy polars plan, two sinks, a group-by for repeated codes. No registry, positions or messages.

python tests/benchmarks/peer.py EXPORT OUT
"""

import sys
from pathlib import Path

import polars as pl

MONEY = pl.Decimal(18, 2)
FORMS = {10: "T00:00:00.000Z", 13: ":00:00.000Z", 16: ":00.000Z", 19: ".000Z", 24: ""}


def instant(name: str) -> pl.Expr:
    """An ISO text of any of its forms, filled up to the longest and parsed once."""
    text = pl.col(name).str.strip_suffix("Z")
    filled = pl.coalesce(pl.when(text.str.len_bytes() == size).then(text + rest) for size, rest in FORMS.items())
    return filled.str.to_datetime("%Y-%m-%dT%H:%M:%S.%3fZ", strict=False, time_unit="ms").alias(f"{name} (read)")


def main(export: str, out: Path) -> None:
    """Judge an export and write good and bad rows."""
    amount, spent, uses = (pl.col(name) for name in ("Gift Amount", "Redeemed Amount", "Redeemed Quantity"))
    frame = pl.scan_csv(export, infer_schema=False).with_columns(
        amount.cast(MONEY, strict=False),
        spent.cast(MONEY, strict=False),
        uses.cast(pl.Int64, strict=False),
        pl.col("Active").replace_strict({"true": True, "false": False}, default=None, return_dtype=pl.Boolean),
        instant("Start Date"),
        instant("Expiration Date"),
    )
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
    out.mkdir(parents=True, exist_ok=True)
    pl.collect_all(
        [
            judged.filter(keep).sink_parquet(out / f"{name}.parquet", compression="zstd", compression_level=1, lazy=True)
            for name, keep in (("good", pl.col("good")), ("bad", ~pl.col("good")))
        ],
        engine="streaming",
    )


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
