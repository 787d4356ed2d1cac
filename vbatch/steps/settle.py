"""The set-wise pass: which accepted rows lose their code to another row or to the registry. Nothing after it judges a row."""

from collections.abc import Callable, Iterator, Sequence

import numpy as np
import numpy.typing as npt
import polars as pl

from vbatch.model.part import Keys, Part

TAKEN = ("code.registered", "code.used")
"""Verdicts of the registry that leave no room for the set to decide."""

Rows = npt.NDArray[np.uint32]
RowsOf = Callable[[Part], pl.DataFrame]

SORTED = 4
"""The part of the memory that keys may use while they are sorted."""

BUCKET = 1_000_000
"""Candidates settled at a time; bounds the memory when most rows repeat a code."""

SIEVE = 1 << 20
"""Positions of the sieve for repeated keys, a byte each: as much as stays close to the processor."""

NO_KEYS = np.empty(0, np.uint64)

VERDICTS = {"part": pl.UInt32, "row": pl.UInt64, "fault": pl.String, "winner": pl.String}
"""Position of the part, row in its accepted file, fault code, and who has the code: for the message."""


def settle(parts: Sequence[Part], registered: pl.DataFrame, rows_of: RowsOf, on_conflict: str, memory: int) -> pl.DataFrame:
    """Settle who keeps each code.

    Args:
        parts: the judged batches, in order.
        registered: accepted rows whose code, or one that differs only in case, the registry holds, or that are used: part, row, exact,
            run_id, registered_at, source, record, used.
        rows_of: the accepted rows of a part, with `_source`, the path of its source as given.
        on_conflict: the pipeline's policy.
        memory: bytes that the run may use.

    Returns:
        One line a verdict, sorted by part and row, with the columns of VERDICTS.
    """
    known = _registered_verdicts(registered)
    taken = known.filter(pl.col("fault").is_in(TAKEN)).select("part", "row")
    found = [known, *(settle_bucket(rows, on_conflict) for rows in _buckets(parts, rows_of, taken, memory))]
    return pl.concat(found).sort("part", "row", "fault", maintain_order=True)


def settle_bucket(candidates: pl.DataFrame, on_conflict: str) -> pl.DataFrame:
    """Settle all rows that share codes with each other.

    Args:
        candidates: part, row, and the columns of accepted parts; every row of a code is here, sorted by part and row.
        on_conflict: reject_all, first or last.
    """
    values = [name for name in candidates.columns if name not in {"part", "row", "code"} and not name.startswith("_")]
    place = pl.concat_str(pl.lit("record "), pl.col("_record"), pl.lit(" of "), pl.col("_source"))
    rows = candidates.with_columns(place=place, position=pl.int_range(pl.len()), agreed=_equal(values, pl.first).all().over("code"))
    policy = pl.last if on_conflict == "last" else pl.first
    winner = pl.when("agreed").then(pl.first("position")).otherwise(policy("position")).over("code")
    rows = rows.with_columns(
        same=pl.when("agreed").then(statement=True).otherwise(_equal(values, policy)),
        copies=pl.len().over("code"),
        wins=pl.col("position") == winner,
        winner=pl.when("agreed").then(pl.first("place")).otherwise(policy("place")).over("code"),
        other=pl.col("place").get(1, null_on_oob=True).over("code"),
    )
    repeated = rows.filter(pl.col("copies") > 1)
    losers = repeated.filter(~pl.col("wins") | (~pl.col("agreed") & (on_conflict == "reject_all")))
    conflict = ~pl.col("agreed") if on_conflict == "reject_all" else ~pl.col("same")
    verdicts = losers.select(
        "part",
        "row",
        pl.when(conflict).then(pl.lit("code.conflict")).otherwise(pl.lit("code.duplicate")).alias("fault"),
        pl.when("wins").then("other").otherwise("winner").alias("winner"),
    )
    survivors = rows.join(losers, on=["part", "row"], how="anti")
    return pl.concat([verdicts, _case_collisions(survivors)])


def _equal(values: Sequence[str], which: Callable[..., pl.Expr]) -> pl.Expr:
    """Whether a row has the same values as the first or last row of its code."""
    return pl.all_horizontal(pl.lit(value=True), *(pl.col(name).eq_missing(which(name).over("code")) for name in values))


def _case_collisions(survivors: pl.DataFrame) -> pl.DataFrame:
    folded = survivors.with_columns(folded=pl.col("code").str.to_lowercase())
    twins = folded.filter(pl.len().over("folded") > 1)
    first, second = pl.col("place").first().over("folded"), pl.col("place").get(1, null_on_oob=True).over("folded")
    return twins.select(
        "part",
        "row",
        pl.lit("code.case_collision").alias("fault"),
        pl.when(pl.col("place") == first).then(second).otherwise(first).alias("winner"),
    )


def _registered_verdicts(registered: pl.DataFrame) -> pl.DataFrame:
    exact = pl.col("exact")
    when = pl.col("registered_at").dt.strftime("%Y-%m-%dT%H:%M:%SZ")
    winner = pl.concat_str(
        pl.lit("run "),
        pl.col("run_id").str.head(12),
        pl.lit(" on "),
        when,
        pl.lit(" (record "),
        "record",
        pl.lit(" of "),
        "source",
        pl.lit(")"),
    )
    exact_first = registered.sort("part", "row", "exact", descending=[False, False, True]).unique(
        ["part", "row"], keep="first", maintain_order=True
    )
    return exact_first.select(
        pl.col("part").cast(pl.UInt32),
        pl.col("row").cast(pl.UInt64),
        pl.when("used")
        .then(pl.lit("code.used"))
        .when(exact)
        .then(pl.lit("code.registered"))
        .otherwise(pl.lit("code.case_collision"))
        .alias("fault"),
        pl.coalesce(winner, pl.lit("a run that was undone")).alias("winner"),
    )


def _buckets(parts: Sequence[Part], rows_of: RowsOf, taken: pl.DataFrame, memory: int) -> Iterator[pl.DataFrame]:
    """Rows whose key stands more than once, without those that the registry has taken, some buckets of keys at a time."""
    keys = repeated_keys([part.keys for part in parts], at_once=memory // SORTED // 8)
    if not len(keys):
        return
    rows_in = _finder(keys)
    found = [(position, part, rows_in(part.keys)) for position, part in enumerate(parts)]
    count = 1 + sum(len(rows) for _, _, rows in found) // BUCKET
    for bucket in range(count):
        chosen = [(position, part, rows[part.keys[rows] % np.uint64(count) == bucket]) for position, part, rows in found]
        frames = [_candidates(position, rows_of(part), rows) for position, part, rows in chosen if len(rows)]
        if frames:
            rows = pl.concat(frames, how="diagonal")
            yield rows.join(taken, on=["part", "row"], how="anti", maintain_order="left") if taken.height else rows


def repeated_keys(keys: Sequence[Keys], *, at_once: int) -> Keys:
    """The keys that stand more than once over all parts, sorted.

    Args:
        keys: of each part.
        at_once: how many are sorted at a time, about; more are taken apart by their value, which brings equal ones together.
    """
    shares = 1 + sum(map(len, keys)) // at_once
    repeated = [_repeated([part if shares == 1 else part[part % np.uint64(shares) == share] for part in keys]) for share in range(shares)]
    return np.sort(np.concatenate(repeated))


def _repeated(keys: Sequence[Keys]) -> Keys:
    # Polars sorts on all cores, without another copy, and several times as fast on each as numpy does.
    every = pl.concat([pl.Series(part) for part in (NO_KEYS, *keys)], rechunk=False).sort().to_numpy()
    return np.unique(every[1:][every[1:] == every[:-1]])


def _finder(few: Keys) -> Callable[[Keys], Rows]:
    """What finds the rows whose keys are among a few sorted ones."""
    # Some bits of a key rule most of them out, much quicker than a search for each.
    sieve = np.zeros(SIEVE, bool)
    sieve[few % np.uint64(SIEVE)] = True

    def rows_in(keys: Keys) -> Rows:
        rows = np.flatnonzero(sieve[keys % np.uint64(SIEVE)])
        found: Rows = rows[few[np.minimum(np.searchsorted(few, keys[rows]), len(few) - 1)] == keys[rows]].astype(np.uint32)
        return found

    return rows_in


def _candidates(position: int, frame: pl.DataFrame, rows: Rows) -> pl.DataFrame:
    frame = frame[rows]
    if "metadata" in frame.columns:
        fields = frame["metadata"].struct.fields
        frame = frame.with_columns(pl.col("metadata").struct.rename_fields([f"metadata.{name}" for name in fields])).unnest("metadata")
    return frame.select(pl.lit(position, pl.UInt32).alias("part"), pl.Series("row", rows, dtype=pl.UInt64), pl.all())
