"""What a finished batch leaves behind."""

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from vbatch.model.batch import Tally

Keys = npt.NDArray[np.uint64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One judged batch on disk.

    Args:
        number: position in the run, from 0.
        source: position of its source in the run.
        offset, size: the bytes of its records in the decompressed source.
        first_record, line: number and physical line of its first record.
        accepted: Parquet file of the accepted rows, typed, in source order.
        findings: Arrow file of the rows with any fault: provenance, texts, mask, raw bytes.
        keys: a hash of each accepted row's code without its case, in the file's order.
        tally: what became of its records.
    """

    number: int
    source: int
    offset: int
    size: int
    first_record: int
    line: int
    accepted: Path
    findings: Path
    keys: Keys
    tally: Tally

    def amended(self, tally: Tally, keys: Keys) -> "Part":
        """The part after the set-wise pass."""
        return replace(self, tally=tally, keys=keys)
