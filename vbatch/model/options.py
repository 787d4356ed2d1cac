"""What a run is asked for."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from vbatch.errors import PipelineError


@dataclass(frozen=True, slots=True)
class Limit:
    """How many rejected rows are too many: a number, or a percentage of the records.

    Args:
        number: the number or the percentage.
        percent: which of the two it is.
    """

    number: float
    percent: bool = False

    @classmethod
    def parse(cls, text: str) -> "Limit":
        """Read "100" or "2.5%"; PipelineError for anything else."""
        match = re.fullmatch(r"(\d+(?:\.\d+)?)(%?)", text.strip())
        if not match or (not match[2] and "." in match[1]) or (match[2] and float(match[1]) > 100):  # noqa: PLR2004 - percent
            raise PipelineError(f"{text!r} is not a number of rows or a percentage", hint="write 100 or 2.5%")
        return cls(float(match[1]), percent=bool(match[2]))

    def __str__(self) -> str:
        return f"{self.number:g}{'%' if self.percent else ''}"

    def allows(self, rejected: int, records: int) -> bool:
        """Whether so many rejected rows of so many records are within the limit."""
        return rejected * 100 <= self.number * records if self.percent else rejected <= self.number


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What a run is asked for besides its sources and its pipeline.

    Args:
        out: output folder; None for runs/<run_id>.
        registry: DuckDB file of the existing codes.
        scope: instead of the pipeline's.
        max_rejected: rejected rows that are still fine; None for the verb's own default.
        as_of: instant that expiry is judged against, with a zone, kept in UTC; None to leave expiry unjudged.
        csv: whether CSV twins of the Parquet parts are written.
        wait: seconds to wait for a registry that another run holds.
        allow_truncated: whether a compressed source that ends early is judged as far as it goes.
        restart: whether what an interrupted run finished is thrown away.
        batch_rows: instead of the pipeline's.
        corrects: the run whose rejected records this load mends, by its id or the beginning of it.
        memory: bytes of memory for what grows with the input; None for a quarter of the machine's.
        timings: whether the report tells the seconds of each phase.
    """

    out: Path | None = None
    registry: Path = Path("codes.duckdb")
    scope: str | None = None
    max_rejected: Limit | None = None
    as_of: datetime | None = None
    csv: bool = False
    wait: float = 600.0
    batch_rows: int | None = None
    allow_truncated: bool = False
    restart: bool = False
    corrects: str | None = None
    memory: int | None = None
    timings: bool = False

    def __post_init__(self) -> None:
        if self.as_of is not None:
            if self.as_of.tzinfo is None:
                raise PipelineError(f"as_of {self.as_of.isoformat()} has no time zone", hint="write the instant with its offset or in UTC")
            object.__setattr__(self, "as_of", self.as_of.astimezone(UTC))

    def limit(self, verb: str) -> Limit | None:
        """How many rejected rows are still fine: as given, else none for validate and any number for load."""
        return self.max_rejected or (Limit(0) if verb == "validate" else None)

    def over_limit(self, verb: str, rejected: int, records: int) -> bool:
        """Whether so many rejected rows are more than the run allows."""
        limit = self.limit(verb)
        return limit is not None and not limit.allows(rejected, records)

    def shown(self, verb: str) -> dict[str, Any]:
        """The options as the report tells them."""
        limit = self.limit(verb)
        return {
            "registry": str(self.registry),
            "scope": self.scope,
            "max_rejected": str(limit) if limit else None,
            "as_of": self.as_of.isoformat() if self.as_of else None,
            "csv": self.csv,
            "allow_truncated": self.allow_truncated,
        }
