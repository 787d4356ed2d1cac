"""Texts to whole numbers and exact decimals, in the form that a field declares and in no other."""

import re
from collections.abc import Iterator
from dataclasses import replace

import polars as pl

from vbatch.model.currency import DECIMALS
from vbatch.model.layout import Field
from vbatch.model.rulebook import decimals, type_of
from vbatch.steps.convert.short import MOST, form, short_amounts


def integers(raw: pl.Series, one: Field) -> pl.Series:
    """Whole numbers; null where a text is none."""
    if one.thousands_mark is not None:
        raw = _plain(_only(raw, _shape(one, 0)), one)
    values = raw.cast(pl.Int64, strict=False)
    signed = raw.str.starts_with("+")
    # The cast takes what the shape of a whole number allows, and a leading plus, which it does not.
    return values.set(signed, None) if signed.any() else values


def integer_lists(raw: pl.Series, one: Field) -> pl.Series:
    """Lists of whole numbers, with or without brackets around them; null where a text is none."""
    shaped = _only(raw, rf"^\[?-?[0-9]+(?: *{re.escape(one.separator)} *-?[0-9]+)*\]?$|^\[\]$")
    parts = shaped.str.strip_chars("[]").str.split(one.separator)
    return parts.list.eval(pl.element().str.strip_chars(" ").replace("", None).drop_nulls()).cast(pl.List(pl.Int64), strict=False)


def amounts(raw: pl.Series, one: Field) -> pl.Series:
    """Decimals with the field's number of decimals; null where a text is none or has more."""
    written = _decimals_written(one)
    if one.thousands_mark is not None or not one.decimal_mark.isascii() or written > MOST:
        return _amounts(raw, one)
    values, fits = short_amounts(raw, form(written, one.decimal_mark), pl.Decimal(18, decimals(one)))
    return values if fits.all() else values.scatter((~fits).arg_true(), _amounts(raw.filter(~fits), one))


def _amounts(raw: pl.Series, one: Field) -> pl.Series:
    plain = _plain(_only(raw, _shape(one, _decimals_written(one))), one)
    if one.unit == "major":
        return plain.cast(type_of(one), strict=False)
    major: pl.Series = plain.cast(pl.Decimal(38, decimals(one)), strict=False) / 10 ** decimals(one)
    return major.cast(type_of(one), strict=False)


def amounts_in(raw: pl.Series, currencies: pl.Series | None, one: Field) -> pl.Series:
    """Decimals, each with as many decimals as its record's currency; null where there is no known currency."""
    values = pl.Series(raw.name, [None], dtype=type_of(one)).new_from_index(0, len(raw))
    for rows, of_currency in _by_currency(currencies, one):
        values = values.scatter(rows, amounts(raw.gather(rows), of_currency).cast(type_of(one)))
    return values


def reasons_in(raw: pl.Series, currencies: pl.Series | None, one: Field, failed: pl.Series) -> list[tuple[str, pl.Series]]:
    """Why amounts of several currencies failed."""
    unknown, precise = failed.clone(), pl.repeat(value=False, n=len(raw), dtype=pl.Boolean, eager=True)
    for rows, of_currency in _by_currency(currencies, one):
        unknown = unknown.scatter(rows, values=False)
        precise = precise.scatter(rows, too_precise(raw.gather(rows), of_currency).fill_null(value=False))
    return [("unknown_currency", unknown), ("precision", precise), ("unreadable", ~unknown & ~precise)]


def _by_currency(currencies: pl.Series | None, one: Field) -> Iterator[tuple[pl.Series, Field]]:
    """The rows of each known currency, and the field as if all amounts were of that currency."""
    if currencies is None:
        return
    for currency in currencies.unique().drop_nulls():
        if currency in DECIMALS:
            yield (currencies == currency).fill_null(value=False).arg_true(), replace(one, currency=currency, currency_source=None)


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
