"""Parts a judged batch by fate."""

from typing import NamedTuple

import numpy as np
import polars as pl
import pyarrow as pa

from vbatch.model.arrow import frame_of
from vbatch.model.batch import FAULTS, PROVENANCE, RAW, Batch, Sums, Tally, exact_sum
from vbatch.model.fault import Severity
from vbatch.model.rulebook import Rulebook


class Split(NamedTuple):
    """A judged batch: the accepted rows typed, the rows with any fault as texts with their bytes, and the count of both."""

    accepted: pl.DataFrame
    findings: pl.DataFrame
    tally: Tally


def split(batch: Batch, judged: pl.DataFrame, malformed: pl.DataFrame, rulebook: Rulebook) -> Split:
    """Part a batch by fate.

    Args:
        batch: where the bytes are.
        judged: the well-formed records: provenance, texts, typed columns and FAULTS.
        malformed: the others: provenance and FAULTS.
        rulebook: types and severities.
    """
    error, discard = rulebook.book.mask(Severity.ERROR), rulebook.book.mask(Severity.DISCARD)
    mask = judged[FAULTS]
    kept = (mask & (error | discard)) == 0
    away = (mask & error) != 0, ~kept & ((mask & error) == 0)
    texts = [name for name in judged.columns if name not in rulebook.types and name != "metadata"]
    findings = judged.select(texts).filter(mask != 0)
    found = pl.concat([findings, malformed], how="diagonal").sort("_record")
    tally = Tally(
        records=batch.records.height,
        accepted=int(kept.sum()),
        rejected=found.filter(pl.col(FAULTS) & error != 0).height,
        discarded=found.filter((pl.col(FAULTS) & error == 0) & (pl.col(FAULTS) & discard != 0)).height,
        warned=int((kept & (mask != 0)).sum()),
        faults=rulebook.book.counts(found[FAULTS]),
        sums={name: _sums(judged[name], *away) for name in rulebook.summed},
    )
    return Split(judged_rows(judged, rulebook).filter(kept), with_raw(found, batch), tally)


def _sums(values: pl.Series, rejected: pl.Series, discarded: pl.Series) -> Sums:
    gone = exact_sum(values.filter(rejected)), exact_sum(values.filter(discarded))
    return Sums(exact_sum(values) - sum(gone), *gone)


def judged_rows(judged: pl.DataFrame, rulebook: Rulebook) -> pl.DataFrame:
    """What is kept of accepted rows: the rulebook's columns, metadata, and where each row's record is."""
    metadata = ["metadata"] if "metadata" in judged.columns else []
    return judged.select(*rulebook.types, *metadata, *PROVENANCE)


def with_raw(found: pl.DataFrame, batch: Batch) -> pl.DataFrame:
    """The frame with each record's bytes in RAW."""
    starts, lengths = (found[name].to_numpy().astype(np.int64) for name in ("_offset", "_length"))
    buffers = [None, pa.py_buffer(np.append(0, np.cumsum(lengths))), pa.py_buffer(batch.raws(starts, lengths))]
    return found.hstack(frame_of(pa.record_batch([pa.Array.from_buffers(pa.large_binary(), found.height, buffers)], [RAW])))
