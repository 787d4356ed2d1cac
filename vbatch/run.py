"""The straight line of a run: read, judge, settle, write, register, publish."""

import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from importlib.metadata import version
from itertools import chain, count, starmap
from pathlib import Path
from typing import Literal

import polars as pl

import vbatch
from vbatch.catalog import pipeline as catalog_pipeline
from vbatch.engines.local import LocalEngine
from vbatch.engines.outputs import write_outputs
from vbatch.engines.proof import prove
from vbatch.errors import OutputError, RegistryBusyError, RegistryError, SourceError
from vbatch.model.batch import Tally, total
from vbatch.model.engine import Engine, Job, Judged, Progress
from vbatch.model.identity import run_identity
from vbatch.model.options import Options
from vbatch.model.part import Part, SettledPart
from vbatch.model.pipeline import Pipeline
from vbatch.model.registered import RegisteredRun
from vbatch.model.report import Output, Report, SourceReport, Status, totals_of
from vbatch.model.rulebook import Rulebook, rulebook
from vbatch.model.source import Account, Source
from vbatch.registry import CodesTakenError, Registry
from vbatch.steps.bind import bind
from vbatch.steps.read import ChangedError, Export, beforehand, expanded, exports, read_head
from vbatch.steps.rows import read_rows
from vbatch.steps.settle import settle
from vbatch.steps.verify import Difference, verify_run
from vbatch.steps.workspace import Workspace, abandoned, noted_parts, publish, seal, workspace

Verb = Literal["validate", "load"]
Announce = Callable[[str], None]
REPORT = "report.json"
PACKED = re.compile(r"(?:\.(?:gz|bz2|xz|zst|zip))+$")


def silent(_done: int, _records: int, _rejected: int) -> None:
    """No progress."""


def mute(_line: str) -> None:
    """No announcements."""


def validate(
    sources: Sequence[str | Path],
    pipeline: Pipeline | str,
    options: Options | None = None,
    *,
    progress: Progress = silent,
    announce: Announce = mute,
) -> Report:
    """Judge exports and write all outputs; the registry is asked, not changed.

    Args:
        sources: paths of the exports.
        pipeline: a Pipeline, the name of a shipped one, or the path of a .py file.
        options: where outputs and registry are, and limits.
        progress: told after each batch.
        announce: told, in a sentence, what people should know while it runs, such as that an interrupted run is resumed.

    Returns:
        The report, as in report.json.

    Raises:
        VbatchError: it could not run; nothing was published.
    """
    return _Run.prepare("validate", sources, pipeline, options=options or Options(), progress=progress, announce=announce).go()


def load(
    sources: Sequence[str | Path],
    pipeline: Pipeline | str,
    options: Options | None = None,
    *,
    progress: Progress = silent,
    announce: Announce = mute,
) -> Report:
    """Judge exports, write all outputs and register what was accepted, as one step.

    A run that is registered already is not run again: its stored report comes back. Arguments and errors as of `validate`.
    """
    return _Run.prepare("load", sources, pipeline, options=options or Options(), progress=progress, announce=announce).go()


def verify(out: str | Path, against: Sequence[str | Path] = ()) -> tuple[Difference, ...]:
    """Hold a run's files against its report: every hash, count and sum. Empty if all is as it says.

    Args:
        out: the output folder.
        against: the sources, in the order of the run; every byte of them must belong to exactly one record, blank line or header.

    Raises:
        OutputError: the folder holds no run.
        SourceError: a source cannot be read.
    """
    found = verify_run(Path(out))
    return found if found or not against else prove(Path(out), [str(path) for path in against])


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
    announce: Announce

    @classmethod
    def prepare(
        cls,
        verb: Verb,
        paths: Sequence[str | Path],
        given: Pipeline | str,
        *,
        options: Options,
        progress: Progress,
        announce: Announce,
    ) -> "_Run":
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
            paths=expanded([str(path) for path in paths]),
            pipeline=pipeline,
            rulebook=rulebook(pipeline),
            options=options,
            registry=registry,
            engine=LocalEngine(),
            progress=progress,
            announce=announce,
        )

    def go(self) -> Report:
        """Run it."""
        started = datetime.now(UTC)
        identity = self._beforehand()
        place = self.options.out or Path("runs", identity[:12])
        for work in () if self.options.out else abandoned(place.parent):
            self._make_up(work)
        with workspace(place) as work:
            self._make_up(work)
            resumed = work.begin(identity, restart=self.options.restart)
            work.renew(work.scratch)
            job = self._job(work)
            judged = self._judged(job, work, resumed=resumed)
            run_id = self._identity(judged)
            out = self._free(run_id)
            if stored := self._stored(run_id, out):
                return stored
            while True:
                work.renew(work.out)
                parts = self._settled(job, judged.parts, run_id)
                outputs = write_outputs(job, parts, csv=self.options.csv)
                report = self._report(run_id=run_id, job=job, judged=judged, parts=parts, outputs=outputs, started=started)
                (job.out / REPORT).write_text(report.to_json(), encoding="utf-8")
                seal(job.out)
                try:
                    self._register(report, parts)
                except CodesTakenError:
                    # Another run registered some of these codes after they were looked up: they lose them now.
                    continue
                except RegistryBusyError:
                    raise
                except RegistryError:
                    # It may be registered all the same: by a commit before the error, or by another process with the same input.
                    self._make_up(work)
                    if stored := self._stored(run_id, out):
                        return stored
                    raise
                publish(job.out, out, work.aside)
                return replace(report, path=str(out))

    def _beforehand(self) -> str:
        """What the run is, as far as it can be told without reading everything."""
        return beforehand(self.paths, self._identity_of([]), self.pipeline.batch_rows)

    def _job(self, work: Workspace) -> Job:
        found = exports(self.paths, work.scratch, self.pipeline.layout, allow_truncated=self.options.allow_truncated)
        return Job(
            sources=_understand(found, self.pipeline, self.rulebook),
            rulebook=self.rulebook,
            batch_rows=self.pipeline.batch_rows,
            as_of=self.options.as_of,
            judged=work.judged,
            out=work.out,
            scratch=work.scratch,
        )

    def _judged(self, job: Job, work: Workspace, *, resumed: bool) -> Judged:
        done = noted_parts(work.judged) if resumed else ()
        if done:
            share = done[-1].tally.records and sum(part.span.size for part in done) / max(
                1, sum(source.file.stat().st_size for source in job.sources)
            )
            self.announce(f"resuming: {len(done)} of about {max(len(done), round(len(done) / share))} batches done")
        try:
            return self.engine.judge(job, done, self.progress)
        except ChangedError as error:
            self.announce(f"{error.message}; starting over")
            work.renew(work.judged)
            return self.engine.judge(job, (), self.progress)

    def _identity(self, judged: Judged) -> str:
        return self._identity_of([account.sha256 for account in judged.accounts])

    def _identity_of(self, hashes: Sequence[str]) -> str:
        options = {
            "as_of": self.options.as_of.isoformat() if self.options.as_of else None,
            "allow_truncated": self.options.allow_truncated,
        }
        return run_identity(hashes, self.pipeline, self.rulebook, options, vbatch.__version__)

    def _make_up(self, work: Workspace) -> None:
        """Do what an earlier run in this workspace had decided to do and could not do any more: publish what is registered."""
        if (replaced := finished_in(work.aside)) and not (out := self._out(replaced.run_id)).exists():
            work.aside.rename(out)
        if (finished := finished_in(work.out)) and finished.status == "loaded":
            registries = self.registry, Registry(Path(finished.options["registry"]), wait=self.options.wait)
            if any((run := one.stored(finished.run_id)) and run.report == finished.to_json() for one in registries):
                publish(work.out, self._free(finished.run_id), work.aside)

    def _stored(self, run_id: str, out: Path) -> Report | None:
        """The report of this very run, if it was loaded before."""
        earlier = report_in(out)
        if self.verb == "load":
            run = self.registry.stored(run_id)
            if run is None or not earlier or earlier.to_json() != run.report:
                return Report.from_json(run.report) if run else None
        elif not earlier or earlier.run_id != run_id or earlier.status != "loaded":
            return None
        return replace(earlier, over_limit=self._over_limit(earlier.rejected, earlier.records))

    def _out(self, run_id: str) -> Path:
        return self.options.out or Path("runs", run_id)

    def _free(self, run_id: str) -> Path:
        """Where the run is published; OutputError if another run is there."""
        out = self._out(run_id)
        if (earlier := report_in(out)) and earlier.run_id != run_id:
            raise OutputError(f"{out}: holds another run, {earlier.run_id[:12]}", hint="choose another folder with -o, or remove this one")
        return out

    def _over_limit(self, rejected: int, records: int) -> bool:
        limit = self.options.limit(self.verb)
        return limit is not None and not limit.allows(rejected, records)

    def _settled(self, job: Job, parts: Sequence[Part], run_id: str) -> tuple[SettledPart, ...]:
        registered = self.registry.lookup(self.pipeline.scope, [part.codes for part in parts], apart_from=run_id)

        def rows_of(part: Part) -> pl.DataFrame:
            return read_rows(part.rows).with_columns(_source=pl.lit(job.sources[part.source].path))

        return self.engine.settle(job, parts, settle(parts, registered, rows_of, self.pipeline.on_conflict))

    def _report(
        self, *, run_id: str, job: Job, judged: Judged, parts: Sequence[SettledPart], outputs: tuple[Output, ...], started: datetime
    ) -> Report:
        finished = datetime.now(UTC)
        tallies = [total(part.tally for part in parts if part.source == position) for position in range(len(job.sources))]
        tally = total(tallies)
        over = self._over_limit(tally.rejected, tally.records)
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
            options=self.options.shown(self.verb) | {"batch_rows": self.pipeline.batch_rows, "format": self.pipeline.layout.format},
            versions={"vbatch": vbatch.__version__} | {name: version(name) for name in ("polars", "pandera", "duckdb", "pyarrow")},
        )

    def _register(self, report: Report, parts: Sequence[SettledPart]) -> None:
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


def finished_in(out: Path) -> Report | None:
    """The report in a workspace's output, if there is one and it is whole."""
    try:
        return Report.from_json((out / REPORT).read_bytes().decode())
    except (OSError, ValueError, KeyError, TypeError):
        return None


def report_in(out: Path) -> Report | None:
    """The report of the run in a folder; None if the folder does not exist or is empty.

    Raises:
        OutputError: the folder holds something else.
    """
    try:
        if not out.exists() or not any(out.iterdir()):
            return None
        return Report.from_json((out / REPORT).read_bytes().decode(), str(out))
    except NotADirectoryError as error:
        raise OutputError(f"{out}: is a file", hint="name a folder with -o") from error
    except FileNotFoundError as error:
        raise OutputError(f"{out}: is not empty and holds no run", hint="choose another folder with -o") from error
    except OSError as error:
        raise OutputError(f"{out}: cannot be read: {error.strerror}", hint="check the path and its permissions") from error
    except (ValueError, KeyError, TypeError) as error:
        raise OutputError(f"{out / REPORT}: is not a report of this version", hint="choose another folder with -o") from error


def _understand(found: Sequence[Export], pipeline: Pipeline, rulebook: Rulebook) -> tuple[Source, ...]:
    paths = [export.path for export in found]
    doubled = next((path for path, times in Counter(paths).items() if times > 1), None)
    if doubled:
        raise SourceError(f"{doubled}: is named twice", hint="name each source once; a record is known by its source and its number")
    names = _replay_names(paths)
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


def _replay_names(paths: Sequence[str]) -> tuple[str, ...]:
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
