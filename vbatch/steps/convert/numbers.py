"""Texts to whole numbers and exact decimals, in the form that a field declares and in no other."""

import re

import polars as pl

from vbatch.model.layout import Field
from vbatch.model.rulebook import decimals, type_of


def integers(raw: pl.Series, one: Field) -> pl.Series:
    """Whole numbers; null where a text is none."""
    plain = _plain(_only(raw, _shape(one, 0)), one)
    return plain.str.to_integer(strict=False, dtype=pl.Int64)


def integer_lists(raw: pl.Series, one: Field) -> pl.Series:
    """Lists of whole numbers, with or without brackets around them; null where a text is none."""
    shaped = _only(raw, rf"^\[?-?[0-9]+(?: *{re.escape(one.separator)} *-?[0-9]+)*\]?$|^\[\]$")
    parts = shaped.str.strip_chars("[]").str.split(one.separator)
    return parts.list.eval(pl.element().str.strip_chars(" ").replace("", None).drop_nulls()).cast(pl.List(pl.Int64), strict=False)


def amounts(raw: pl.Series, one: Field) -> pl.Series:
    """Decimals with the field's number of decimals; null where a text is none or has more."""
    plain = _plain(_only(raw, _shape(one, _decimals_written(one))), one)
    values = plain.cast(type_of(one), strict=False)
    return (values / 10 ** decimals(one)).cast(type_of(one)) if one.unit == "minor" else values


def too_precise(raw: pl.Series, one: Field) -> pl.Series:
    """Which texts are amounts in the field's form, but with more decimals than it has."""
    return raw.str.contains(_shape(one, None)) & ~raw.str.contains(_shape(one, _decimals_written(one)))


def _decimals_written(one: Field) -> int:
    return 0 if one.unit == "minor" else decimals(one)


def _only(raw: pl.Series, pattern: str) -> pl.Series:
    fits = raw.str.contains(pattern)
    return raw if fits.all() else raw.set(~fits, None)


def _plain(raw: pl.Series, one: Field) -> pl.Series:
    if one.thousands_mark is not None:
        raw = raw.str.replace_all(one.thousands_mark, "", literal=True)
    return raw if one.decimal_mark == "." else raw.str.replace(one.decimal_mark, ".", literal=True)


def _shape(one: Field, most: int | None) -> str:
    """A pattern of numbers as the field declares them, with at most so many decimals (None: any number)."""
    mark = re.escape(one.thousands_mark or "")
    whole = rf"(?:[0-9]{{1,3}}(?:{mark}[0-9]{{3}})+|[0-9]+)" if mark else "[0-9]+"
    if most == 0:
        return f"^-?{whole}$"
    return rf"^-?{whole}(?:{re.escape(one.decimal_mark)}[0-9]{{1,{'' if most is None else most}}})?$"
