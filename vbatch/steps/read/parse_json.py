"""JSON items become a text frame: one column for each path to a value."""

import json
import re
from collections.abc import Collection, Iterable, Iterator
from typing import Any, NamedTuple

import polars as pl

from vbatch.model.batch import FAULTS, PLACE, Batch
from vbatch.model.binding import not_text_column
from vbatch.model.fault import FaultBook
from vbatch.steps.read.parsed import Parsed

CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f]")
DEEPEST = 200
PIECES = re.compile(r'"(?:[^"\\]|\\.)*+"|[\[\]{}]', re.DOTALL)
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
    wanted = frozenset(paths)
    masks, rows = [], []
    for at, size, mask in batch.records.select(*PLACE, FAULTS).iter_rows():
        texts, fault = _Read(None, "") if mask else _item(batch.data[at : at + size], wanted)
        if any(text is not None and path not in wanted for path, text in (texts or {}).items()):
            # Without an object at a path that is a text elsewhere, the path would be there twice.
            texts, fault = None, "duplicate_key"
        masks.append(mask or (book.bit(f"record.{fault}") if fault else 0))
        if texts is not None:
            rows.append([texts.get(path) for path in paths])
    records = batch.records.drop(PLACE).with_columns(pl.Series(FAULTS, masks, dtype=pl.UInt64))
    columns_of_text = {name: pl.Series(name, [row[position] for row in rows], dtype=pl.String) for position, name in enumerate(columns)}
    flags = {
        not_text_column(name): pl.Series([type(row[position]) is Literal for row in rows], dtype=pl.Boolean)
        for position, name in enumerate(columns)
    }
    good = records.filter(pl.col(FAULTS) == 0).drop(FAULTS).with_columns(**columns_of_text, **flags)
    return Parsed(good, records.filter(pl.col(FAULTS) != 0))


def paths_of(raw: Iterable[bytes], mapped: frozenset[str]) -> tuple[str, ...]:
    """Every path to a value in these items, in order of first appearance; paths that a field maps are not looked into."""
    found: dict[str, None] = {}
    for piece in raw:
        texts, _ = _item(piece, mapped)
        found.update(dict.fromkeys(path for path, text in (texts or {}).items() if text is not None))
    return tuple(found)


class _Read(NamedTuple):
    texts: dict[str, str | None] | None
    fault: str


def _item(raw: bytes, whole: Collection[str]) -> _Read:
    """The texts of an item by path, or what is wrong with it; objects at the paths in `whole` are texts, too."""
    try:
        text = raw.decode("utf-8").strip(" \t\r\n").removesuffix(",")
        _refuse_depth(text)
        item = json.loads(text, parse_int=Literal, parse_float=Literal, parse_constant=_no_constant, object_pairs_hook=_object)
        return _texts(item, whole) if isinstance(item, dict) else _Read(None, "not_object")
    except UnicodeDecodeError:
        return _Read(None, "encoding")
    except DuplicateKeyError:
        return _Read(None, "duplicate_key")
    except ValueError:
        return _Read(None, "json")


def _refuse_depth(text: str) -> None:
    """ValueError for more nesting than an export has; how much Python itself can take depends on who calls it."""
    if text.count("[") + text.count("{") > DEEPEST:
        depth = 0
        for piece in PIECES.findall(text):
            depth += (piece in "[{") - (piece in "]}")
            if depth > DEEPEST:
                raise ValueError(piece)


def _texts(item: dict[str, Any], whole: Collection[str]) -> _Read:
    values = list(_leaves(item, "", whole))
    texts = {path: _text(value) for path, value in values}
    every = "".join(path + (text or "") for path, text in texts.items())
    if len(texts) != len(values):
        return _Read(None, "duplicate_key")
    if CONTROL.search(every):
        return _Read(None, "control")
    return _Read(None, "encoding") if SURROGATE.search(every) else _Read(texts, "")


def _leaves(item: dict[str, Any], prefix: str, whole: Collection[str]) -> Iterator[tuple[str, Any]]:
    for key, value in item.items():
        path = prefix + key
        if isinstance(value, dict) and value and path not in whole:
            yield from _leaves(value, path + ".", whole)
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
