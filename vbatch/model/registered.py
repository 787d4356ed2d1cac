"""What the registry remembers of a run."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

Kind = Literal["load", "import"]
"""How codes came into the registry: loaded by vbatch, or brought in because they were at the target already."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RegisteredRun:
    """One load or import, as the registry keeps it.

    Args:
        run_id: identity of the run.
        scope: where its codes must be unique.
        pipeline: name of the pipeline.
        registered_at: the instant of registration, UTC.
        sources: paths of the sources as given, in order; a code's source is a position in it.
        report: the run's report.json, as text; empty if it has none.
        kind: how its codes came in.
        corrects: the run whose rejected records it mends; None if it mends none.
        outputs: the folder it was published in, for people; empty if it has none.
    """

    run_id: str
    scope: str
    pipeline: str
    registered_at: datetime
    sources: tuple[str, ...]
    report: str
    kind: Kind = "load"
    corrects: str | None = None
    outputs: str = ""
