"""Texts to instants in UTC, strictly in the forms that a field declares."""

import re
from datetime import timedelta
from functools import cache
from typing import NamedTuple

import polars as pl

from vbatch.model.layout import ISO_FORMS, Field
from vbatch.model.patterns import DIRECTIVE, has_offset, is_date_only
from vbatch.steps.convert.fixed import Plan, instants, plan

UTC = pl.Datetime("us", "UTC")
LAST_MILLISECOND = timedelta(days=1) - timedelta(milliseconds=1)

# Polars reads "2021-1-5" and "+021-01-05" for %Y-%m-%d and rolls second 60 over; each form's own pattern says what it looks like.
SHAPES = {
    "Y": "(?:[1-9][0-9]{3}|0[1-9][0-9]{2}|00[1-9][0-9]|000[1-9])",
    "y": "[0-9]{2}",
    "m": "[0-9]{2}",
    "d": "[0-9]{2}",
    "H": "[0-9]{2}",
    "I": "[0-9]{2}",
    "M": "[0-9]{2}",
    "S": "[0-5][0-9]",
    "j": "[0-9]{3}",
    "3f": "[0-9]{3}",
    "6f": "[0-9]{6}",
    "9f": "[0-9]{9}",
    "-d": "[0-9]{1,2}",
    "-m": "[0-9]{1,2}",
    "-H": "[0-9]{1,2}",
    "-I": "[0-9]{1,2}",
    "p": "[AaPp][Mm]",
    "b": "[A-Za-z]{3}",
    "B": "[A-Za-z]+",
    "a": "[A-Za-z]{3}",
    "A": "[A-Za-z]+",
    "z": "[+-][0-9]{2}:?[0-9]{2}",
    "s": "-?[0-9]+",
    "%": "%",
}


class Form(NamedTuple):
    """One form of a timestamp.

    pattern is for polars and shape a regular expression, for texts that have no plan because their width varies.
    """

    pattern: str
    shape: str
    plan: Plan | None
    zoned: bool
    date_only: bool


def timestamps(raw: pl.Series, one: Field) -> pl.Series:
    """Instants in UTC; null where a text has none of the forms or names no instant."""
    values = pl.Series(raw.name, [None], dtype=UTC).new_from_index(0, len(raw))
    lengths = raw.str.len_bytes()
    for form in _forms(one.formats):
        fits = raw.is_not_null() & values.is_null()
        if form.plan:
            fits &= lengths == len(form.plan.model)
        if fits.all():
            values = _instants(raw, form, one)
        elif fits.any():
            values = values.scatter(fits.arg_true(), _instants(raw.filter(fits), form, one))
    return values


def nonexistent(raw: pl.Series, one: Field) -> pl.Series:
    """Which texts name a local time that the zone skips or has twice."""
    found = pl.repeat(value=False, n=len(raw), dtype=pl.Boolean, eager=True)
    for form in _forms(one.formats):
        found |= _local(raw, form).is_not_null()
    return found


def expand(formats: tuple[str, ...]) -> tuple[str, ...]:
    """The patterns that a field's formats stand for."""
    return tuple(pattern for name in formats for pattern in (ISO_FORMS if name == "iso" else (name,)))


@cache
def _forms(formats: tuple[str, ...]) -> tuple[Form, ...]:
    return tuple(_form(pattern) for pattern in expand(formats))


def _form(pattern: str) -> Form:
    return Form(pattern=pattern, shape=_shape(pattern), plan=plan(pattern), zoned=has_offset(pattern), date_only=is_date_only(pattern))


def _shape(pattern: str) -> str:
    parts = DIRECTIVE.split(pattern)
    return "^" + "".join(SHAPES[part] if position % 2 else re.escape(part) for position, part in enumerate(parts)) + "$"


def _instants(raw: pl.Series, form: Form, one: Field) -> pl.Series:
    local = _local(raw, form)
    if form.zoned:
        return local.dt.replace_time_zone("UTC") if local.dtype == pl.Datetime("us") else local.dt.convert_time_zone("UTC")
    if form.date_only and one.date_only == "end_of_day":
        local = local + LAST_MILLISECOND
    return local.dt.replace_time_zone(one.zone, ambiguous="null", non_existent="null").dt.convert_time_zone("UTC")


def _local(raw: pl.Series, form: Form) -> pl.Series:
    return _varying(raw, form) if form.plan is None else _fixed(raw, form.plan)


def _fixed(raw: pl.Series, how: Plan) -> pl.Series:
    fits = (raw.str.len_bytes() == len(how.model)).fill_null(value=False)
    if fits.all():
        return instants(raw, how)
    values = pl.Series(raw.name, [None], dtype=pl.Datetime("us")).new_from_index(0, len(raw))
    return values.scatter(fits.arg_true(), instants(raw.filter(fits), how)) if fits.any() else values


def _varying(raw: pl.Series, form: Form) -> pl.Series:
    fits = raw.str.contains(form.shape)
    shaped = raw if fits.all() else raw.set(~fits, None)
    pattern = form.pattern
    if re.search(r"%-?H(?!.*%M)", pattern):
        # Polars parses no hour without its minute.
        shaped, pattern = shaped + ":00", pattern + ":%M"
    dtype = pl.Datetime("us", "UTC" if "%z" in pattern else None)
    # A cache pays for dates, which repeat; with a time of day it costs as much as the parsing.
    return shaped.str.strptime(dtype, pattern, strict=False, exact=True, cache=form.date_only)
