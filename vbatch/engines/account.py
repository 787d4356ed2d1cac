"""The account of a run, from what its parts came to."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from importlib.metadata import version
from itertools import starmap
from typing import Any

from vbatch.model.batch import Tally, total
from vbatch.model.engine import Job, Judged
from vbatch.model.options import Options
from vbatch.model.part import SettledPart
from vbatch.model.pipeline import Pipeline
from vbatch.model.report import Output, Report, SourceReport, Status, totals_of
from vbatch.model.source import Account, Source

DONE: dict[str, Status] = {"validate": "validated", "load": "loaded", "import": "imported"}
"""How a run of each verb ends if all goes well."""


def report_of(
    *,
    run_id: str,
    verb: str,
    pipeline: Pipeline,
    options: Options,
    job: Job,
    judged: Judged,
    parts: Sequence[SettledPart],
    outputs: tuple[Output, ...],
    corrects: Mapping[str, Any] | None,
    started: datetime,
) -> Report:
    """Account for a run.

    Args:
        run_id: its identity.
        verb: validate, load or import.
        pipeline: what it was asked for.
        options: the same.
        job: what was to be read.
        judged: what was read.
        parts: what became of it.
        outputs: the files.
        corrects: what it mends.
        started: when it began.
    """
    finished = datetime.now(UTC)
    tallies = [total(part.tally for part in parts if part.source == position) for position in range(len(job.sources))]
    tally = total(tallies)
    over = options.over_limit(verb, tally.rejected, tally.records)
    return Report(
        run_id=run_id,
        verb=verb,
        pipeline=pipeline.name,
        scope=pipeline.scope,
        target=pipeline.target.name,
        status="refused" if over and verb != "validate" else DONE[verb],
        over_limit=over,
        started_at=started.isoformat(timespec="milliseconds"),
        finished_at=finished.isoformat(timespec="milliseconds"),
        seconds=round((finished - started).total_seconds(), 3),
        records=tally.records,
        accepted=tally.accepted,
        rejected=tally.rejected,
        discarded=tally.discarded,
        warned=tally.warned,
        faults={fault.code: tally.faults[fault.code] for fault in job.rulebook.book if fault.code in tally.faults},
        totals=totals_of(tally),
        sources=tuple(starmap(_source_report, zip(job.sources, judged.accounts, tallies, strict=True))),
        outputs=outputs,
        corrects=corrects,
        options=options.shown(verb) | {"batch_rows": pipeline.batch_rows, "format": pipeline.layout.format},
        versions={name: version(name) for name in ("vbatch", "polars", "pandera", "duckdb", "pyarrow")},
        timings=job.watch.seconds() if options.timings else None,
    )


def _source_report(source: Source, account: Account, tally: Tally) -> SourceReport:
    if account.records != tally.records:
        raise AssertionError(f"{source.path}: {account.records} records in the bytes, {tally.records} judged")
    return SourceReport(
        path=source.path,
        bytes=account.bytes,
        sha256=account.sha256,
        records=tally.records,
        counted=account.records,
        accepted=tally.accepted,
        rejected=tally.rejected,
        discarded=tally.discarded,
        blank_lines=account.blanks,
        truncated=source.truncated,
        replay=f"rejected/replay/{source.replay}",
        notes=source.binding.notes,
        reading={"shape": source.shape, "offset": source.offset, "line": source.line, "dialect": asdict(source.dialect)},
    )
