"""What a finished batch leaves behind."""

from dataclasses import dataclass, replace
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
        accepted: Parquet file of the accepted rows, typed, in source order.
        findings: Arrow file of the rows with any fault: provenance, texts, mask, raw bytes.
        keys: a hash of each accepted row's code without its case, in the file's order.
        tally: what became of its records.
    """

    number: int
    source: int
    span: Span
    accepted: Path
    findings: Path
    keys: Keys
    tally: Tally

    def settled(self, accepted: Path, findings: Path, tally: Tally) -> "Part":
        """The part after the set-wise pass, when nobody asks for its keys any more."""
        return replace(self, accepted=accepted, findings=findings, tally=tally, keys=np.empty(0, np.uint64))
