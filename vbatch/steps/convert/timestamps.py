"""Texts to instants in UTC, strictly in the forms that a field declares."""

import re
from datetime import timedelta
from functools import cache
from typing import NamedTuple

import numpy as np
import polars as pl

from vbatch.model.layout import ISO_FORMS, Field
from vbatch.model.patterns import DIRECTIVE, has_offset, is_date_only
from vbatch.steps.convert.fixed import Mask, Micros, Plan, local_times, plan

UTC = pl.Datetime("us", "UTC")

END_OF_DAY = 86_400_000_000 - 1000
"""Microseconds from the first to the last millisecond of a day."""

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
    micros, found = np.zeros(len(raw), np.int64), np.zeros(len(raw), bool)
    left, lengths = raw.is_not_null().to_numpy(), raw.str.len_bytes().fill_null(0).to_numpy()
    for form in _forms(one.formats):
        fits = left & (lengths == form.plan.width) if form.plan else left
        if fits.all():
            micros[:], found[:] = _instants(raw, form, one)
        elif fits.any():
            micros[fits], found[fits] = _instants(raw.filter(pl.Series(fits)), form, one)
        left = left & ~found
    return _series(raw.name, micros, found, UTC)


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


def _instants(raw: pl.Series, form: Form, one: Field) -> tuple[Micros, Mask]:
    """Microseconds since 1970 in UTC, and where a text has the form and names an instant."""
    if form.plan and (form.zoned or one.zone in {None, "UTC"}):
        micros, found = local_times(raw, form.plan)
        return micros + (END_OF_DAY if _at_the_end(form, one) else 0), found
    instants = _in_zone(_local(raw, form), form, one)
    return instants.to_physical().fill_null(0).to_numpy(), instants.is_not_null().to_numpy()


def _in_zone(local: pl.Series, form: Form, one: Field) -> pl.Series:
    if form.zoned:
        return local.dt.replace_time_zone("UTC") if local.dtype == pl.Datetime("us") else local.dt.convert_time_zone("UTC")
    if _at_the_end(form, one):
        local = local + timedelta(microseconds=END_OF_DAY)
    return local.dt.replace_time_zone(one.zone, ambiguous="null", non_existent="null").dt.convert_time_zone("UTC")


def _at_the_end(form: Form, one: Field) -> bool:
    return form.date_only and one.date_only == "end_of_day"


def _local(raw: pl.Series, form: Form) -> pl.Series:
    return _varying(raw, form) if form.plan is None else _fixed(raw, form.plan)


def _fixed(raw: pl.Series, how: Plan) -> pl.Series:
    micros, found = np.zeros(len(raw), np.int64), np.zeros(len(raw), bool)
    fits = (raw.str.len_bytes() == how.width).fill_null(value=False)
    rows = fits.to_numpy()
    micros[rows], found[rows] = local_times(raw.filter(fits), how)
    return _series(raw.name, micros, found, pl.Datetime("us"))


def _series(name: str, micros: Micros, found: Mask, dtype: pl.Datetime) -> pl.Series:
    """Instants of so many microseconds, null where there is none."""
    values = pl.Series(name, micros).cast(dtype)
    return values if found.all() else values.set(pl.Series(~found), None)


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
