"""Writes gift-card exports for the benchmarks: Voucherify's campaign CSV, about one record in fifty bad in some way."""

from pathlib import Path

import numpy as np
import polars as pl

CHUNK = 500_000
SIGNS = np.frombuffer(b"ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz23456789", np.uint8)
SPOILED = {
    "Code": "",
    "Active": "maybe",
    "Gift Amount": "19,90",
    "Redeemed Quantity": "1.5",
    "Start Date": "2023-02-29T08:00:00Z",
    "Expiration Date": "24.12.2027",
}
"""What a bad record has in one of these columns."""

SHARE = 0.015
"""Share of bad records; a few more repeat a code."""


def write_export(path: Path, records: int, *, seed: int = 7, bad: float = SHARE) -> None:
    """Write an export.

    Args:
        path: the file.
        records: how many.
        seed: of the random numbers; the same seed gives the same bytes.
        bad: share of the records that are bad, each in one way; with 0 no code is repeated either.
    """
    random = np.random.default_rng(seed)
    with path.open("wb") as file:
        for first in range(0, records, CHUNK):
            _chunk(min(CHUNK, records - first), random, bad).write_csv(file, include_header=first == 0)


def _chunk(rows: int, random: np.random.Generator, bad: float) -> pl.DataFrame:
    codes = np.ascontiguousarray(SIGNS[random.integers(0, len(SIGNS), (rows, 14))]).view("S14").ravel().astype("U14")
    cents = random.integers(1_000, 25_000, rows)
    repeated = random.random(rows) < (0.002 if bad else 0)
    start = pl.datetime(2019, 1, 1) + pl.duration(seconds="second")
    money = pl.Decimal(12, 2)
    frame = pl.DataFrame({"code": codes, "cents": cents, "spent": random.random(rows), "second": random.integers(0, 1 << 27, rows)})
    texts = frame.with_columns(repeated=pl.Series(repeated)).select(
        pl.when("repeated").then(pl.format("AGAIN{}", pl.col("cents") % 500)).otherwise("code").alias("Code"),
        pl.when(pl.col("cents") % 9 > 0).then(pl.lit("true")).otherwise(pl.lit("false")).alias("Active"),
        (pl.col("cents") / 100).cast(money).cast(pl.String).alias("Gift Amount"),
        (pl.col("cents") * pl.col("spent") / 100).floor().cast(money).cast(pl.String).alias("Redeemed Amount"),
        (pl.col("cents") % 7).cast(pl.String).alias("Redeemed Quantity"),
        pl.lit("old shop").alias("Category"),
        start.dt.strftime("%Y-%m-%dT%H:%M:%SZ").alias("Start Date"),
        (start + pl.duration(days=1000)).dt.strftime("%Y-%m-%d").alias("Expiration Date"),
        pl.format("till {}", pl.col("cents") % 300).alias("Till"),
    )
    spoiled = pl.Series(np.where(random.random(rows) < bad, random.integers(0, len(SPOILED), rows), len(SPOILED)))
    return texts.with_columns(
        pl.when(spoiled == way).then(pl.lit(instead)).otherwise(pl.col(name)).alias(name)
        for way, (name, instead) in enumerate(SPOILED.items())
    )
