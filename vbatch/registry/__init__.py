"""The registry: the DuckDB file of every code that was ever loaded."""

from vbatch.registry.ledger import RegistryInfo
from vbatch.registry.store import CodesTakenError, Registry

__all__ = ["CodesTakenError", "Registry", "RegistryInfo"]
