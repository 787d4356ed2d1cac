"""One run inside a task: what the command line does, with the task's log as its terminal."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Literal

from vbatch import run
from vbatch.airflow.validated import fingerprint
from vbatch.catalog import pipeline
from vbatch.cli.asked import Asked
from vbatch.cli.judge import size_of
from vbatch.cli.mask import visible
from vbatch.cli.outcome import Outcome
from vbatch.cli.progress import log as progress_log
from vbatch.cli.summary import summary
from vbatch.engines.published import report_in
from vbatch.errors import OutputError
from vbatch.lineage import Lineage, lineage_of, told_elsewhere
from vbatch.model.options import Options
from vbatch.model.report import Report
from vbatch.steps.read import expanded

VERBS = {"validate": run.validate, "load": run.load}


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """A finished run.

    Args:
        report: its account.
        exports: path, size and time of each file that it read, as they were before.
        before: whether it was loaded before, and the account is the stored one.
        lineage: what it read and wrote; None if nobody is going to ask.
    """

    report: Report
    exports: tuple[dict[str, Any], ...]
    before: bool
    lineage: Lineage | None


def work(verb: Literal["validate", "load"], sources: tuple[str, ...], used: str, options: Options, log: Any) -> Done:
    """Run, and write progress and summary to the log.

    Args:
        verb: what to do.
        sources: absolute paths of files and folders, and globs.
        used: name or absolute path of the pipeline.
        options: with absolute paths.
        log: the logger of the task.

    Raises:
        VbatchError: it could not run; nothing was published.
    """
    known = pipeline(used)
    files = expanded(sources)
    exports = tuple(fingerprint(path) for path in files if Path(path).is_file())
    began = datetime.now(UTC).isoformat(timespec="milliseconds")
    with _private(), told_elsewhere(), progress_log(size_of(files), write=log.info) as progress:

        def go() -> Report:
            return VERBS[verb](files, known, options, progress=progress, announce=lambda line: log.info("%s", visible(line)))

        try:
            report = go()
        except OutputError:
            if not _set_aside(options.out, log):
                raise
            report = go()
    before = report.started_at < began
    asked = Asked(sources=files, pipeline=used, options=options, format="text", quiet=False)
    for line in summary(Outcome(report=report, asked=asked, pipeline=known, before=before)):
        log.info("%s", line.plain.rstrip())
    return Done(report=report, exports=exports, before=before, lineage=lineage_of(report, known) if _lineage_wanted() else None)


def _set_aside(out: Path | None, log: Any) -> bool:
    """Move an earlier run that registered nothing out of the way: an export was mended, and its task cleared."""
    earlier = report_in(out) if out else None
    if out is None or earlier is None or earlier.status not in {"validated", "refused"}:
        return False
    aside = out.with_name(f"{out.name}.{earlier.run_id[:12]}")
    if aside.exists():
        return False
    out.rename(aside)
    log.info("the sources are not those of an earlier attempt, whose outputs are now in %s", aside)
    return True


@contextmanager
def _private() -> Iterator[None]:
    """Outputs and registry hold codes: whatever is created is the owner's alone."""
    mask = os.umask(0o077)
    try:
        yield
    finally:
        os.umask(mask)


def _lineage_wanted() -> bool:
    """Whether the OpenLineage provider is there and turned on."""
    if find_spec("airflow.providers.openlineage") is None:
        return False
    from airflow.providers.openlineage import conf  # noqa: PLC0415 - an optional provider

    return not conf.is_disabled()
