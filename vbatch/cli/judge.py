"""The body of `validate`, `load` and `registry import`: run, render, exit code."""

import re
import signal
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

import click

from vbatch import run
from vbatch.catalog import pipeline
from vbatch.cli.asked import Asked
from vbatch.cli.mask import visible
from vbatch.cli.outcome import Outcome
from vbatch.cli.progress import progress
from vbatch.cli.screen import data, tell
from vbatch.model.report import Report

UNPACKED = re.compile(r"\.(gz|bz2|xz|zst|zip|parquet|xlsx)$", re.IGNORECASE)
VERBS = {"validate": run.validate, "load": run.load, "import": run.bring_in}


class StoppedError(click.Abort):
    """The user or the scheduler stopped a run."""

    hint = "run the same command again to continue; what is finished is kept"


def judge(verb: Literal["validate", "load", "import"], asked: Asked) -> int:
    """Run, tell the result, and say with the exit code whether too many rows were rejected."""
    # Polars has put a handler of its own before Python's, and with it Ctrl-C would wait until a slow pipe gives its next bytes.
    signal.siginterrupt(signal.SIGINT, True)  # noqa: FBT003 - takes no keywords
    used = pipeline(asked.pipeline)
    began = datetime.now(UTC).isoformat(timespec="milliseconds")
    try:
        with progress(size_of(asked.sources), quiet=asked.quiet) as told:
            report = VERBS[verb](asked.sources, used, asked.options, progress=told, announce=_announcer(asked))
    except KeyboardInterrupt as error:
        raise StoppedError from error
    if not asked.quiet:
        from vbatch.cli.summary import summary  # noqa: PLC0415 - imports rich

        tell(summary(Outcome(report=report, asked=asked, pipeline=used, before=_before(report, began))))
    if asked.format == "json":
        data(report.to_json())
    return 1 if report.over_limit else 0


def _announcer(asked: Asked) -> Callable[[str], None]:
    """Says on stderr what people should know while it runs."""

    def announce(sentence: str) -> None:
        if not asked.quiet:
            from rich.text import Text  # noqa: PLC0415 - there is seldom anything

            tell([Text(visible(sentence))])

    return announce


def _before(report: Report, began: str) -> bool:
    """Whether the report is an earlier one: the run was loaded before."""
    return report.started_at < began


def size_of(sources: Sequence[str]) -> int:
    """Bytes of all sources; 0 where that is not known before, as of folders, of standard input and of what must be unpacked."""
    files = [Path(source) for source in sources]
    if not all(file.is_file() and not UNPACKED.search(file.name) for file in files):
        return 0
    return sum(file.stat().st_size for file in files)
