"""What the registry remembers of a run."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class RegisteredRun:
    """One load, as the registry keeps it.

    Args:
        run_id: identity of the run.
        scope: where its codes must be unique.
        pipeline: name of the pipeline.
        registered_at: the instant of registration, UTC.
        sources: paths of the sources as given, in order; a code's source is a position in it.
        report: the run's report.json, as text.
    """

    run_id: str
    scope: str
    pipeline: str
    registered_at: datetime
    sources: tuple[str, ...]
    report: str
