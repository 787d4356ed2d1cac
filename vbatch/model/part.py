"""What a finished batch leaves behind."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from vbatch.model.batch import Tally
from vbatch.model.span import Span

Keys = npt.NDArray[np.uint64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One judged batch on disk.

    Args:
        number: position in the run, from 0.
        source: position of its source in the run.
        span: where its records lie.
        rows: Arrow file of the accepted rows, typed, in source order: the rulebook's columns, metadata, `_record`, `_line`, `_offset`
            and `_length`.
        findings: Arrow file of the rows with any fault: provenance, texts, mask, raw bytes.
        keys: a hash of each accepted row's code without its case, in the files' order; mapped from a file, so that they need no memory.
        tally: what became of its records.
    """

    number: int
    source: int
    span: Span
    rows: Path
    findings: Path
    keys: Keys
    tally: Tally


@dataclass(frozen=True, slots=True, kw_only=True)
class SettledPart:
    """One batch after the set-wise pass, as it is published.

    Args:
        source: position of its source in the run.
        accepted: Parquet file of the accepted rows.
        sha256: its hash.
        findings: Arrow file of all other rows, and of accepted ones with warnings.
        tally: what became of its records.
    """

    source: int
    accepted: Path
    sha256: str
    findings: Path
    tally: Tally
