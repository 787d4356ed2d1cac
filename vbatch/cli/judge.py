"""The body of `validate` and `load`: run, render, exit code."""

import re
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

import click

from vbatch import run
from vbatch.catalog import pipeline
from vbatch.cli.asked import Asked
from vbatch.cli.outcome import Outcome
from vbatch.cli.progress import progress
from vbatch.cli.screen import data, tell
from vbatch.cli.summary import summary
from vbatch.model.report import Report

UNPACKED = re.compile(r"\.(gz|bz2|xz|zst|zip|parquet|xlsx)$", re.IGNORECASE)
VERBS = {"validate": run.validate, "load": run.load}


class StoppedError(click.Abort):
    """The user or the scheduler stopped a run."""


def judge(verb: Literal["validate", "load"], asked: Asked) -> int:
    """Run, tell the result, and say with the exit code whether too many rows were rejected."""
    used = pipeline(asked.pipeline)
    began = datetime.now(UTC).isoformat(timespec="milliseconds")
    try:
        with progress(_size(asked.sources), quiet=asked.quiet) as told:
            report = VERBS[verb](asked.sources, used, asked.options, progress=told)
    except KeyboardInterrupt as error:
        raise StoppedError("interrupted; nothing was published") from error
    if not asked.quiet:
        tell(summary(Outcome(report=report, asked=asked, pipeline=used, before=_before(report, began))))
    if asked.format == "json":
        data(report.to_json())
    return 1 if report.over_limit else 0


def _before(report: Report, began: str) -> bool:
    """Whether the report is an earlier one: the run was loaded before."""
    return report.started_at < began


def _size(sources: Sequence[str]) -> int:
    """Bytes of all sources; 0 where that is not known before, as of folders, of standard input and of what must be unpacked."""
    files = [Path(source) for source in sources]
    if not all(file.is_file() and not UNPACKED.search(file.name) for file in files):
        return 0
    return sum(file.stat().st_size for file in files)
