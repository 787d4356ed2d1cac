"""Bytes become batches of records, and records become text frames."""

from vbatch.steps.read.again import read_again
from vbatch.steps.read.batches import Batches, ChangedError
from vbatch.steps.read.head import Head, read_head
from vbatch.steps.read.parse import parse
from vbatch.steps.read.parsed import Parsed
from vbatch.steps.read.source import opened
from vbatch.steps.read.unpack import Export, beforehand, expanded, exports

__all__ = [
    "Batches",
    "ChangedError",
    "Export",
    "Head",
    "Parsed",
    "beforehand",
    "expanded",
    "exports",
    "opened",
    "parse",
    "read_again",
    "read_head",
]
