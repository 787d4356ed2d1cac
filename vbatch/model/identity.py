"""What makes two runs the same: input bytes, layout, rules, options and version."""

import hashlib
import json
from collections.abc import Iterable
from dataclasses import asdict
from typing import Any

import polars as pl

from vbatch.model.pipeline import Pipeline
from vbatch.model.rulebook import Rulebook


def run_identity(hashes: Iterable[str], work: str) -> str:
    """The identity of a run: 32 hexadecimal digits.

    Args:
        hashes: SHA-256 of each source; their order does not matter.
        work: what is done with them, as `work_identity` tells it.
    """
    return _digest(json.dumps([sorted(hashes), work]).encode())[:32]


def work_identity(pipeline: Pipeline, rulebook: Rulebook, options: dict[str, Any], version: str) -> str:
    """The identity of what is done with sources, whatever they are: 64 hexadecimal digits.

    Args:
        pipeline: layout, scope and policies.
        rulebook: the rules, by what they compute.
        options: those that change verdicts.
        version: of vbatch.
    """
    frame = pl.LazyFrame(schema=rulebook.types)
    what = {
        "layout": asdict(pipeline.layout),
        "scope": pipeline.scope,
        "on_conflict": pipeline.on_conflict,
        "target": pipeline.target.name,
        "types": {name: str(dtype) for name, dtype in rulebook.types.items()},
        "required": rulebook.required,
        "faults": [asdict(fault) for fault in rulebook.book],
        "rules": [_digest(rule.passes(frame).serialize()) for rule in rulebook.rules],
        "options": options,
        "version": version,
    }
    return _digest(json.dumps(what, sort_keys=True, default=str).encode())


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
