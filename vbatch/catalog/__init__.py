"""Layouts and targets as TOML files, and the pipelines that ship with vbatch."""

from vbatch.catalog.load import layout, target
from vbatch.catalog.pipelines import available, pipeline

__all__ = ["available", "layout", "pipeline", "target"]
