"""A pipeline: layout, schema, target and policies as one value."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from vbatch.errors import PipelineError
from vbatch.model.fault import Severity
from vbatch.model.layout import Layout
from vbatch.model.rule import Schema, kind_of
from vbatch.model.target import Target

NAME = re.compile(r"[a-z0-9][a-z0-9_-]*")


@dataclass(frozen=True, slots=True, kw_only=True)
class Pipeline:
    """How one kind of export is judged and where its vouchers go.

    Args:
        name: lower-case letters, digits, - and _.
        layout: the legacy format.
        schema: a pandera DataFrameModel, one of vbatch's or a subclass.
        target: the destination.
        scope: the project or code list in which codes must be unique.
        on_conflict: what happens to records that share a code and differ in a value.
        severities: severities of faults by code, where this pipeline sees them differently.
        batch_rows: records judged at a time; also the most rows of a Parquet part.

    Raises:
        PipelineError: the values do not fit each other.
    """

    name: str
    layout: Layout
    schema: Schema
    target: Target
    scope: str
    on_conflict: Literal["reject_all", "first", "last"] = "reject_all"
    severities: Mapping[str, Severity | str] = field(default_factory=dict)
    batch_rows: int = 262_144

    def __post_init__(self) -> None:
        for name, kind in (("layout", Layout), ("target", Target)):
            if not isinstance(getattr(self, name), kind):
                raise PipelineError(f"{name} is not a {kind.__name__}", hint=f'write {name}={name}("…") with the name or the path of one')
        if not NAME.fullmatch(self.name):
            raise PipelineError(f"{self.name!r} is not a name for a pipeline", hint="use lower-case letters, digits, - and _")
        if self.on_conflict not in {"reject_all", "first", "last"}:
            raise PipelineError(f"on_conflict cannot be {self.on_conflict!r}", hint="use reject_all, first or last")
        if self.batch_rows < 1:
            raise PipelineError(f"batch_rows cannot be {self.batch_rows}", hint="use a number of records from 1 on")
        kind_of(self.schema)
