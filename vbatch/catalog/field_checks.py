"""What can be wrong with one field of a layout beyond the types of its keys."""

import re
from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from zoneinfo import available_timezones

import polars as pl

from vbatch.catalog.document import Flaw, Table, Where
from vbatch.catalog.shelf import did_you_mean
from vbatch.model.currency import DECIMALS, MOST_DECIMALS
from vbatch.model.layout import Field
from vbatch.model.patterns import has_offset, is_date_only, misfits

COMMON = frozenset({"column", "source", "kind", "required", "nulls", "when"})
KEYS: Mapping[str, frozenset[str]] = {
    "text": frozenset({"values"}),
    "json": frozenset(),
    "boolean": frozenset({"true", "false"}),
    "integer": frozenset({"decimal_mark", "thousands_mark"}),
    "integers": frozenset({"separator"}),
    "amount": frozenset({"decimal_mark", "thousands_mark", "unit", "decimals", "currency", "currency_source"}),
    "timestamp": frozenset({"formats", "zone", "date_only"}),
}
COLUMN = re.compile(r"[a-z][a-z0-9_]*")


def field_flaws(one: Field, where: Where, given: Table) -> Iterator[Flaw]:
    """What is wrong with a field.

    Args:
        one: the field.
        where: its place in the document.
        given: its keys as written, which tell a default from a declaration.
    """
    yield from _column(one, where)
    yield from _foreign_keys(one, where, given)
    yield from _words(one, where)
    if one.kind == "amount":
        yield from _amount(one, where)
    if one.kind == "timestamp":
        yield from _timestamp(one, where)
    yield from _marks(one, where)


def _column(one: Field, where: Where) -> Iterator[Flaw]:
    if not COLUMN.fullmatch(one.column):
        yield Flaw((*where, "column"), f"{one.column!r} cannot be a column", hint="use lower-case letters, digits and _, a letter first")
    if one.column == "metadata":
        yield Flaw((*where, "column"), "`metadata` holds what no field maps", hint="remove the field: what is not mapped becomes metadata")


def _foreign_keys(one: Field, where: Where, given: Table) -> Iterator[Flaw]:
    for key in given:
        if key not in COMMON | KEYS[one.kind]:
            kinds = " or ".join(kind for kind, keys in KEYS.items() if key in keys)
            yield Flaw(
                (*where, key), f"`{key}` means nothing for the kind {one.kind}", hint=f"remove it, or did you mean the kind {kinds}?"
            )


def _words(one: Field, where: Where) -> Iterator[Flaw]:
    if one.kind == "boolean":
        for key in ("true", "false"):
            if not getattr(one, key):
                yield Flaw((*where, key), f"a boolean needs `{key}`", hint=f'list the texts that mean {key}, such as {key} = ["{key}"]')
    seen: dict[str, str] = {}
    for key in ("nulls", "true", "false", "values"):
        for word in getattr(one, key):
            if seen.setdefault(word, key) != key:
                yield Flaw((*where, key), f"{word!r} stands in both `{seen[word]}` and `{key}`", hint="a text can mean one thing only")


def _amount(one: Field, where: Where) -> Iterator[Flaw]:
    if one.unit is None:
        yield Flaw(where, "an amount needs `unit`", hint='"major" if 12.50 is written 12.50, "minor" if it is written 1250')
    declared = [key for key in ("decimals", "currency", "currency_source") if getattr(one, key) is not None]
    if not declared:
        hint = 'write decimals = 2, currency = "EUR" if all are of one currency, or currency_source and the field that names it'
        yield Flaw(where, "an amount needs `decimals`, `currency` or `currency_source`", hint=hint)
    for key in declared[1:]:
        yield Flaw((*where, key), f"`{declared[0]}` and `{key}` exclude each other", hint="keep the currency: it says how many decimals")
    if one.decimals is not None and not 0 <= one.decimals <= MOST_DECIMALS:
        yield Flaw((*where, "decimals"), f"`decimals` cannot be {one.decimals}", hint="currencies have 0 to 4 decimals")
    if one.currency is not None and one.currency not in DECIMALS:
        hint = did_you_mean(one.currency, DECIMALS) + "use an active ISO 4217 code, or `decimals` for a withdrawn currency"
        yield Flaw((*where, "currency"), f"no currency has the code {one.currency!r}", hint=hint)


def _marks(one: Field, where: Where) -> Iterator[Flaw]:
    for key in ("decimal_mark", "thousands_mark"):
        mark = getattr(one, key)
        if mark is not None and not re.fullmatch(r"[^0-9+\-\r\n]", mark):
            yield Flaw((*where, key), f"`{key}` cannot be {mark!r}", hint="use the one character that the old platform writes")
    if one.decimal_mark == one.thousands_mark:
        hint = "declare the mark that stands before the decimals, too"
        yield Flaw((*where, "thousands_mark"), f"decimals and thousands both have the mark {one.decimal_mark!r}", hint=hint)
    if not one.separator:
        yield Flaw((*where, "separator"), "`separator` is empty", hint="use the text that stands between two integers")


def _timestamp(one: Field, where: Where) -> Iterator[Flaw]:
    place = (*where, "formats")
    if not one.formats:
        yield Flaw(place, "a timestamp needs `formats`", hint='write formats = ["iso"], or strptime patterns such as "%d.%m.%Y %H:%M"')
    if one.zone is not None and not _is_zone(one.zone):
        like = get_close_matches(one.zone, available_timezones(), n=1)
        hint = (f"did you mean {like[0]!r}? " if like else "") + "use a name such as Europe/Berlin or UTC"
        yield Flaw((*where, "zone"), f"no time zone is called {one.zone!r}", hint=hint)
    for pattern in one.formats:
        wrong = [] if pattern == "iso" else list(misfits(pattern))
        for why in wrong:
            hint = '"iso" is the six ISO forms; for patterns see https://docs.rs/chrono/latest/chrono/format/strftime'
            yield Flaw(place, f"no instant can be read with {pattern!r}: {why}", hint=hint)
        if not wrong:
            yield from _meaning(one, pattern, where)


def _meaning(one: Field, pattern: str, where: Where) -> Iterator[Flaw]:
    if one.zone is None and (pattern == "iso" or not has_offset(pattern)):
        message = f"times in the form {pattern!r} may have no offset, so the field needs `zone`"
        yield Flaw(where, message, hint='write zone = "UTC", or the zone of the old platform')
    if one.date_only is None and (pattern == "iso" or is_date_only(pattern)):
        message = f"texts in the form {pattern!r} may be dates without a time, so the field needs `date_only`"
        yield Flaw(where, message, hint='"start_of_day" or "end_of_day", as the old platform means it')


def _is_zone(name: str) -> bool:
    """Polars converts the times, so its zones count; not every machine has a zone database for Python."""
    try:
        pl.Series([None], dtype=pl.Datetime).dt.replace_time_zone(name)
    except pl.exceptions.PolarsError:
        return False
    return name[:1].isalpha()
