"""Turns the texts of a batch into typed columns, and finds what cannot be turned."""

from collections.abc import Callable, Mapping
from typing import NamedTuple

import polars as pl

from vbatch.model.binding import Binding, not_text_column
from vbatch.model.layout import Field
from vbatch.model.rulebook import Rulebook
from vbatch.steps.convert.numbers import amounts, amounts_in, integer_lists, integers, reasons_in, too_precise
from vbatch.steps.convert.timestamps import nonexistent, timestamps

Reader = Callable[[pl.Series, Field], pl.Series]
Failures = dict[str, pl.Series]


class Converted(NamedTuple):
    """A batch's typed columns, and for each conversion fault that occurs which rows have it."""

    typed: pl.DataFrame
    failures: Failures


def convert(frame: pl.DataFrame, binding: Binding, rulebook: Rulebook) -> Converted:
    """Convert a text frame.

    Args:
        frame: text columns as the binding names them; null is an empty field.
        binding: which text column feeds which field.
        rulebook: the typed columns wanted; columns that the source does not have are null.

    Returns:
        Typed columns of the frame's height in the rulebook's order, and boolean series by fault code, only those with a hit.
    """
    typed: dict[str, pl.Series] = {}
    failures: Failures = {}
    for one, text in binding.fields:
        raw = _raw(frame, one, text, binding.consulted)
        currencies = frame[binding.consulted[str(one.currency_source)]] if str(one.currency_source) in binding.consulted else None
        values, found = _read(raw, one, _not_text(frame, text), currencies)
        typed[one.column] = values if one.column not in typed else typed[one.column].zip_with(typed[one.column].is_not_null(), values)
        for code, rows in found.items():
            failures[code] = rows | failures[code] if code in failures else rows
    columns = [typed.get(name, _nulls(name, dtype, frame.height)).alias(name) for name, dtype in rulebook.types.items()]
    for name in rulebook.required:
        _find_missing(name, typed, failures)
    return Converted(typed=pl.DataFrame(columns), failures=failures)


def _nulls(name: str, dtype: pl.DataType, height: int) -> pl.Series:
    return pl.Series(name, [None], dtype=dtype).new_from_index(0, height)


def _raw(frame: pl.DataFrame, one: Field, text: str, consulted: Mapping[str, str]) -> pl.Series:
    """The field's texts: null where the record has none, has a null token, or is not one that the field counts for."""
    raw = frame[text]
    if one.nulls:
        raw = raw.set(raw.is_in(one.nulls), None)
    for name, wanted in one.when.items():
        applies = (frame[consulted[name]] == wanted).fill_null(value=False) if name in consulted else pl.Series([False])
        raw = pl.select(pl.when(applies).then(raw)).to_series()
    return raw


def _not_text(frame: pl.DataFrame, text: str) -> pl.Series | None:
    name = not_text_column(text)
    return frame[name] if name in frame.columns else None


def _read(raw: pl.Series, one: Field, not_text: pl.Series | None, currencies: pl.Series | None) -> tuple[pl.Series, Failures]:
    values = READERS[one.kind](raw, one) if one.currency_source is None else amounts_in(raw, currencies, one)
    if one.kind == "text" and not_text is not None and not_text.any():
        values = values.set(not_text, None)
    failed = raw.is_not_null() & values.is_null()
    if not failed.any():
        return values, {}
    reasons = {f"{one.column}.{what}": failed & rows for what, rows in _reasons(raw, one, failed, currencies)}
    return values, {code: rows for code, rows in reasons.items() if rows.any()}


def _reasons(raw: pl.Series, one: Field, failed: pl.Series, currencies: pl.Series | None) -> list[tuple[str, pl.Series]]:
    """Why values failed, each failed row under one reason."""
    if one.kind == "text" and not one.values:
        return [("not_text", failed)]
    if one.currency_source is not None:
        return reasons_in(raw, currencies, one, failed)
    if one.kind == "amount":
        precise = _scatter(failed, too_precise(raw.filter(failed), one))
        return [("precision", precise), ("unreadable", ~precise)]
    if one.kind == "timestamp" and one.zone not in {None, "UTC"}:
        skipped = _scatter(failed, nonexistent(raw.filter(failed), one))
        return [("nonexistent", skipped), ("unreadable", ~skipped)]
    return [("unreadable", failed)]


def _scatter(where: pl.Series, values: pl.Series) -> pl.Series:
    return pl.repeat(value=False, n=len(where), eager=True, dtype=pl.Boolean).scatter(where.arg_true(), values)


def _find_missing(name: str, typed: Mapping[str, pl.Series], failures: Failures) -> None:
    missing = typed[name].is_null()
    if typed[name].dtype == pl.String and typed[name].str.len_bytes().min() == 0:
        missing |= typed[name] == ""
    for code, rows in failures.items():
        if code.partition(".")[0] == name:
            missing &= ~rows
    if missing.any():
        failures[f"{name}.missing"] = missing


def _texts(raw: pl.Series, one: Field) -> pl.Series:
    if not one.values:
        return raw
    return raw.replace_strict(list(one.values), list(one.values.values()), default=None, return_dtype=pl.String)


def _as_they_are(raw: pl.Series, _one: Field) -> pl.Series:
    return raw


def _booleans(raw: pl.Series, one: Field) -> pl.Series:
    true, false = raw.is_in(one.true), raw.is_in(one.false)
    return true.set(~(true | false), None)


READERS: dict[str, Reader] = {
    "text": _texts,
    "json": _as_they_are,
    "boolean": _booleans,
    "integer": integers,
    "integers": integer_lists,
    "amount": amounts,
    "timestamp": timestamps,
}
