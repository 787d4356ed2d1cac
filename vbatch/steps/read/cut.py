"""Cuts bytes into records, whatever the format of their source."""

from vbatch.model.layout import Dialect
from vbatch.model.source import Shape
from vbatch.steps.read.items import items
from vbatch.steps.read.segment import Segments, segment


def cut(data: bytes, shape: Shape, dialect: Dialect, *, at_end: bool) -> Segments:
    """Cut a block that starts at a record's first byte; at_end tells whether the source ends with it."""
    if shape == "array":
        return items(data, dialect.max_record_bytes, at_end=at_end)
    return segment(data, dialect, at_end=at_end)
