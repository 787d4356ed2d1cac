"""The one Protocol: who judges the sources of a run, and where the parts land."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Protocol

import polars as pl

from vbatch.model.part import Part, SettledPart
from vbatch.model.rulebook import Rulebook
from vbatch.model.source import Account, Source
from vbatch.model.stopwatch import Stopwatch


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """What an engine is to judge.

    Args:
        sources: the exports, in order.
        rulebook: the pipeline's types, rules and faults.
        batch_rows: records judged at a time.
        as_of: the instant that expiry is judged against, if any.
        memory: bytes that batches in flight and keys may use together.
        watch: where the engine times its phases.
        judged: the folder of judged parts, which outlives an interrupted run.
        out: the folder that will be published.
        scratch: a folder for what only this execution needs.
    """

    sources: tuple[Source, ...]
    rulebook: Rulebook
    batch_rows: int
    as_of: datetime | None
    memory: int
    watch: Stopwatch
    judged: Path
    out: Path
    scratch: Path

    @property
    def metadata(self) -> tuple[str, ...]:
        """Names of the metadata fields over all sources, in the order of their first appearance."""
        return tuple(dict.fromkeys(name for source in self.sources for name, _ in source.binding.metadata))


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """What an engine found: the parts in order, and an account of each source."""

    parts: tuple[Part, ...]
    accounts: tuple[Account, ...]


Progress = Callable[[int, int, int], None]
"""Told after each part: bytes of the sources read, records judged and records rejected so far."""


class Engine(Protocol):
    """Judges every record of a job on its own, then takes verdicts about the whole set."""

    def judge(self, job: Job, done: Sequence[Part], progress: Progress) -> Judged:
        """Read, convert and check everything behind the parts that are done."""

    def settle(self, job: Job, parts: Sequence[Part], verdicts: pl.DataFrame) -> Iterator[SettledPart]:
        """Lay out the parts to be published, in order, without the rows that the set-wise pass found fault with."""
