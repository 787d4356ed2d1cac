"""Events for OpenLineage where it is configured, as its own client reads the configuration; nothing at all where it is not."""

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from vbatch.errors import VbatchError
from vbatch.lineage.facts import Lineage, before, lineage_of
from vbatch.model.pipeline import Pipeline
from vbatch.model.report import Report

PRODUCER = "urn:vbatch"

_elsewhere = ContextVar("_elsewhere", default=False)


@contextmanager
def told_elsewhere() -> Iterator[None]:
    """Runs inside emit nothing: an Airflow task tells their lineage as its own."""
    token = _elsewhere.set(True)
    try:
        yield
    finally:
        _elsewhere.reset(token)


@contextmanager
def emitting(
    verb: str, pipeline: Pipeline, sources: Sequence[str], announce: Callable[[str], None]
) -> Iterator[Callable[[Report], Report]]:
    """Tell OpenLineage that a run starts and how it ends.

    Args:
        verb: validate, load or import.
        pipeline: what it uses.
        sources: what it is to read.
        announce: told when events cannot be sent; the run goes on.

    Yields:
        What takes the report of the finished run, and gives it back.
    """
    client = None if _elsewhere.get() or not configured() else _client()
    if client is None:
        yield lambda report: report
        return
    events = _Events(client, f"vbatch.{verb}.{pipeline.name}", announce)
    known = before(sources)
    events.emit("START", known)

    def complete(report: Report) -> Report:
        nonlocal known
        known = lineage_of(report, pipeline)
        return report

    try:
        yield complete
    except Exception as error:
        events.emit("FAIL", known, error)
        raise
    except BaseException:
        events.emit("ABORT", known)
        raise
    else:
        events.emit("COMPLETE", known)
    finally:
        client.close()


def configured() -> bool:
    """Whether somebody has asked for lineage, and the client is installed."""
    if os.environ.get("OPENLINEAGE_DISABLED", "").strip().lower() == "true":
        return False
    asked = any(
        value and (name in {"OPENLINEAGE_URL", "OPENLINEAGE_CONFIG"} or name.startswith("OPENLINEAGE__TRANSPORT"))
        for name, value in os.environ.items()
    )
    files = (folder / "openlineage.yml" for folder in (Path(), Path.home() / ".openlineage"))
    return (asked or any(file.is_file() for file in files)) and find_spec("openlineage") is not None


def _client() -> Any | None:
    """The client of the configuration; None where that names no transport, for which the client would write to the terminal."""
    from openlineage.client import OpenLineageClient  # noqa: PLC0415 - half a second that only its users pay

    client = OpenLineageClient()
    named = os.environ.get("OPENLINEAGE_URL") or (client.config.transport or {}).get("type")
    return client if named else None


class _Events:
    """The events of one run."""

    def __init__(self, client: Any, job: str, announce: Callable[[str], None]) -> None:
        from openlineage.client.uuid import generate_new_uuid  # noqa: PLC0415 - as above

        self.client, self.job, self.announce = client, job, announce
        self.run_id = str(generate_new_uuid())

    def emit(self, state: str, lineage: Lineage, error: Exception | None = None) -> None:
        """Send one event. A run does not fail because nobody listens."""
        try:
            self.client.emit(self._event(state, lineage, error))
        except Exception as trouble:  # noqa: BLE001 - transports raise what their libraries raise
            self.announce(f"the lineage event {state} could not be sent: {type(trouble).__name__}")

    def _event(self, state: str, lineage: Lineage, error: Exception | None) -> Any:
        from openlineage.client import event_v2  # noqa: PLC0415 - as above
        from openlineage.client.facet_v2 import RunFacet, error_message_run  # noqa: PLC0415 - as above

        from vbatch.lineage import facets  # noqa: PLC0415 - as above

        told: dict[str, RunFacet] = {}
        if error is not None:
            # The message of an unforeseen error may quote codes.
            message = error.message if isinstance(error, VbatchError) else type(error).__name__
            told["errorMessage"] = error_message_run.ErrorMessageRunFacet(message=message, programmingLanguage="PYTHON")
        return event_v2.RunEvent(
            eventType=event_v2.RunState[state],
            eventTime=datetime.now(UTC).isoformat(),
            run=event_v2.Run(runId=self.run_id, facets=told),
            job=event_v2.Job(namespace=os.environ.get("OPENLINEAGE_NAMESPACE", "default"), name=self.job),
            inputs=facets.inputs(lineage),
            outputs=facets.outputs(lineage),
            producer=PRODUCER,
        )
