"""What a run has to do with the registry: it asks, registers, publishes, and makes up for a run that was killed between the two."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from threading import Thread
from typing import Any

import polars as pl

from vbatch.engines.correction import correction
from vbatch.engines.published import finished_in, free, report_in
from vbatch.errors import RegistryBusyError, RegistryError
from vbatch.model.identity import run_identity
from vbatch.model.options import Options
from vbatch.model.part import Part, SettledPart
from vbatch.model.pipeline import Pipeline
from vbatch.model.registered import Kind, RegisteredRun
from vbatch.model.report import Output, Report
from vbatch.registry import LOOKUP, CodesTakenError, Registry, RunKnownError, Standing, warm_up
from vbatch.steps.errors import guarded
from vbatch.steps.measure import sha256_of
from vbatch.steps.rows import read_rows, write_codes
from vbatch.steps.settle import TAKEN
from vbatch.steps.workspace import Workspace, publish

ATTEMPTS = "attempts.parquet"
STILL_OPEN = "still_open.csv"
ATTEMPT = {"code": pl.String, "_source": pl.String, "_record": pl.UInt64, "fault": pl.String}


@dataclass(frozen=True, slots=True, kw_only=True)
class Ledger:
    """The registry, as one run deals with it.

    Args:
        registry: the file.
        verb: validate asks only; load and import register.
        pipeline: whose scope the codes are in.
        options: what the run was asked for.
    """

    registry: Registry
    verb: str
    pipeline: Pipeline
    options: Options

    def standing(self, run_id: str) -> Standing:
        """How the registry stands before this run is looked up and registered."""
        return self.registry.standing(self.pipeline.scope, apart_from=run_id)

    def lookup(self, parts: Sequence[Part], run_id: str, scratch: Path, since: Standing) -> pl.DataFrame:
        """Which accepted rows hold a code that another run has registered, or that is used; `scratch` is for files on the way."""
        if not since.anything:
            return LOOKUP.to_frame()
        codes = [scratch / f"codes-{part.number:05d}.parquet" for part in parts]
        for part, file in zip(parts, codes, strict=True):
            write_codes(read_rows(part.rows)["code"], file)
        return self.registry.lookup(self.pipeline.scope, codes, apart_from=run_id)

    def warm_up(self) -> None:
        """Get ready, beside other work, for a registry that has to be made: one that is there was opened before."""
        if self.verb != "validate" and not self.registry.exists():
            Thread(target=warm_up).start()

    @property
    def kind(self) -> Kind:
        """As what the run is registered."""
        return "import" if self.verb == "import" else "load"

    def place(self, run_id: str) -> Path:
        """Where a run's output goes; OutputError if something else is there."""
        return free(self.options.out or Path("runs", run_id), run_id)

    def recorded(self, paths: Sequence[str], work: str) -> Report | None:
        """The report of this very run, if it was loaded before and that can be told from the sources without judging them.

        Their sizes say whether it can be: only where a recorded run had sources of the same are they hashed, whole. A stream has no size,
        and of an archive's members the report tells those that they unpack to: such a run is recognised by `stored` when it was judged.

        Args:
            paths: the sources, each a file or what is none, such as standard input.
            work: what is done with them, as `work_identity` tells it.
        """
        sizes = _sizes(paths)
        if sizes is None or not self._has_sizes(sizes):
            return None
        try:
            # One after the other in this thread, where signals are heard.
            hashes = [sha256_of(Path(path)) for path in paths]
        except OSError:
            # Whoever reads them next finds that out, too, and has words for it.
            return None
        run_id = run_identity(hashes, work)
        return self.stored(run_id, self.place(run_id))

    def stored(self, run_id: str, out: Path) -> Report | None:
        """The report of this very run, if it was loaded before."""
        earlier = report_in(out)
        if self.verb != "validate":
            run = self.registry.stored(run_id)
            if run is None or not earlier or earlier.to_json() != run.report:
                return Report.from_json(run.report) if run else None
        elif not earlier or earlier.run_id != run_id or earlier.status != "loaded":
            return None
        return replace(earlier, over_limit=self.options.over_limit(self.verb, earlier.rejected, earlier.records))

    def make_up(self, work: Workspace) -> bool:
        """Publish what an earlier run in this workspace registered and could not publish any more, if it did."""
        if (finished := finished_in(work.out)) is None or finished.status != "loaded":
            return False
        registries = self.registry, Registry(Path(finished.options["registry"]), wait=self.registry.wait)
        found = [run for one in registries if (run := one.stored(finished.run_id)) and run.report == finished.to_json()]
        if found:
            publish(work.out, free(Path(found[0].outputs), finished.run_id), work.aside)
        return bool(found)

    def correction(self, parts: Sequence[SettledPart], folder: Path) -> tuple[dict[str, Any] | None, tuple[Output, ...]]:
        """How far the run that this one corrects is mended once these parts are registered; None if it corrects none.

        What is still open goes to a file in the folder, which comes back, too.
        """
        if not self.options.corrects:
            return None, ()
        found = correction(self.registry, self.options.corrects, self.pipeline.scope, parts)
        if found.still_open is None:
            return found.told(), ()
        file = folder / STILL_OPEN
        guarded(found.still_open).write_csv(file)
        output = Output(path=file.name, bytes=file.stat().st_size, sha256=sha256_of(file), rows=found.still_open.height)
        return found.told(), (output,)

    def note_attempts(self, verdicts: pl.DataFrame, parts: Sequence[Part], rows_of: Callable[[Part], pl.DataFrame], scratch: Path) -> None:
        """Keep the rows that the registry turned away, for `commit` to register as attempts.

        Args:
            verdicts: of the set-wise pass: part, row, fault.
            parts: the judged parts.
            rows_of: the accepted rows of a part, with `_source`.
            scratch: where to.
        """
        frames = [pl.DataFrame(schema=ATTEMPT)]
        for (number, *_), rows in verdicts.filter(pl.col("fault").is_in(TAKEN)).partition_by("part", as_dict=True).items():
            found = rows_of(parts[int(number)]).select("code", "_source", "_record")[rows["row"].to_list()]
            frames.append(found.with_columns(rows["fault"].alias("fault")))
        pl.concat(frames).write_parquet(scratch / ATTEMPTS)

    def commit(self, report: Report, parts: Sequence[SettledPart], work: Workspace, out: Path, since: Standing) -> Report | None:
        """Register a run whose output is sealed in its workspace, and publish it.

        Args:
            report: of the run.
            parts: what it accepted.
            work: where its output is.
            out: where that goes.
            since: how the registry stood before the codes were looked up.

        Returns:
            Its report, or that of another process with the same input which was faster; None if another run has registered some of the
            codes since they were looked up, and they have to be looked up again.
        """
        try:
            self._register(report, parts, work.scratch / ATTEMPTS, out, since)
        except CodesTakenError:
            return None
        except RegistryBusyError:
            raise
        except RegistryError as error:
            if stored := self._registered_after_all(error, report.run_id, work, out):
                return stored
            raise
        if self.verb == "import":
            return report
        publish(work.out, out, work.aside)
        return replace(report, path=str(out))

    def _has_sizes(self, sizes: Sequence[int]) -> bool:
        """Whether a run that `stored` could find had sources of these sizes; validate looks into the output folder, if it was named."""
        if self.verb != "validate":
            return self.registry.has_sizes(self.pipeline.scope, self.kind, sizes)
        earlier = report_in(self.options.out) if self.options.out else None
        return earlier is not None and earlier.status == "loaded" and sorted(source.bytes for source in earlier.sources) == sizes

    def _register(self, report: Report, parts: Sequence[SettledPart], attempts: Path, out: Path, since: Standing) -> None:
        if report.status not in {"loaded", "imported"}:
            return
        run = RegisteredRun(
            run_id=report.run_id,
            scope=self.pipeline.scope,
            pipeline=self.pipeline.name,
            registered_at=datetime.now(UTC),
            sources=tuple(source.path for source in report.sources),
            report=report.to_json(),
            kind=self.kind,
            corrects=self.options.corrects,
            outputs="" if self.verb == "import" else str(out.absolute()),
        )
        self.registry.register(run, [part.accepted for part in parts], attempts=attempts, since=since)

    def _registered_after_all(self, error: RegistryError, run_id: str, work: Workspace, out: Path) -> Report | None:
        """The stored report, if the run is registered whatever the error says: by another process, or by a commit before the error."""
        if isinstance(error, RunKnownError):
            return self.stored(run_id, out)
        # Not waiting for the registry, since what holds it may be the failure itself.
        asked = replace(self, registry=Registry(self.options.registry, wait=0))
        try:
            asked.make_up(work)
            return asked.stored(run_id, out)
        except RegistryError:
            return None


def _sizes(paths: Sequence[str]) -> list[int] | None:
    """Bytes of each source, in ascending order; None if one has no size before it is read, or is named twice, which will be refused."""
    if len({*paths}) < len(paths) or not all(path != "-" and Path(path).is_file() for path in paths):
        return None
    try:
        return sorted(Path(path).stat().st_size for path in paths)
    except OSError:
        return None
