"""What can be wrong with a layout beyond the types of its keys: in its dialect, in a field, between its fields."""

import codecs
from collections.abc import Iterator
from encodings.aliases import aliases
from itertools import combinations

from vbatch.catalog.document import Flaw, Table
from vbatch.catalog.field_checks import field_flaws
from vbatch.catalog.shelf import did_you_mean
from vbatch.model.currency import MOST_DECIMALS, decimals_of
from vbatch.model.layout import Dialect, Field, Layout

LIMITS = ("max_record_bytes", "max_ratio", "max_bytes")
DIALECT_KEYS = {
    "csv": {"delimiter", "quote", "encoding", "escape", "keep_empty", "header", "skip_rows", *LIMITS},
    "lines": {"encoding", "skip_rows", *LIMITS},
    "fixed": {"encoding", "skip_rows", *LIMITS},
    "json": {*LIMITS},
    "parquet": {*LIMITS},
    "xlsx": {*LIMITS},
}


def layout_flaws(layout: Layout, table: Table) -> Iterator[Flaw]:
    """What is wrong with a layout.

    Args:
        layout: the layout.
        table: the document it comes from.
    """
    yield from _dialect(layout.dialect)
    yield from _dialect_of_format(layout, table)
    for position, one in enumerate(layout.fields):
        yield from field_flaws(one, ("fields", position), table["fields"][position])
        yield from _source(one, position, layout)
    yield from _code(layout)
    yield from _shared_columns(layout)
    yield from _list_of_one(layout)
    yield from _unmapped(layout)
    yield from _positions(layout)


def _dialect(dialect: Dialect) -> Iterator[Flaw]:
    for key in ("delimiter", "quote"):
        mark = getattr(dialect, key)
        unquoted = key == "quote" and not mark
        if not unquoted and (len(mark) != 1 or not mark.isascii() or mark in "\r\n"):
            yield Flaw(
                ("dialect", key), f"`{key}` cannot be {mark!r}", hint="use one ASCII character" + ', or "" for none' * (key == "quote")
            )
    if dialect.escape is not None and dialect.keep_empty:
        yield Flaw(("dialect", "keep_empty"), "`keep_empty` and `escape` exclude each other", hint="keep the one that the file needs")
    if dialect.escape is not None and (len(dialect.escape) != 1 or dialect.escape in (dialect.delimiter, dialect.quote, "\r", "\n")):
        yield Flaw(("dialect", "escape"), f"`escape` cannot be {dialect.escape!r}", hint="use one character that is nothing else")
    if dialect.delimiter == dialect.quote:
        yield Flaw(("dialect", "quote"), f"delimiter and quote are both {dialect.quote!r}", hint='write quote = "" if nothing is quoted')
    if not _is_encoding(dialect.encoding):
        hint = (
            did_you_mean(dialect.encoding, [name.replace("_", "-") for name in aliases.values()])
            + "use a name such as utf-8, cp1252 or utf-16"
        )
        yield Flaw(("dialect", "encoding"), f"no encoding is called {dialect.encoding!r}", hint=hint)
    for key, least in (("skip_rows", 0), *((key, 1) for key in LIMITS)):
        if getattr(dialect, key) < least:
            yield Flaw(("dialect", key), f"`{key}` cannot be {getattr(dialect, key)}", hint=f"use a whole number from {least} on")


def _is_encoding(name: str) -> bool:
    try:
        codecs.lookup(name)
        "".encode(name)
    except (LookupError, ValueError):
        return False
    return True


def _dialect_of_format(layout: Layout, table: Table) -> Iterator[Flaw]:
    for key in table.get("dialect", ()):
        if key not in DIALECT_KEYS[layout.format]:
            formats = " or ".join(name for name, keys in DIALECT_KEYS.items() if key in keys)
            message = f"`{key}` means nothing in the format {layout.format}"
            yield Flaw(("dialect", key), message, hint=f"remove it, or did you mean the format {formats}?")


def _source(one: Field, position: int, layout: Layout) -> Iterator[Flaw]:
    place = ("fields", position, "source")
    by_position = layout.format == "lines" or (layout.format == "csv" and not layout.dialect.header)
    if not by_position and isinstance(one.source, int):
        yield Flaw(place, f"`source` cannot be the position {one.source}", hint="name the source field, or declare header = false")
    if by_position and (isinstance(one.source, str) or one.source < 1):
        yield Flaw(place, f"`source` cannot be {one.source!r} where there is no header", hint="give the position, from 1")
    for name in one.when:
        if by_position and not name.isdecimal():
            message = f"`when` cannot name {name!r} where there is no header"
            yield Flaw(("fields", position, "when", name), message, hint='give the position in quotes: { "2" = "…" }')


def _code(layout: Layout) -> Iterator[Flaw]:
    codes = [position for position, one in enumerate(layout.fields) if one.column == "code"]
    if not codes:
        yield Flaw((), "no field maps the column `code`", hint='add a field with column = "code" and kind = "text"')
    for position in codes:
        if layout.fields[position].kind != "text":
            hint = "a code that has been a number has lost its leading zeros"
            yield Flaw(("fields", position, "kind"), f"`code` must be text, not {layout.fields[position].kind}", hint=hint)
    for position in codes[1:]:
        yield Flaw(("fields", position, "column"), "`code` is mapped twice", hint="keep the field that holds the code customers have")


def _shared_columns(layout: Layout) -> Iterator[Flaw]:
    fields = [(position, one) for position, one in enumerate(layout.fields) if one.column != "code"]
    for (_, first), (position, second) in combinations(fields, 2):
        if first.column != second.column:
            continue
        column, place = first.column, ("fields", position)
        if first.kind != second.kind:
            message = f"`{column}` is {first.kind} in one field and {second.kind} in this one"
            yield Flaw((*place, "kind"), message, hint="a column has one kind")
        elif _decimals(first) != _decimals(second):
            message = f"`{column}` has {_decimals(first)} decimals in one field and {_decimals(second)} in this one"
            yield Flaw((*place, "decimals"), message, hint="a column has one number of decimals")
        if not any(first.when[name] != second.when[name] for name in first.when.keys() & second.when.keys()):
            message = f"`{column}` is mapped twice, and one record can match both"
            yield Flaw((*place, "when"), message, hint="give both fields a `when` on the same source field, with different texts")


def _decimals(one: Field) -> int | None:
    if one.currency_source is not None:
        return MOST_DECIMALS
    try:
        return one.decimals if one.currency is None else decimals_of(one.currency)
    except KeyError:
        return None


def _list_of_one(layout: Layout) -> Iterator[Flaw]:
    if layout.format == "lines" and (len(layout.fields) != 1 or layout.fields[0].source != 1):
        place = ("fields", 0, "source") if len(layout.fields) == 1 else ("format",)
        yield Flaw(place, "the format lines has one field, with source = 1", hint="a list holds codes and nothing else; else it is csv")
    if layout.or_lines and (layout.format != "csv" or not layout.dialect.header or len(layout.fields) != 1):
        hint = "a list without a header can only be told from CSV with a header, and only fills one column"
        yield Flaw(("or_lines",), "`or_lines` is for the format csv with a header and one field", hint=hint)


def _positions(layout: Layout) -> Iterator[Flaw]:
    if layout.format != "fixed":
        if layout.positions:
            yield Flaw(
                ("positions",), f"`positions` means nothing in the format {layout.format}", hint="remove it, or declare format fixed"
            )
        return
    for name, (first, last) in layout.positions.items():
        if not 1 <= first <= last:
            message = f"{name!r} cannot go from character {first} to {last}"
            yield Flaw(("positions", name), message, hint="give the first and the last character, from 1")
    for position, one in enumerate(layout.fields):
        if one.source not in layout.positions:
            message = f"{one.source!r} has no position"
            yield Flaw(("fields", position, "source"), message, hint="name it under [positions] with its first and last character")


def _unmapped(layout: Layout) -> Iterator[Flaw]:
    sources = {one.source for one in layout.fields}
    for name in layout.unmapped.drop:
        if name in sources:
            yield Flaw(("unmapped", "drop"), f"{name!r} is mapped by a field and dropped", hint="remove the one or the other")
