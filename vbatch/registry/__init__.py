"""The registry: the DuckDB file of every code that was ever loaded, and of what became of it."""

from vbatch.registry.answers import RegistryInfo
from vbatch.registry.audit import Finding
from vbatch.registry.connect import warm_up
from vbatch.registry.export import Form, Status
from vbatch.registry.lookup import LOOKUP, Standing
from vbatch.registry.marks import Mark, MarkResult
from vbatch.registry.store import CodesTakenError, Registry, RunKnownError

__all__ = [
    "LOOKUP",
    "CodesTakenError",
    "Finding",
    "Form",
    "Mark",
    "MarkResult",
    "Registry",
    "RegistryInfo",
    "RunKnownError",
    "Standing",
    "Status",
    "warm_up",
]
