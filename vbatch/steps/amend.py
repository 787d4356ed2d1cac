"""Takes the rows that lost their code out of an accepted part, and files them with the findings."""

from collections import Counter
from typing import NamedTuple

import numpy as np
import polars as pl

from vbatch.model.batch import FAULTS, Sums, Tally, exact_sum
from vbatch.model.fault import FaultBook, Severity
from vbatch.model.rulebook import Rulebook


class Amended(NamedTuple):
    """A part after the set-wise pass."""

    accepted: pl.DataFrame
    findings: pl.DataFrame
    tally: Tally


def winner_column(code: str) -> str:
    """The column of findings that names who has the code, for a fault of the set-wise pass."""
    return f"_winner_{code.partition('.')[2]}"


def marks(verdicts: pl.DataFrame, records: pl.Series, book: FaultBook) -> pl.DataFrame:
    """One line a row of a part: `_record`, the mask of its verdicts, and a winner column for each fault.

    Args:
        verdicts: row, fault and winner, of one part.
        records: `_record` of each accepted row of the part.
        book: the bits.
    """
    given = set(verdicts["fault"].unique())
    codes = [fault.code for fault in book if fault.code in given]
    bit = pl.col("fault").replace_strict({code: book.bit(code) for code in codes}, return_dtype=pl.UInt64)
    winners = [pl.col("winner").filter(pl.col("fault") == code).first().alias(winner_column(code)) for code in codes]
    rows = verdicts.group_by("row", maintain_order=True).agg(bit.unique().sum().alias(FAULTS), *winners)
    return rows.with_columns(_record=records.gather(rows["row"])).drop("row")


def amend(accepted: pl.DataFrame, findings: pl.DataFrame, late: pl.DataFrame, tally: Tally, rulebook: Rulebook) -> Amended:
    """Merge verdicts into a part.

    Args:
        accepted: the accepted rows of the part.
        findings: its rows with faults so far.
        late: the rows with verdicts as findings, their mask holding the verdicts only.
        tally: what became of its records so far.
        rulebook: severities and summed columns.
    """
    book = rulebook.book
    error, discard = book.mask(Severity.ERROR), book.mask(Severity.DISCARD)
    earlier = findings.filter(pl.col("_record").is_in(late["_record"].implode())).select("_record", pl.col(FAULTS).alias("_earlier"))
    joined = late.join(earlier, on="_record", how="left", maintain_order="left")
    fresh = joined.select(pl.col(FAULTS) & ~pl.col("_earlier").fill_null(0)).to_series()
    merged = joined.with_columns(pl.col(FAULTS) | pl.col("_earlier").fill_null(0)).drop("_earlier")
    rest = findings.filter(~pl.col("_record").is_in(late["_record"].implode()))
    fate = pl.when(pl.col(FAULTS) & error != 0).then(1).when(pl.col(FAULTS) & discard != 0).then(2).otherwise(0)
    leaving = merged.select("_record", fate.alias("fate")).filter(pl.col("fate") != 0).sort("_record")
    rows = np.searchsorted(accepted["_record"].to_numpy(), leaving["_record"].to_numpy())
    stays = np.ones(accepted.height, bool)
    stays[rows] = False
    gone = accepted[rows].with_columns(leaving["fate"])
    return Amended(
        accepted=accepted.filter(pl.Series(stays)),
        findings=pl.concat([rest, merged], how="diagonal").sort("_record"),
        tally=_retally(tally, gone, fresh, merged.height - earlier.height, rulebook),
    )


def _retally(tally: Tally, gone: pl.DataFrame, fresh: pl.Series, more: int, rulebook: Rulebook) -> Tally:
    """Count again. fresh: masks of the verdicts that are new to their rows; more: rows that had no fault before."""
    rejected, discarded = (gone.filter(pl.col("fate") == fate) for fate in (1, 2))
    faults = Counter(tally.faults) + Counter(rulebook.book.counts(fresh))
    return Tally(
        records=tally.records,
        accepted=tally.accepted - gone.height,
        rejected=tally.rejected + rejected.height,
        discarded=tally.discarded + discarded.height,
        warned=tally.warned + more - gone.height,
        faults={fault.code: faults[fault.code] for fault in rulebook.book if fault.code in faults},
        sums={name: its.plus(_moved(rejected[name], discarded[name])) for name, its in tally.sums.items()},
    )


def _moved(rejected: pl.Series, discarded: pl.Series) -> Sums:
    away = exact_sum(rejected), exact_sum(discarded)
    return Sums(-away[0] - away[1], *away)
