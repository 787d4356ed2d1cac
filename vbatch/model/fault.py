"""What can be wrong with a row, and how a row carries all of it in one integer."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum

import polars as pl

from vbatch.errors import PipelineError

MAX_FAULTS = 64


class Severity(StrEnum):
    """What a fault does to its row."""

    ERROR = "error"
    DISCARD = "discard"
    WARNING = "warning"


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One thing that can be wrong with a row.

    Args:
        code: stable name, `<column>.<what>` or `record.<what>` for the structure of a record.
        severity: whether it rejects the row, sets it aside, or only reports.
        title: a few words, the same for every row.
        message: a sentence for one row; `{value}`, `{winner}` and the like are filled in when the report is written.
        hint: how to mend it.
    """

    code: str
    severity: Severity = Severity.ERROR
    title: str
    message: str
    hint: str

    @property
    def column(self) -> str | None:
        """The canonical column the fault belongs to; None for the structure of a record."""
        column = self.code.partition(".")[0]
        return None if column == "record" else column


@dataclass(frozen=True, slots=True, kw_only=True)
class FaultBook:
    """The faults that a pipeline can report. A fault's position is its bit in a row's mask."""

    faults: tuple[Fault, ...]

    def __post_init__(self) -> None:
        codes = [fault.code for fault in self.faults]
        doubled = sorted({code for code in codes if codes.count(code) > 1})
        if doubled:
            raise PipelineError(
                f"two rules share the name {doubled[0]!r}",
                hint="rename one of the schema's methods; vbatch's own faults have names, too: `vbatch explain` lists them",
            )
        if len(codes) > MAX_FAULTS:
            raise PipelineError(
                f"the pipeline can report {len(codes)} faults and a row's mask holds {MAX_FAULTS}",
                hint="drop columns that the layout does not map from the schema, or split the file by kind",
            )

    def __iter__(self) -> Iterator[Fault]:
        return iter(self.faults)

    def bit(self, code: str) -> int:
        """The mask with only this fault set; KeyError for a code that the pipeline cannot report."""
        for position, fault in enumerate(self.faults):
            if fault.code == code:
                return 1 << position
        raise KeyError(code)

    def mask(self, *severities: Severity) -> int:
        """The mask of all faults of these severities."""
        return sum(1 << position for position, fault in enumerate(self.faults) if fault.severity in severities)

    def having(self, mask: int) -> tuple[Fault, ...]:
        """The faults set in a mask, in the book's order."""
        return tuple(fault for position, fault in enumerate(self.faults) if mask >> position & 1)

    def among(self, masks: pl.Series) -> tuple[Fault, ...]:
        """The faults set in any of these masks, in the book's order."""
        return self.having(int(masks.bitwise_or() or 0))  # type: ignore[arg-type] # typed for every dtype

    def counts(self, masks: pl.Series) -> dict[str, int]:
        """Rows for each fault that is set in any of these masks, in the book's order."""
        return {fault.code: int((masks & self.bit(fault.code) != 0).sum()) for fault in self.among(masks)}


def with_severities(faults: Iterable[Fault], severities: Mapping[str, Severity]) -> tuple[Fault, ...]:
    """The faults with a pipeline's own severities; PipelineError for a code that none of them has."""
    known = tuple(faults)
    unknown = sorted(set(severities) - {fault.code for fault in known})
    if unknown:
        raise PipelineError(f"no fault is called {unknown[0]!r}", hint="`vbatch explain` lists the faults of the shipped pipelines")
    return tuple(replace(fault, severity=severities.get(fault.code, fault.severity)) for fault in known)
