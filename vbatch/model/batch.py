"""What travels through a run: batches of records, and what became of them."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import polars as pl

from vbatch.model.span import Span

Positions = npt.NDArray[np.int64]

PROVENANCE = {"_record": pl.UInt64, "_line": pl.UInt64, "_offset": pl.UInt64, "_length": pl.UInt64}
"""Columns of every frame of records: number from 1, physical line from 1, first byte from 0, bytes with the terminator."""

PLACE = {"_at": pl.UInt64, "_size": pl.UInt64}
"""Where a record begins in its batch's UTF-8 bytes, and how many it has there."""

RAW = "_raw"
"""The column with a record's bytes, in frames of rows that are not simply accepted."""

FAULTS = "_faults"
"""The column with a row's fault mask."""

Examine = Callable[[pl.DataFrame], pl.DataFrame]
"""Text frame in, judged frame out: the same rows in the same order, with typed columns and the fault mask."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """A run of whole records of one source, not yet parsed.

    Args:
        number: position in the run, from 0.
        source: position of the source in the run, from 0.
        records: one row a record: PROVENANCE, PLACE and FAULTS, the mask of what is wrong with its structure (0 while nothing is).
        data: the records as UTF-8, from the first one's first byte on; blank lines between them included.
        original: the records' bytes in the source; data itself where the source is UTF-8.
        span: where those lie.
    """

    number: int
    source: int
    records: pl.DataFrame
    data: bytes
    original: bytes
    span: Span

    def raws(self, offsets: Positions, lengths: Positions) -> bytes:
        """The bytes of several records, one behind the other."""
        return joined(self.original, offsets - self.span.offset, lengths)


def joined(data: bytes, starts: Positions, lengths: Positions) -> bytes:
    """Some stretches of bytes one behind the other, copied in as few pieces as they lie in."""
    return b"".join([data[start:end] for start, end in zip(*(ends.tolist() for ends in stretches(starts, lengths)), strict=True)])


def stretches(starts: Positions, lengths: Positions) -> tuple[Positions, Positions]:
    """Where those that lie one right behind the other begin, and where the last of them ends."""
    ends = starts + lengths
    breaks = np.flatnonzero(starts[1:] != ends[:-1]) + 1
    return starts[np.append(0, breaks)[: len(starts)]], ends[np.append(breaks, len(starts))[: len(starts)] - 1]


class Sums(NamedTuple):
    """One column's sums over the three fates, exact."""

    accepted: Decimal = Decimal(0)
    rejected: Decimal = Decimal(0)
    discarded: Decimal = Decimal(0)

    def plus(self, other: "Sums") -> "Sums":
        """The sums of both, fate by fate."""
        return Sums(*(mine + its for mine, its in zip(self, other, strict=True)))


def exact_sum(values: pl.Series) -> Decimal:
    """The exact sum of a column of decimals or whole numbers; 0 of an empty one, with the column's decimals."""
    # Polars adds 64-bit integers modulo 2^64 without a word.
    wide = values.cast(pl.Int128) if values.dtype == pl.Int64 else values
    return Decimal(wide.sum())


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """What became of a batch, a source or a run.

    Args:
        records: records in the bytes.
        accepted, rejected, discarded: the three fates; they add up to records, or there is no tally.
        warned: records with a warning that are accepted all the same.
        faults: rows for each fault code.
        sums: for each amount column the sums over the fates.
    """

    records: int = 0
    accepted: int = 0
    rejected: int = 0
    discarded: int = 0
    warned: int = 0
    faults: Mapping[str, int] = field(default_factory=dict)
    sums: Mapping[str, Sums] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.records != self.accepted + self.rejected + self.discarded:
            raise AssertionError(f"{self.records} records, but {self.accepted} + {self.rejected} + {self.discarded} fates")


def total(tallies: Iterable[Tally]) -> Tally:
    """The tally of all of them together."""
    added: Counter[str] = Counter()
    faults: Counter[str] = Counter()
    sums: dict[str, Sums] = {}
    for tally in tallies:
        added.update({name: getattr(tally, name) for name in ("records", "accepted", "rejected", "discarded", "warned")})
        faults.update(tally.faults)
        for name, its in tally.sums.items():
            sums[name] = sums.get(name, Sums()).plus(its)
    return Tally(**added, faults=dict(faults), sums=sums)
