"""One pure function from text frames to judged frames: convert, check, and all faults of a row in one integer."""

from collections.abc import Mapping
from datetime import datetime

import numpy as np
import polars as pl

from vbatch.model.batch import FAULTS, Examine
from vbatch.model.binding import Binding
from vbatch.model.fault import FaultBook
from vbatch.model.rulebook import Rulebook
from vbatch.model.voucher import AS_OF
from vbatch.steps.check import check
from vbatch.steps.convert import convert


def examiner(binding: Binding, rulebook: Rulebook, metadata: tuple[str, ...], as_of: datetime | None) -> Examine:
    """The examine function of one source.

    Args:
        binding: which text column feeds which field.
        rulebook: types, rules and faults of the pipeline.
        metadata: names of the metadata fields of the whole run, in order; those that this source lacks are null.
        as_of: the instant that expiry is judged against, if any.
    """

    def examine(frame: pl.DataFrame) -> pl.DataFrame:
        """Judge a text frame: the same rows in the same order, plus typed columns and FAULTS."""
        converted = convert(frame, binding, rulebook)
        context = pl.lit(as_of, pl.Datetime("us", "UTC")).alias(AS_OF)
        failures = converted.failures | check(converted.typed.with_columns(context), rulebook, converted.failures)
        mask = fault_mask(failures, rulebook.book, frame.height)
        return frame.hstack([*converted.typed, *_metadata(frame, binding, metadata), mask])

    return examine


def fault_mask(failures: Mapping[str, pl.Series], book: FaultBook, height: int) -> pl.Series:
    """Fold boolean series by fault code into one UInt64 mask a row."""
    mask = np.zeros(height, np.uint64)
    for code, rows in failures.items():
        mask[rows.arg_true().to_numpy()] |= np.uint64(book.bit(code))
    return pl.Series(FAULTS, mask)


def _metadata(frame: pl.DataFrame, binding: Binding, names: tuple[str, ...]) -> list[pl.Series]:
    if not names:
        return []
    texts = dict(binding.metadata)
    absent = pl.repeat(None, frame.height, dtype=pl.String, eager=True)
    return [pl.DataFrame([(frame[texts[name]] if name in texts else absent).alias(name) for name in names]).to_struct("metadata")]
