"""JSON items become a text frame: one column for each path to a value."""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

import polars as pl

from vbatch.model.batch import FAULTS, PLACE, Batch
from vbatch.model.binding import not_text_column
from vbatch.model.fault import FaultBook
from vbatch.steps.read.parsed import Parsed

CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f]")
SURROGATE = re.compile(r"[\ud800-\udfff]")


class Literal(str):
    """A number, true or false, as it is written."""

    __slots__ = ()


class DuplicateKeyError(ValueError):
    """An object has a key twice."""


def parse_json(batch: Batch, paths: tuple[str, ...], columns: list[str], book: FaultBook) -> Parsed:
    """Parse a batch of JSON items.

    Args:
        batch: whole items.
        paths: dotted paths to the values wanted; an object or a list at a path is delivered as compact JSON.
        columns: names for the text columns, one a path.
        book: where the structural faults have their bits.

    Returns:
        For each path a String column, null where the item has no value or an empty text, and a boolean column that tells what did not
        arrive as text.
    """
    wanted = {path: position for position, path in enumerate(paths)}
    masks, rows = [], []
    for at, size, mask in batch.records.select(*PLACE, FAULTS).iter_rows():
        row, fault = (None, "") if mask else _row(batch.data[at : at + size], wanted)
        masks.append(mask or (book.bit(f"record.{fault}") if fault else 0))
        if row is not None:
            rows.append(row)
    records = batch.records.drop(PLACE).with_columns(pl.Series(FAULTS, masks, dtype=pl.UInt64))
    texts = {name: pl.Series(name, [row[position] for row in rows], dtype=pl.String) for position, name in enumerate(columns)}
    flags = {
        not_text_column(name): pl.Series([type(row[position]) is Literal for row in rows], dtype=pl.Boolean)
        for position, name in enumerate(columns)
    }
    good = records.filter(pl.col(FAULTS) == 0).drop(FAULTS).with_columns(**texts, **flags)
    return Parsed(good, records.filter(pl.col(FAULTS) != 0))


def paths_of(raw: Iterable[bytes], mapped: frozenset[str]) -> tuple[str, ...]:
    """Every path to a value in these items, in order of first appearance; paths that a field maps are not looked into."""
    found: dict[str, None] = {}
    for piece in raw:
        item, _ = _item(piece)
        if item is not None:
            found.update(dict.fromkeys(path for path, value in _leaves(item, "", mapped) if _text(value) is not None))
    return tuple(found)


class _Read(NamedTuple):
    item: dict[str, Any] | None
    fault: str


def _item(raw: bytes) -> _Read:
    """The item, or what is wrong with it."""
    try:
        text = raw.decode("utf-8").strip(" \t\r\n").removesuffix(",")
    except UnicodeDecodeError:
        return _Read(None, "encoding")
    try:
        item = json.loads(text, parse_int=Literal, parse_float=Literal, parse_constant=_no_constant, object_pairs_hook=_object)
    except DuplicateKeyError:
        return _Read(None, "duplicate_key")
    except (ValueError, RecursionError):
        return _Read(None, "json")
    return _Read(item, "") if isinstance(item, dict) else _Read(None, "not_object")


def _row(raw: bytes, wanted: Mapping[str, int]) -> tuple[list[str | None] | None, str]:
    item, fault = _item(raw)
    if item is None:
        return None, fault
    values = list(_leaves(item, "", wanted.keys()))
    texts = {path: _text(value) for path, value in values}
    if len(texts) != len(values):
        return None, "duplicate_key"
    every = "".join(filter(None, texts.values()))
    if CONTROL.search(every):
        return None, "control"
    if SURROGATE.search(every):
        return None, "encoding"
    row: list[str | None] = [None] * len(wanted)
    for path, text in texts.items():
        if path in wanted:
            row[wanted[path]] = text
    return row, ""


def _leaves(item: dict[str, Any], prefix: str, mapped: Any) -> Iterator[tuple[str, Any]]:
    for key, value in item.items():
        path = prefix + key
        if isinstance(value, dict) and value and path not in mapped:
            yield from _leaves(value, path + ".", mapped)
        else:
            yield path, value


def _text(value: Any) -> str | None:
    if value is None or value in ("", {}):
        return None
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return Literal("true" if value else "false")
    return Literal(_compact(value))


def _compact(value: Any) -> str:
    """A value as JSON without white space, numbers as they were written."""
    if isinstance(value, Literal):
        return str(value)
    if isinstance(value, dict):
        return "{" + ",".join(f"{json.dumps(key, ensure_ascii=False)}:{_compact(one)}" for key, one in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(_compact, value)) + "]"
    return json.dumps(value, ensure_ascii=False)


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    values = dict(pairs)
    if len(values) != len(pairs):
        raise DuplicateKeyError
    return values


def _no_constant(name: str) -> None:
    raise ValueError(name)
