"""Tables become the model's frozen values, strictly: every key known, every type exact, nothing converted."""

import json
import re
from collections.abc import Iterator
from dataclasses import MISSING, fields, is_dataclass
from dataclasses import Field as DataclassField
from types import NoneType, UnionType
from typing import Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

from pydantic_core import CoreSchema, SchemaValidator, ValidationError, core_schema

from vbatch.catalog.document import Flaw, Table, Where, value_at
from vbatch.catalog.shelf import did_you_mean
from vbatch.model.layout import Dialect, Field, Layout, Unmapped

Value = TypeVar("Value")

INNER: dict[str, type] = {"fields": Field, "dialect": Dialect, "unmapped": Unmapped}
HEADERS = {Field: "[[fields]]", Dialect: "[dialect]", Unmapped: "[unmapped]"}

SIMPLE: dict[type, CoreSchema] = {
    str: core_schema.str_schema(strict=True),
    int: core_schema.int_schema(strict=True),
    bool: core_schema.bool_schema(strict=True),
}

# What each of pydantic's errors asks for, and how that is written in TOML.
ASKED = {
    "string_type": ("a text", 'put it in quotes: "…"'),
    "int_type": ("a whole number", "write digits without quotes"),
    "bool_type": ("true or false", "write true or false without quotes"),
    "tuple_type": ("a list", 'write ["…", "…"]'),
    "dict_type": ("a table", 'write { "old" = "new" }'),
    "dataclass_type": ("a table", "write it as a table of its own, with its name in brackets as header"),
}


def build(cls: type[Value], table: Table) -> Value:
    """The value that a table describes; pydantic's ValidationError if it describes none."""
    # Only from JSON does strict validation take a table for a dataclass and a list for a tuple.
    built: Value = SchemaValidator(_schema(cls)).validate_json(json.dumps(table, default=_foreign))
    return built


def _schema(hint: Any) -> CoreSchema:
    """What the validator of pydantic asks of a value of this type. Pydantic works that out for any type, which takes it 30 ms."""
    origin, inner = get_origin(hint), get_args(hint)
    if is_dataclass(hint):
        return _schema_of_dataclass(hint)
    if origin is Literal:
        return core_schema.literal_schema(list(inner))
    if origin in {Union, UnionType}:
        choices = [_schema(one) for one in inner if one is not NoneType]
        some = core_schema.union_schema(list(choices)) if len(choices) > 1 else choices[0]
        return core_schema.nullable_schema(some) if NoneType in inner else some
    if origin is tuple:
        repeated = inner[-1] is Ellipsis
        return core_schema.tuple_schema([_schema(one) for one in inner if one is not Ellipsis], variadic_item_index=0 if repeated else None)
    if origin is dict:
        return core_schema.dict_schema(*map(_schema, inner))
    return SIMPLE[hint]


def _schema_of_dataclass(cls: Any) -> CoreSchema:
    types = get_type_hints(cls)
    parts = [core_schema.dataclass_field(one.name, _with_default(_schema(types[one.name]), one)) for one in fields(cls)]
    arguments = core_schema.dataclass_args_schema(cls.__name__, parts, extra_behavior="forbid")
    names, checks_itself = [one.name for one in fields(cls)], hasattr(cls, "__post_init__")
    return core_schema.dataclass_schema(cls, arguments, names, post_init=checks_itself, slots=True, strict=True)


def _with_default(schema: CoreSchema, one: DataclassField[Any]) -> CoreSchema:
    if one.default_factory is not MISSING:
        return core_schema.with_default_schema(schema, default_factory=one.default_factory)
    return schema if one.default is MISSING else core_schema.with_default_schema(schema, default=one.default)


def type_flaws(error: ValidationError, cls: type, table: Table) -> Iterator[Flaw]:
    """What is wrong, unknown keys alone if there are any: one misspelt key is unknown, and often missing under its right name."""
    details = error.errors(include_url=False)
    unknown = [one for one in details if one["type"] == "unexpected_keyword_argument"]
    for one in unknown or details:
        where = one["loc"]
        if unknown:
            yield _unknown(where, _owner(cls, where))
        elif one["type"] == "missing":
            yield _missing(where, _owner(cls, where))
        else:
            yield _wrong(where, table, one)


def _foreign(_: object) -> float:
    """Dates and times exist in TOML and not in JSON; a fraction is refused everywhere just as they are to be."""
    return 0.5


def _owner(cls: type, where: Where) -> type:
    return INNER[str(where[0])] if cls is Layout and len(where) > 1 else cls


def _unknown(where: Where, owner: type) -> Flaw:
    key, known = str(where[-1]), [one.name for one in fields(owner)]
    homes = [header for other, header in HEADERS.items() if other is not owner and key in {one.name for one in fields(other)}]
    hint = did_you_mean(key, known) or (f"it belongs under {homes[0]}; " if homes else "")
    return Flaw(where, f"unknown key `{key}`", hint=f"{hint}known here: {', '.join(known)}")


def _missing(where: Where, owner: type) -> Flaw:
    needed = [one.name for one in fields(owner) if one.default is MISSING and one.default_factory is MISSING]
    return Flaw(where[:-1], f"`{where[-1]}` is missing", hint=f"a {owner.__name__.lower()} needs {', '.join(needed)}")


def _wrong(where: Where, table: Table, detail: Any) -> Flaw:
    if where[-1] in {"str", "int"} and where[-2] == "source":
        where, asked, hint = where[:-1], "a text or a whole number", "name the source field, or its position where there is no header"
    elif detail["type"] == "literal_error":
        asked = detail["ctx"]["expected"]
        hint = did_you_mean(str(value_at(table, where)), re.findall("'([^']+)'", asked)).strip() or f"write one of {asked}"
    else:
        asked, hint = ASKED.get(detail["type"], (detail["msg"].removeprefix("Input should be "), "mend the value"))
    each, key = ("each of ", where[-2]) if isinstance(where[-1], int) else ("", where[-1])
    return Flaw(where, f"{each}`{key}` must be {asked}, not {_shown(value_at(table, where))}", hint=hint)


def _shown(value: object) -> str:
    text = json.dumps(value, default=str, ensure_ascii=False)
    return text if len(text) <= 60 else f"{text[:60]}…"  # noqa: PLR2004 - a message is one line
