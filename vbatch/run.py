"""The straight line of a run: read, judge, settle, write, register, publish."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

import polars as pl

import vbatch
from vbatch.catalog import pipeline as catalog_pipeline
from vbatch.engines.account import report_of
from vbatch.engines.budget import memory_budget, refuse_full_disk
from vbatch.engines.ledger import Ledger
from vbatch.engines.local import LocalEngine
from vbatch.engines.outputs import write_outputs
from vbatch.engines.proof import prove
from vbatch.engines.published import REPORT, report_in
from vbatch.engines.resume import how_far
from vbatch.engines.sources import understand
from vbatch.errors import SourceError
from vbatch.lineage import emitting
from vbatch.model.engine import Engine, Job, Judged, Progress
from vbatch.model.identity import run_identity, work_identity
from vbatch.model.options import Options
from vbatch.model.part import Part, SettledPart
from vbatch.model.pipeline import Pipeline
from vbatch.model.report import Output, Report
from vbatch.model.rulebook import Rulebook, rulebook
from vbatch.model.stopwatch import Stopwatch
from vbatch.registry import Registry, Standing
from vbatch.steps.read import ChangedError, beforehand, expanded, exports
from vbatch.steps.rows import read_rows
from vbatch.steps.settle import settle
from vbatch.steps.verify import Difference, verify_run
from vbatch.steps.workspace import Workspace, abandoned, noted_parts, seal, workspace

Verb = Literal["validate", "load", "import"]
Announce = Callable[[str], None]


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


def bring_in(
    sources: Sequence[str | Path],
    pipeline: Pipeline | str,
    options: Options | None = None,
    *,
    progress: Progress = silent,
    announce: Announce = mute,
) -> Report:
    """Register the codes of exports of the target, which exist there already; nothing else is written. Otherwise as `load`."""
    return _Run.prepare("import", sources, pipeline, options=options or Options(), progress=progress, announce=announce).go()


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
    work: str
    options: Options
    ledger: Ledger
    engine: Engine
    progress: Progress
    announce: Announce
    watch: Stopwatch

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
        if verb != "validate":
            registry.upgrade()
        if options.corrects:
            options = replace(options, corrects=registry.resolve(options.corrects))
        rules = rulebook(pipeline)
        chosen = {
            "as_of": options.as_of.isoformat() if options.as_of else None,
            "allow_truncated": options.allow_truncated,
            "imported": verb == "import",
        }
        return cls(
            verb=verb,
            paths=expanded([str(path) for path in paths]),
            pipeline=pipeline,
            rulebook=rules,
            work=work_identity(pipeline, rules, chosen, vbatch.__version__),
            options=options,
            ledger=Ledger(registry=registry, verb=verb, pipeline=pipeline, options=options),
            engine=LocalEngine(),
            progress=progress,
            announce=announce,
            watch=Stopwatch(),
        )

    def go(self) -> Report:
        """Run it, and tell OpenLineage where that is configured."""
        with emitting(self.verb, self.pipeline, self.paths, self.announce) as told:
            return told(self._go())

    def _go(self) -> Report:
        started = datetime.now(UTC)
        identity = self._beforehand()
        place = self._place(identity)
        for work in () if self.options.out or self.verb == "import" else abandoned(place.parent):
            if self.ledger.make_up(work):
                work.remove()
        with workspace(place) as work:
            self.ledger.make_up(work)
            resumed = work.begin(identity, restart=self.options.restart)
            if recorded := self.ledger.recorded(self.paths, self.work):
                return recorded
            work.renew(work.scratch)
            job = self._read(work)
            refuse_full_disk(job.sources, work.judged, self.options.registry if self.verb != "validate" else None, csv=self.options.csv)
            judged = self._judge(job, work, identity if resumed else "")
            self._refuse_changed(identity)
            run_id = run_identity([account.sha256 for account in judged.accounts], self.work)
            out = self.ledger.place(run_id)
            while True:
                # Again as often as another run registers some of these codes after they were looked up.
                with self.ledger.registry.together():
                    if done := self.ledger.stored(run_id, out):
                        return done
                    since = self.ledger.standing(run_id)
                    registered = self._look_up(job, judged.parts, run_id, since)
                work.renew(work.out)
                parts, outputs = self._write(job, self._settle(job, judged.parts, registered))
                report = self._account(job, judged, parts, outputs, run_id=run_id, started=started)
                self._refuse_changed(identity)
                if done := self.ledger.commit(report, parts, work, out, since):
                    return done

    def _place(self, identity: str) -> Path:
        """Beside what the run works: its output, or the registry if that is all it changes."""
        if self.verb == "import":
            return self.options.registry.parent / f"import-{identity[:12]}"
        return self.options.out or Path("runs", identity[:12])

    def _beforehand(self) -> str:
        """What the run is, as far as it can be told without reading everything."""
        return beforehand(self.paths, self.work, self.pipeline.batch_rows)

    def _refuse_changed(self, identity: str) -> None:
        """While one source was read, another may have changed that was read before or looked at only."""
        if all(Path(path).is_file() for path in self.paths) and self._beforehand() != identity:
            hint = "wait until the exports are complete, then run again"
            raise SourceError("a source changed while the run read the others", hint=hint)

    def _read(self, work: Workspace) -> Job:
        found = exports(self.paths, work.scratch, self.pipeline.layout, allow_truncated=self.options.allow_truncated)
        return Job(
            sources=understand(found, self.pipeline, self.rulebook),
            rulebook=self.rulebook,
            batch_rows=self.pipeline.batch_rows,
            as_of=self.options.as_of,
            memory=memory_budget(self.options.memory),
            watch=self.watch,
            judged=work.judged,
            out=work.out,
            scratch=work.scratch,
        )

    def _judge(self, job: Job, work: Workspace, resumed: str) -> Judged:
        """Judge what is left to judge; `resumed` names the run that is gone on with, if one is."""
        self.ledger.warm_up()
        done = noted_parts(work.judged) if resumed else ()
        if done:
            self.announce(f"resuming {resumed[:8]}…: {how_far(job, done)}")
        try:
            return self.engine.judge(job, done, self.progress)
        except ChangedError as error:
            self.announce(f"{error.message}; starting over")
            work.renew(work.judged)
            return self.engine.judge(job, (), self.progress)

    def _look_up(self, job: Job, parts: Sequence[Part], run_id: str, since: Standing) -> pl.DataFrame:
        with self.watch.time("look up"):
            return self.ledger.lookup(parts, run_id, job.scratch, since)

    def _settle(self, job: Job, parts: Sequence[Part], registered: pl.DataFrame) -> Iterator[SettledPart]:
        def rows_of(part: Part) -> pl.DataFrame:
            return read_rows(part.rows).with_columns(_source=pl.lit(job.sources[part.source].path))

        with self.watch.time("settle"):
            verdicts = settle(parts, registered, rows_of, self.pipeline.on_conflict, job.memory)
        self.ledger.note_attempts(verdicts, parts, rows_of, job.scratch)
        return self.engine.settle(job, parts, verdicts)

    def _write(self, job: Job, parts: Iterator[SettledPart]) -> tuple[tuple[SettledPart, ...], tuple[Output, ...]]:
        """The parts, and what was written of them."""
        with self.watch.time("write"):
            return (tuple(parts), ()) if self.verb == "import" else write_outputs(job, parts, csv=self.options.csv)

    def _account(
        self, job: Job, judged: Judged, parts: Sequence[SettledPart], outputs: tuple[Output, ...], *, run_id: str, started: datetime
    ) -> Report:
        corrects, still_open = self.ledger.correction(parts, job.out)
        report = report_of(
            run_id=run_id,
            verb=self.verb,
            pipeline=self.pipeline,
            options=self.options,
            job=job,
            judged=judged,
            parts=parts,
            outputs=(*outputs, *still_open),
            corrects=corrects,
            started=started,
        )
        (job.out / REPORT).write_text(report.to_json(), encoding="utf-8")
        seal(job.out)
        return report
