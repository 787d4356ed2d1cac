"""Cuts bytes into records, whatever the format of their source."""

import re

from vbatch.model.layout import Dialect
from vbatch.model.source import Shape
from vbatch.steps.read.items import items
from vbatch.steps.read.segment import Segments, segment


def cut(data: bytes, shape: Shape, dialect: Dialect, path: str, *, at_end: bool) -> Segments:
    """Cut a block of the source at this path that starts at a record's first byte; at_end tells whether the source ends with it."""
    if shape == "array":
        return items(data, dialect.max_record_bytes, path, at_end=at_end)
    return segment(without_escapes(data, dialect), dialect, at_end=at_end)


def without_escapes(data: bytes, dialect: Dialect) -> bytes:
    """The bytes with each escape and what it escapes blanked out, so that both mean nothing; the length stays."""
    if not dialect.escape or dialect.escape.encode() not in data:
        return data
    return re.sub(re.escape(dialect.escape.encode()) + b".", b"__", data, flags=re.DOTALL)
