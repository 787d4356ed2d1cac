"""A finished run as the summary sees it."""

from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path

from vbatch.cli.asked import Asked
from vbatch.model.pipeline import Pipeline
from vbatch.model.report import Report

REPLAY = Path("rejected", "replay")


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """A report, and what it answers.

    Args:
        report: the account of the run.
        asked: the command line.
        pipeline: the pipeline that was used.
        before: whether the report is an earlier one, because the run was loaded before.
    """

    report: Report
    asked: Asked
    pipeline: Pipeline
    before: bool

    @property
    def folder(self) -> Path | None:
        """Where the files of the run are; None if only its report was kept."""
        return Path(self.report.path) if self.report.path else None

    @property
    def replays(self) -> tuple[str, ...]:
        """The files that hold rejected records, by name within `rejected/replay`; sources without any have one, too, that is not here."""
        return tuple(Path(source.replay).name for source in self.report.sources if source.rejected)

    def rows(self, fate: str) -> tuple[int, int]:
        """How many rows the Parquet parts of a fate hold, and how many parts there are."""
        parts = [output for output in self.report.outputs if fnmatch(output.path, f"{fate}/part-*.parquet")]
        return sum(part.rows or 0 for part in parts), len(parts)
