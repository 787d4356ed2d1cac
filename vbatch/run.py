"""The straight line of a run: read, judge, settle, write, register, publish."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from importlib.metadata import version
from itertools import chain, count, starmap
from pathlib import Path
from typing import Literal

import vbatch
from vbatch.catalog import pipeline as catalog_pipeline
from vbatch.engines.local import LocalEngine
from vbatch.engines.outputs import write_outputs
from vbatch.errors import OutputError, SourceError
from vbatch.model.batch import Tally, total
from vbatch.model.engine import Engine, Job, Judged, Progress
from vbatch.model.identity import run_identity
from vbatch.model.options import Options
from vbatch.model.part import Part
from vbatch.model.pipeline import Pipeline
from vbatch.model.registered import RegisteredRun
from vbatch.model.report import Output, Report, SourceReport, Status, totals_of
from vbatch.model.rulebook import Rulebook, rulebook
from vbatch.model.source import Account, Source
from vbatch.registry import CodesTakenError, Registry
from vbatch.steps.bind import bind
from vbatch.steps.read import Export, exports, read_head
from vbatch.steps.settle import settle
from vbatch.steps.verify import Difference, verify_run
from vbatch.steps.workspace import publish, workspace

Verb = Literal["validate", "load"]
REPORT = "report.json"
PACKED = re.compile(r"(?:\.(?:gz|bz2|xz|zst|zip))+$")


def silent(_done: int, _records: int, _rejected: int) -> None:
    """No progress."""


def validate(
    sources: Sequence[str | Path], pipeline: Pipeline | str, options: Options | None = None, *, progress: Progress = silent
) -> Report:
    """Judge exports and write all outputs; the registry is asked, not changed.

    Args:
        sources: paths of the exports.
        pipeline: a Pipeline, the name of a shipped one, or the path of a .py file.
        options: where outputs and registry are, and limits.
        progress: told after each batch.

    Returns:
        The report, as in report.json.

    Raises:
        VbatchError: it could not run; nothing was published.
    """
    return _Run.prepare("validate", sources, pipeline, options or Options(), progress).go()


def load(sources: Sequence[str | Path], pipeline: Pipeline | str, options: Options | None = None, *, progress: Progress = silent) -> Report:
    """Judge exports, write all outputs and register what was accepted, as one step.

    A run that is registered already is not run again: its stored report comes back. Arguments and errors as of `validate`.
    """
    return _Run.prepare("load", sources, pipeline, options or Options(), progress).go()


def verify(out: str | Path) -> tuple[Difference, ...]:
    """Hold a run's files against its report: every hash, count and sum. Empty if all is as it says."""
    return verify_run(Path(out))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Run:
    """One execution: what it was asked for, worked out."""

    verb: Verb
    paths: tuple[str, ...]
    pipeline: Pipeline
    rulebook: Rulebook
    options: Options
    registry: Registry
    engine: Engine
    progress: Progress

    @classmethod
    def prepare(cls, verb: Verb, paths: Sequence[str | Path], given: Pipeline | str, options: Options, progress: Progress) -> "_Run":
        """Find out whether the run can start: pipeline, output folder and registry."""
        pipeline = catalog_pipeline(given) if isinstance(given, str) else given
        pipeline = replace(pipeline, scope=options.scope or pipeline.scope, batch_rows=options.batch_rows or pipeline.batch_rows)
        if not paths:
            raise SourceError("there is nothing to read", hint="name at least one export")
        if options.out:
            report_in(options.out)
        registry = Registry(options.registry, wait=options.wait)
        if verb == "load":
            registry.upgrade()
        return cls(
            verb=verb,
            paths=tuple(str(path) for path in paths),
            pipeline=pipeline,
            rulebook=rulebook(pipeline),
            options=options,
            registry=registry,
            engine=LocalEngine(),
            progress=progress,
        )

    def go(self) -> Report:
        """Run it."""
        started = datetime.now(UTC)
        with workspace(self.options.out or Path("runs", "run")) as work:
            job = self._job(work)
            judged = self.engine.judge(job, self.progress)
            run_id = self._identity(judged)
            if stored := self._stored(run_id):
                return stored
            out = self._free(run_id)
            parts = judged.parts
            while True:
                parts = self._settled(job, parts, run_id)
                outputs = write_outputs(job, parts, csv=self.options.csv)
                report = self._report(run_id=run_id, job=job, judged=judged, parts=parts, outputs=outputs, started=started)
                (job.out / REPORT).write_text(report.to_json(), encoding="utf-8")
                try:
                    self._register(report, parts)
                except CodesTakenError:
                    # Another run registered some of these codes after they were looked up: they lose them now.
                    (job.out / REPORT).unlink()
                    continue
                publish(job.out, out)
                return replace(report, path=str(out))

    def _job(self, work: Path) -> Job:
        out, scratch = work / "out", work / "scratch"
        out.mkdir()
        scratch.mkdir()
        found = exports(self.paths, scratch, self.pipeline.layout, allow_truncated=self.options.allow_truncated)
        return Job(
            sources=_understand(found, self.pipeline, self.rulebook),
            rulebook=self.rulebook,
            batch_rows=self.pipeline.batch_rows,
            as_of=self.options.as_of,
            out=out,
            scratch=scratch,
        )

    def _identity(self, judged: Judged) -> str:
        as_of = self.options.as_of.isoformat() if self.options.as_of else None
        hashes = [account.sha256 for account in judged.accounts]
        return run_identity(hashes, self.pipeline, self.rulebook, {"as_of": as_of}, vbatch.__version__)

    def _stored(self, run_id: str) -> Report | None:
        """The report of this very run, if it was loaded before."""
        out = self.options.out or Path("runs", run_id)
        if (earlier := report_in(out)) and earlier.run_id == run_id and earlier.status == "loaded":
            return earlier
        if self.verb == "load" and (run := self.registry.stored(run_id)):
            return Report.from_json(run.report)
        return None

    def _free(self, run_id: str) -> Path:
        """Where the run is published; OutputError if another run is there."""
        out = self.options.out or Path("runs", run_id)
        if (earlier := report_in(out)) and earlier.run_id != run_id:
            raise OutputError(f"{out}: holds another run, {earlier.run_id[:12]}", hint="choose another folder with -o, or remove this one")
        return out

    def _settled(self, job: Job, parts: tuple[Part, ...], run_id: str) -> tuple[Part, ...]:
        registered = self.registry.lookup(self.pipeline.scope, [part.accepted for part in parts], apart_from=run_id)
        return self.engine.amend(job, parts, settle(parts, registered, self.pipeline.on_conflict))

    def _report(
        self, *, run_id: str, job: Job, judged: Judged, parts: Sequence[Part], outputs: tuple[Output, ...], started: datetime
    ) -> Report:
        finished = datetime.now(UTC)
        tallies = [total(part.tally for part in parts if part.source == position) for position in range(len(job.sources))]
        tally = total(tallies)
        limit = self.options.limit(self.verb)
        over = limit is not None and not limit.allows(tally.rejected, tally.records)
        status: Status = "validated" if self.verb == "validate" else "refused" if over else "loaded"
        return Report(
            run_id=run_id,
            verb=self.verb,
            pipeline=self.pipeline.name,
            scope=self.pipeline.scope,
            target=self.pipeline.target.name,
            status=status,
            over_limit=over,
            started_at=started.isoformat(timespec="milliseconds"),
            finished_at=finished.isoformat(timespec="milliseconds"),
            seconds=round((finished - started).total_seconds(), 3),
            records=tally.records,
            accepted=tally.accepted,
            rejected=tally.rejected,
            discarded=tally.discarded,
            warned=tally.warned,
            faults={fault.code: tally.faults[fault.code] for fault in self.rulebook.book if fault.code in tally.faults},
            totals=totals_of(tally),
            sources=tuple(starmap(_source_report, zip(job.sources, judged.accounts, tallies, strict=True))),
            outputs=outputs,
            options=self.options.shown(self.verb) | {"batch_rows": self.pipeline.batch_rows},
            versions={"vbatch": vbatch.__version__} | {name: version(name) for name in ("polars", "pandera", "duckdb", "pyarrow")},
        )

    def _register(self, report: Report, parts: Sequence[Part]) -> None:
        if report.status == "loaded":
            run = RegisteredRun(
                run_id=report.run_id,
                scope=self.pipeline.scope,
                pipeline=self.pipeline.name,
                registered_at=datetime.now(UTC),
                sources=tuple(source.path for source in report.sources),
                report=report.to_json(),
            )
            self.registry.register(run, [part.accepted for part in parts])


def report_in(out: Path) -> Report | None:
    """The report of the run in a folder; None if the folder does not exist or is empty.

    Raises:
        OutputError: the folder holds something else.
    """
    if not out.exists():
        return None
    try:
        if not any(out.iterdir()):
            return None
        return Report.from_json((out / REPORT).read_text(encoding="utf-8"), str(out))
    except NotADirectoryError as error:
        raise OutputError(f"{out}: is a file", hint="name a folder with -o") from error
    except FileNotFoundError as error:
        raise OutputError(f"{out}: is not empty and holds no run", hint="choose another folder with -o") from error
    except OSError as error:
        raise OutputError(f"{out}: cannot be read: {error.strerror}", hint="check its permissions") from error
    except (ValueError, KeyError, TypeError) as error:
        raise OutputError(f"{out / REPORT}: is not a report of this version", hint="choose another folder with -o") from error


def _understand(found: Sequence[Export], pipeline: Pipeline, rulebook: Rulebook) -> tuple[Source, ...]:
    names = replay_names([export.path for export in found])
    return tuple(_source(export, name, pipeline, rulebook) for export, name in zip(found, names, strict=True))


def _source(export: Export, replay: str, pipeline: Pipeline, rulebook: Rulebook) -> Source:
    head = read_head(export.file, export.path, pipeline.layout)
    return Source(
        path=export.path,
        file=export.file,
        packed=export.packed,
        truncated=export.truncated,
        replay=replay,
        shape=head.shape,
        dialect=head.dialect,
        binding=bind(pipeline.layout, rulebook, head.header, export.path),
        offset=head.offset,
        line=head.line,
        positions=head.positions,
        frame=head.frame,
    )


def replay_names(paths: Sequence[str]) -> tuple[str, ...]:
    """The file name of each source's rejected records.

    It is the source's own; without the endings of compression, and without any folder that an archive's member names; numbered if another
    source of the run has it, too. Rows of tables are written as JSON objects.
    """
    names: list[str] = []
    for path in paths:
        own = PACKED.sub("", Path(path.replace(":", "/").replace("\\", "/")).name)
        own = "stdin" if own in {"-", "", ".."} else own
        own += ".ndjson" if own.endswith((".parquet", ".xlsx")) else ""
        numbered = chain([own], (f"{number}-{own}" for number in count(2)))
        names.append(next(name for name in numbered if name not in names))
    return tuple(names)


def _source_report(source: Source, account: Account, tally: Tally) -> SourceReport:
    if account.records != tally.records:
        raise AssertionError(f"{source.path}: {account.records} records in the bytes, {tally.records} judged")
    return SourceReport(
        path=source.path,
        bytes=account.bytes,
        sha256=account.sha256,
        records=tally.records,
        accepted=tally.accepted,
        rejected=tally.rejected,
        discarded=tally.discarded,
        blank_lines=account.blanks,
        truncated=source.truncated,
        notes=source.binding.notes,
    )
