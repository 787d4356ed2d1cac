"""Validate and load as tasks. What only running needs is imported in `execute`, so that DAG files are read quickly."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from airflow.providers.common.compat.sdk import (
    AirflowFailException,
    AirflowSkipException,
    Asset,
    BaseOperator,
    Context,
    SkipMixin,
)

from vbatch.airflow.arrival import broken_promises, manifest
from vbatch.airflow.link import VbatchReportLink
from vbatch.airflow.outcome import asset_extra, failure, outcome
from vbatch.airflow.paths import CONNECTION, Folder, listed
from vbatch.airflow.validated import changed, exports_of, passed, read_otherwise
from vbatch.errors import PipelineError, VbatchError
from vbatch.model.options import Limit, Options

if TYPE_CHECKING:
    from vbatch.airflow.work import Done

OnRejected = Literal["fail", "skip_downstream", "continue"]
RETURNED = "return_value"


class _VbatchOperator(BaseOperator, SkipMixin):
    """What validating and loading have in common."""

    verb: ClassVar[Literal["validate", "load"]]
    template_fields: Sequence[str] = (
        "sources",
        "pipeline",
        "out",
        "registry",
        "scope",
        "as_of",
        "max_rejected",
        "report_url",
        "fs_conn_id",
    )
    operator_extra_links = (VbatchReportLink(),)
    inherits_from_skipmixin = True

    def __init__(
        self,
        *,
        pipeline: str,
        sources: str | Sequence[str] = (),
        out: str = "runs/{{ dag.dag_id }}/{{ run_id }}/{{ task.task_id }}{{ '/%d' % ti.map_index if ti.map_index >= 0 else '' }}",
        registry: str = "codes.duckdb",
        scope: str | None = None,
        as_of: str | None = None,
        max_rejected: str | int | None = None,
        on_rejected: OnRejected = "fail",
        wait: float = 60.0,
        csv: bool = False,
        batch_rows: int | None = None,
        allow_truncated: bool = False,
        report_url: str | None = None,
        fs_conn_id: str = CONNECTION,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        if on_rejected not in {"fail", "skip_downstream", "continue"}:
            raise ValueError(f"on_rejected cannot be {on_rejected!r}; use fail, skip_downstream or continue")
        self.sources = sources
        self.pipeline = pipeline
        self.out = out
        self.registry = registry
        self.scope = scope
        self.as_of = as_of
        self.max_rejected = max_rejected
        self.on_rejected = on_rejected
        self.wait = wait
        self.csv = csv
        self.batch_rows = batch_rows
        self.allow_truncated = allow_truncated
        self.report_url = report_url
        self.fs_conn_id = fs_conn_id
        self.report_link = ""
        self._lineage: Any = None
        self._running = False

    def execute(self, context: Context) -> dict[str, Any]:
        """Run; returns the small report of `vbatch.airflow.outcome`."""
        done = self._work(*self._asked())
        passed = not done.report.over_limit or self.on_rejected == "continue"
        told = outcome(done.report, done.exports, before=done.before, passed=passed)
        self._lineage = done.lineage
        self.report_link = self.report_url or (Path(told["report"]).absolute().as_uri() if told["report"] else "")
        if done.report.over_limit:
            self._rejected(told, context)
        self._ended(told, context)
        return told

    def on_kill(self) -> None:
        """Stop the run, from the handler of the signal, so that all that holds codes is removed; what is finished is kept."""
        if self._running:
            raise KeyboardInterrupt("the task was stopped; the next attempt goes on where this one was")

    def get_openlineage_facets_on_complete(self, task_instance: Any) -> Any:  # noqa: ARG002 - the OpenLineage provider calls it so
        """What the OpenLineage provider tells: datasets with schemas, counts and assertions."""
        from airflow.providers.openlineage.extractors import OperatorLineage  # noqa: PLC0415 - an optional provider

        from vbatch.lineage import before, facets  # noqa: PLC0415 - imports polars

        lineage = self._lineage or before(listed(self.sources))
        return OperatorLineage(inputs=facets.inputs(lineage), outputs=facets.outputs(lineage))

    def get_openlineage_facets_on_failure(self, task_instance: Any) -> Any:
        """The same; without a report, what was to be read."""
        return self.get_openlineage_facets_on_complete(task_instance)

    def _asked(self) -> tuple[tuple[str, ...], str, Options]:
        """Sources, pipeline and options, with absolute paths."""
        folder = Folder(self.fs_conn_id)
        try:
            options = Options(
                out=Path(folder.path(self.out)),
                registry=Path(folder.path(self.registry)),
                scope=self.scope or None,
                max_rejected=None if self.max_rejected in {None, ""} else Limit.parse(str(self.max_rejected)),
                as_of=_instant(self.as_of),
                csv=self.csv,
                wait=self.wait,
                batch_rows=self.batch_rows,
                allow_truncated=self.allow_truncated,
            )
        except VbatchError as error:
            raise failure(error) from None
        pipeline = folder.path(self.pipeline) if self.pipeline.endswith(".py") else self.pipeline
        self.sources = list(folder.all(listed(self.sources)))
        return tuple(self.sources), pipeline, options

    def _work(self, sources: tuple[str, ...], pipeline: str, options: Options) -> "Done":
        from vbatch.airflow.work import work  # noqa: PLC0415 - imports polars and all the rest

        self._running = True
        try:
            return work(self.verb, sources, pipeline, options, self.log)
        except Exception as error:  # noqa: BLE001 - each becomes what Airflow can act on
            failed = failure(error)
        finally:
            self._running = False
        # Outside, so that Airflow does not write the first error to the log: it may quote codes.
        raise failed

    def _rejected(self, told: dict[str, Any], context: Context) -> None:
        """More rows were rejected than allowed: end as `on_rejected` says, with the report for those who come after all the same."""
        reason = f"{told['rejected']:,} of {told['records']:,} records rejected, more than allowed; see {told['errors']}"
        if self.on_rejected == "fail":
            context["ti"].xcom_push(key=RETURNED, value=told)
            raise AirflowFailException(reason)
        self.log.warning("%s", reason)

    def _ended(self, told: dict[str, Any], context: Context) -> None:
        """What follows from a run that did not fail."""


class VbatchValidateOperator(_VbatchOperator):
    """Judges exports and writes all outputs; the registry is asked, not changed. `vbatch validate` as a task.

    It ends like the command: more rejected rows than allowed, bad usage and broken input fail for good; a registry that is held and
    troubles of the machine are tried again. A task that was killed goes on where it was.

    Args:
        sources: one or more paths, folders or globs. Map over it for one task an export.
        pipeline: name of a shipped one, or path of a .py file.
        out: output folder.
        registry: DuckDB file of the codes that exist.
        scope: instead of the pipeline's.
        as_of: instant with a zone that expiry is judged at.
        max_rejected: rejected rows that are still fine, as 100 or "2.5%"; default 0.
        on_rejected: what more of them do: "fail" the task; "skip_downstream" tasks (of a mapped task, only its own export is left out
            of a load that comes after); or "continue".
        manifest: path of the JSON file of `VbatchExportSensor`; an export with other counts or another hash fails the task for good.
        wait: seconds to wait for a registry that another run holds, before the task is tried again.
        csv, batch_rows, allow_truncated: as the options of the command.
        report_url: where people can read the report, for the link of the task; default is its file.
        fs_conn_id: connection of the type File (path) that relative paths are under.
    """

    verb = "validate"
    ui_color = "#dfe9f5"
    template_fields: Sequence[str] = (*_VbatchOperator.template_fields, "manifest")

    def __init__(self, *, manifest: str | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.manifest = manifest

    def _ended(self, told: dict[str, Any], context: Context) -> None:
        if self.manifest:
            self._hold_against(self.manifest, told)
        if told["passed"]:
            return
        context["ti"].xcom_push(key=RETURNED, value=told)
        self.skip(context["ti"], [task for task in context["task"].get_direct_relatives(upstream=False) if not task.is_teardown])

    def _hold_against(self, path: str, told: dict[str, Any]) -> None:
        """Fail where the exports are not what their manifest says."""
        try:
            broken = broken_promises(manifest(Folder(self.fs_conn_id).path(path)), told["sources"])
        except (VbatchError, OSError) as error:
            raise failure(error) from None
        if broken:
            raise AirflowFailException("; ".join(broken))


class VbatchLoadOperator(_VbatchOperator):
    """Judges exports and registers what was accepted, as one step. `vbatch load` as a task; ends as `VbatchValidateOperator` does.

    However often it is tried again or cleared, a code is registered once: a run that is registered returns its stored report. With
    `validated`, all exports that passed become one run: all their codes are registered, or none. Put it into a pool of one slot, so
    that no other load waits for the registry in a worker.

    Each asset among its `outlets` gets an event with the run, its counts and sums; none if nothing was registered.

    Args:
        validated: what `VbatchValidateOperator` returned, one report or, mapped, many. Exports that did not pass are left out; one that has
            changed since fails the task for good.
        corrects: the run whose rejected records these sources mend.
        max_rejected: default no limit. More of them: nothing is registered, and `on_rejected` says how the task ends; "skip_downstream"
            skips it, too.
        sources, pipeline, out, registry, scope, as_of, wait, csv, batch_rows, allow_truncated, report_url, fs_conn_id: as of
            `VbatchValidateOperator`.
    """

    verb = "load"
    ui_color = "#d5ecd9"
    template_fields: Sequence[str] = (*_VbatchOperator.template_fields, "validated", "corrects")

    def __init__(self, *, validated: Any = None, corrects: str | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.validated = validated
        self.corrects = corrects
        self._validated: list[Mapping[str, Any]] = []

    def _asked(self) -> tuple[tuple[str, ...], str, Options]:
        if self.validated is not None:
            self._validated = passed(self.validated)
            self.sources = exports_of(self._validated)
            if not self.sources:
                raise AirflowSkipException("no export passed its validation")
            if others := list(changed(self._validated)):
                raise AirflowFailException(f"changed since they were validated: {', '.join(others)}; hint: validate again")
        sources, pipeline, options = super()._asked()
        return sources, pipeline, replace(options, corrects=self.corrects or None)

    def _ended(self, told: dict[str, Any], context: Context) -> None:
        if told["status"] == "refused":
            # An asset that is an outlet counts as changed when its task ends well, and nothing has changed.
            self.outlets: list[Any] = []
            if self.on_rejected == "skip_downstream":
                context["ti"].xcom_push(key=RETURNED, value=told)
                raise AirflowSkipException("nothing was registered")
            return
        for outlet in self.outlets:
            if isinstance(outlet, Asset):
                context["outlet_events"][outlet].extra.update(asset_extra(told))
        if self._validated and read_otherwise(told, self._validated):
            raise AirflowFailException(
                f"an export changed while it was loaded, after it had been validated; hint: see {told['report']}, "
                f"and undo it with `vbatch registry forget {told['run_id'][:12]} --reason TEXT` if it is wrong"
            )


def _instant(text: str | None) -> datetime | None:
    """An instant from a template; none from an empty one."""
    if text in {None, "", "None"}:
        return None
    try:
        at = datetime.fromisoformat(str(text))
    except ValueError as error:
        raise PipelineError(f"as_of {text!r} is not an instant", hint="write date, time and zone, as in 2026-01-31T00:00:00Z") from error
    return at if at.tzinfo is None else at.astimezone(UTC)
