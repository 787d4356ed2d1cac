"""The checks of a pandera schema as rules: each a fault and a boolean expression, true where a row is right."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import NamedTuple

import pandera.polars as pa
import polars as pl
from pandera.api.polars.types import PolarsData

from vbatch.errors import PipelineError
from vbatch.model.fault import Fault, Severity

Schema = type[pa.DataFrameModel]
Types = Mapping[str, pl.DataType]


class Forbidden(str):
    """A regular expression that is all a check asks for: it must not occur. Rules that say so are looked for all at once."""

    __slots__ = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One check of a schema.

    Args:
        fault: what a row that fails it has.
        check: pandera's check.
        column: the column of a column check, None for a check of the whole row.
        reads: the columns that its verdict depends on.
        forbidden: the pattern that must not occur in its column, if that is all the check asks.
    """

    fault: Fault
    check: pa.Check
    column: str | None
    reads: frozenset[str]
    forbidden: Forbidden | None = None

    def passes(self, frame: pl.LazyFrame) -> pl.LazyFrame:
        """One boolean column, named after the fault: whether each row passes. Nothing is computed yet."""
        output = _apply(self.check, frame, self.column)
        name = output.collect_schema().names()[0]
        return output.select(pl.col(name).fill_null(bool(self.check.ignore_na)).alias(self.fault.code))


def kind_of(schema: Schema) -> str:
    """The kind of voucher of a schema's rows; PipelineError if it does not say."""
    metadata = getattr(schema.Config, "metadata", None) or {}
    if "kind" not in metadata:
        raise PipelineError(
            f"{schema.__name__} does not say what kind of voucher it describes",
            hint="subclass GiftCard, Discount, LoyaltyCard or Code, and let its Config inherit theirs",
        )
    return str(metadata["kind"])


def required_columns(schema: Schema) -> tuple[str, ...]:
    """The columns that must have a value in every row."""
    return tuple(name for name, column in schema.to_schema().columns.items() if not column.nullable)


def rules(schema: Schema, types: Types) -> tuple[Rule, ...]:
    """The rules of a schema that apply to frames with these columns.

    Args:
        schema: a pandera DataFrameModel.
        types: the columns of the typed frames and their polars types.

    Raises:
        PipelineError: a check cannot be judged row by row, or fails on an empty frame.
    """
    return _rules(schema, tuple(types.items()))


@cache
def _rules(schema: Schema, given: tuple[tuple[str, pl.DataType], ...]) -> tuple[Rule, ...]:
    """Kept, because what each rule reads takes a while to find out."""
    described, types = schema.to_schema(), dict(given)
    _refuse_batch_rules(schema, described)
    _register_checks()
    probes = _probes({name: column.dtype.type for name, column in described.columns.items()} | dict(types))
    asked = [_Asked(check, column, _fault(check, column)) for check, column in _checks(described) if column is None or column in types]
    _refuse_batchwise(asked, probes)
    found = []
    for check, column, fault in asked:
        reads = _reads(check, column, probes)
        if reads <= set(types):
            found.append(Rule(fault=fault, check=check, column=column, reads=reads, forbidden=_forbidden(check)))
    return tuple(found)


def _forbidden(check: pa.Check) -> Forbidden | None:
    """Known by its type: a user's check may have an argument of this name that means something else."""
    value = (check.statistics or {}).get("forbidden")
    return value if isinstance(value, Forbidden) else None


def _register_checks() -> None:
    """Pandera knows its built-in checks for polars only once one has been called."""
    pa.Check.ge(0)(pl.LazyFrame({"number": [0]}), "number")


def _checks(described: pa.DataFrameSchema) -> Iterator[tuple[pa.Check, str | None]]:
    for name, column in described.columns.items():
        for check in column.checks:
            yield check, name
    for check in described.checks:
        yield check, None


def _refuse_batch_rules(schema: Schema, described: pa.DataFrameSchema) -> None:
    unique = [name for name, column in described.columns.items() if column.unique] + list(described.unique or ())
    if unique:
        raise PipelineError(
            f"{schema.__name__} declares {unique[0]!r} unique, which pandera judges within one batch only",
            hint="remove it: vbatch keeps `code` unique over the whole run and the registry",
        )
    if described.coerce or any(column.coerce for column in described.columns.values()):
        raise PipelineError(
            f"{schema.__name__} uses coerce=True, which changes values behind the report's back",
            hint="remove it: the layout declares how texts become values",
        )


def _fault(check: pa.Check, column: str | None) -> Fault:
    about, _, what = (check.name or "check").rpartition("__")
    code = f"{column or about or 'record'}.{what}"
    told = check.error or what
    _refuse_open_alternatives(check, code)
    return Fault(
        code=code,
        severity=Severity.WARNING if check.raise_warning else Severity.ERROR,
        title=check.title or f"{column or 'The row'}: {told}",
        message=told if "{value}" in told else f"{{value}} fails {told}" if column else told,
        hint=check.description or "the pipeline's own schema has this rule; see its source",
    )


def _refuse_open_alternatives(check: pa.Check, code: str) -> None:
    pattern = str((check.statistics or {}).get("pattern", ""))
    if check.name == "str_matches" and _has_open_alternative(pattern):
        raise PipelineError(
            f"the pattern of {code} has alternatives that are not grouped: {pattern}",
            hint="write ^(?:A|B)$: pandera anchors the first alternative only, and the others would match anywhere",
        )


def _has_open_alternative(pattern: str) -> bool:
    depth, in_class, escaped = 0, False, False
    for character in pattern:
        if escaped:
            escaped = False
        elif character == "\\":
            escaped = True
        elif in_class:
            in_class = character != "]"
        elif character == "[":
            in_class = True
        elif character in "()":
            depth += 1 if character == "(" else -1
        elif character == "|" and depth == 0:
            return True
    return False


class _Asked(NamedTuple):
    """A check, the column it is for, and what a row has that fails it."""

    check: pa.Check
    column: str | None
    fault: Fault


class _Probes(NamedTuple):
    """Frames that tell what a check is like: without rows, with three of which two are alike, and each of these alone."""

    types: Types
    empty: pl.LazyFrame
    twins: pl.LazyFrame
    alone: tuple[pl.LazyFrame, ...]


def _probes(types: Types) -> _Probes:
    numbers = pl.Series([1, 1, 0])
    twins = pl.DataFrame(
        [pl.Series(name, [None] * 3, dtype) if dtype.is_nested() else numbers.cast(dtype).alias(name) for name, dtype in types.items()]
    )
    return _Probes(types, pl.LazyFrame(schema=types), twins.lazy(), tuple(row.lazy() for row in twins.iter_slices(1)))


def _refuse_batchwise(asked: Sequence[_Asked], probes: _Probes) -> None:
    """A check must judge each row on its own. All are tried at once, which takes little longer than one, and told apart if one does not."""
    frames = (probes.empty, probes.twins, *probes.alone)
    try:
        answers = pl.collect_all([_apply(check, frame, column) for check, column, _ in asked for frame in frames])
    except Exception:  # noqa: BLE001 - a check may raise anything; which one it is, and what it means, is found out below
        answers = []
    if answers and all(_is_rowwise(*answers[first : first + len(frames)]) for first in range(0, len(answers), len(frames))):
        return
    for check, column, fault in asked:
        _height_of_no_rows(check, column, probes, fault.code)
        _refuse_neighbours(check, column, probes, fault.code)


def _is_rowwise(empty: pl.DataFrame, together: pl.DataFrame, *alone: pl.DataFrame) -> bool:
    return empty.is_empty() and empty.dtypes == [pl.Boolean] and together.equals(pl.concat(alone))


def _reads(check: pa.Check, column: str | None, probes: _Probes) -> frozenset[str]:
    """The columns that the check needs: those without which it fails on an empty frame."""
    if column is not None:
        return frozenset({column})
    plan = _apply(check, probes.empty, None).explain(optimized=False)
    # What the plan does not name is not read, which is told faster than tried.
    named = [name for name in probes.types if name in plan]
    return frozenset(name for name in named if not _works(check, probes.empty.drop(name)))


def _works(check: pa.Check, frame: pl.LazyFrame) -> bool:
    try:
        _apply(check, frame, None).collect_schema()
    except pl.exceptions.PolarsError:
        return False
    return True


def _height_of_no_rows(check: pa.Check, column: str | None, probes: _Probes, code: str) -> None:
    """A verdict for each row of an empty frame is no verdict; one verdict for all of it depends on the batch."""
    try:
        # Called as pandera calls it, a built-in check that was made before polars was known to pandera looks its function up again.
        check(probes.empty, column)
        verdicts = _apply(check, probes.empty, column).collect()
    except PipelineError:
        raise
    except Exception as error:
        raise PipelineError(
            f"the check {code} cannot be evaluated: {str(error).splitlines()[0]}",
            hint="it must select one boolean for each row from columns of the schema",
        ) from error
    if verdicts.height or verdicts.width != 1 or verdicts.dtypes[0] != pl.Boolean:
        raise PipelineError(
            f"the check {code} does not give one boolean for each row",
            hint="return data.lazyframe.select(...) with one row-wise boolean expression, without sums or means",
        )


def _refuse_neighbours(check: pa.Check, column: str | None, probes: _Probes, code: str) -> None:
    """Whether a row passes must not depend on the rows beside it, or it would depend on the batch."""
    try:
        together, *alone = pl.collect_all([_apply(check, frame, column) for frame in (probes.twins, *probes.alone)])
    except pl.exceptions.PolarsError:
        # The check cannot make anything of such values; real ones may be right.
        return
    if not together.equals(pl.concat(alone)):
        raise PipelineError(
            f"the check {code} compares rows with each other",
            hint="a row must pass or fail on its own: vbatch judges batches of any size; it keeps `code` unique over the whole run itself",
        )


def _apply(check: pa.Check, frame: pl.LazyFrame, column: str | None) -> pl.LazyFrame:
    output = check.get_backend(frame)(check).apply(PolarsData(frame, column or "*"))  # type: ignore[no-untyped-call]
    if not isinstance(output, pl.LazyFrame):
        raise PipelineError(
            f"the check {check.name!r} gives one verdict for a whole batch",
            hint="return data.lazyframe.select(...) with one boolean for each row",
        )
    return output
