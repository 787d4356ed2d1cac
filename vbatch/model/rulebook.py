"""What a pipeline reads, checks and can report: its fields, types, rules and faults, worked out once before a run."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches

import polars as pl

from vbatch.errors import PipelineError
from vbatch.model import faults
from vbatch.model.currency import MOST_DECIMALS, decimals_of
from vbatch.model.fault import Fault, FaultBook, Severity, with_severities
from vbatch.model.layout import Field
from vbatch.model.pipeline import Pipeline
from vbatch.model.rule import Rule, kind_of, required_columns, rules
from vbatch.model.voucher import MixedVoucher

EXPECTED = {
    "text": "a word that the layout's `values` knows",
    "boolean": "one of the layout's words for yes and no",
    "integer": "a whole number",
    "integers": "a list of whole numbers",
    "amount": "an amount as the layout writes it",
    "timestamp": "a date or time in one of the layout's forms",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Rulebook:
    """A pipeline worked out.

    Args:
        kind: what the vouchers are, "mixed" if a column says so row by row.
        fields: the layout's fields whose column the schema has.
        types: typed columns in the schema's order, and their polars types.
        required: columns that must have a value in every row.
        rules: the schema's checks.
        book: every fault that a row can have.
    """

    kind: str
    fields: tuple[Field, ...]
    types: Mapping[str, pl.DataType]
    required: tuple[str, ...]
    rules: tuple[Rule, ...]
    book: FaultBook

    @property
    def summed(self) -> tuple[str, ...]:
        """The columns whose sums are conserved: amounts of money and points."""
        return tuple(name for name, dtype in self.types.items() if isinstance(dtype, pl.Decimal) or name == "loyalty_points")


def rulebook(pipeline: Pipeline) -> Rulebook:
    """Work a pipeline out; PipelineError if layout and schema do not fit each other."""
    columns = pipeline.schema.to_schema().columns
    fields = tuple(one for one in pipeline.layout.fields if one.column in columns)
    types = {name: type_of(one) for name in columns for one in fields if one.column == name}
    required = required_columns(pipeline.schema)
    _refuse_unknown(pipeline.layout.fields, columns)
    lacking = [name for name in required if name not in types]
    if lacking:
        raise PipelineError(
            f"the layout {pipeline.layout.name} has no field for {lacking[0]!r}, which {pipeline.schema.__name__} requires",
            hint="add the field to the layout, or make the column nullable in a subclass of the schema",
        )
    checked = rules(pipeline.schema, types)
    found = (
        *faults.records(pipeline.layout.format),
        *_conversions(fields, required, pipeline.layout.format),
        *(rule.fault for rule in checked),
        *faults.SET,
    )
    return Rulebook(
        kind=kind_of(pipeline.schema),
        fields=fields,
        types=types,
        required=required,
        rules=checked,
        book=FaultBook(faults=with_severities(found, _severities(pipeline))),
    )


def _severities(pipeline: Pipeline) -> dict[str, Severity]:
    """The pipeline's own severities; PipelineError for one that does not exist, or that would accept what cannot be accepted."""
    for code, severity in pipeline.severities.items():
        if severity not in list(Severity):
            raise PipelineError(f"{code} cannot have the severity {severity!r}", hint="use error, discard or warning")
        if severity == Severity.WARNING and code in faults.KEEP_OUT:
            raise PipelineError(
                f"{code} cannot be a warning: the record has no voucher to accept, or its code would be taken twice",
                hint="use error or discard",
            )
    return {code: Severity(severity) for code, severity in pipeline.severities.items()}


def _refuse_unknown(fields: Iterable[Field], columns: Iterable[str]) -> None:
    """A column that neither this schema nor any of vbatch's has is a misspelling; its values would end up in the metadata."""
    known = {*columns, *MixedVoucher.to_schema().columns}
    for one in fields:
        if one.column not in known:
            like = get_close_matches(one.column, known, n=1)
            hint = f"did you mean {like[0]!r}? " if like else ""
            raise PipelineError(
                f"no schema has the column {one.column!r}", hint=f"{hint}add it to a subclass of the schema, or remove the field"
            )


def type_of(one: Field) -> pl.DataType:
    """The polars type of a field's values."""
    if one.kind == "amount":
        return pl.Decimal(18, decimals(one))
    if one.kind == "timestamp":
        return pl.Datetime("us", "UTC")
    simple = {"text": pl.String(), "json": pl.String(), "boolean": pl.Boolean(), "integer": pl.Int64(), "integers": pl.List(pl.Int64)}
    return simple[one.kind]


def decimals(one: Field) -> int:
    """How many decimals an amount field has."""
    if one.currency_source is not None:
        return MOST_DECIMALS
    if one.currency is not None:
        return decimals_of(one.currency)
    return one.decimals or 0


def _conversions(fields: Iterable[Field], required: tuple[str, ...], layout_format: str) -> Iterator[Fault]:
    seen: set[str] = set()
    for one in fields:
        for fault in _conversion(one, required, layout_format):
            if fault.code not in seen:
                seen.add(fault.code)
                yield fault


def _conversion(one: Field, required: tuple[str, ...], layout_format: str) -> Iterator[Fault]:
    if one.column in required:
        yield faults.missing(one.column)
    if one.kind == "text" and layout_format in {"json", "parquet", "xlsx"} and not one.values:
        yield faults.not_text(one.column)
    if one.kind not in {"text", "json"} or one.values:
        yield faults.unreadable(one.column, EXPECTED[one.kind])
    if one.kind == "amount":
        yield faults.precision(one.column)
    if one.currency_source is not None:
        yield faults.unknown_currency(one.column)
    if one.kind == "timestamp" and one.zone not in {None, "UTC"}:
        yield faults.nonexistent(one.column)
