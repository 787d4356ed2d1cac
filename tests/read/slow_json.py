"""The rules of JSON exports in plain Python, one byte after the other; it shares nothing with vbatch but what Python's json understands.

An item of an array begins at its first visible byte and goes on to the first of the next item, so its comma and the white space behind it
belong to it; the last one goes on to the bracket that closes the array. Commas and brackets within strings mean nothing. What stands
behind the closing bracket is one broken item with it, also if the bracket is of the wrong kind, and so is the last item of an array that
nothing closes. One object a line: a record is a line.
"""

import json
import re
from collections.abc import Collection, Iterator
from typing import Any, NamedTuple

BLANK = b" \t\r\n"


class Item(NamedTuple):
    """An item: place, physical line from 1, and either what is wrong with it or its texts by path."""

    offset: int
    length: int
    line: int
    fault: str
    texts: dict[str, str]


class Number(str):
    """A number as it is written."""

    __slots__ = ()


class DoubledError(ValueError):
    """An object has a key twice."""


def told_as_array(data: bytes, longest: int, whole: Collection[str] = ()) -> list[Item]:
    """The items of an array; its bracket may have white space before it. An object at a path in `whole` is one text."""
    start = _visible(data, data.index(b"[") + 1)
    found: list[Item] = []
    at, depth, within = start, 0, False
    while at < len(data):
        byte = data[at : at + 1]
        if byte == b'"' and not _escaped(data, at):
            within = not within
        elif within:
            pass
        elif byte in (b"[", b"{"):
            depth += 1
        elif byte in (b"]", b"}") and depth == 0:
            return found + _last(data, start, at, longest, whole)
        elif byte in (b"]", b"}"):
            depth -= 1
        elif byte == b"," and depth == 0:
            after = _visible(data, at + 1)
            found.append(_item(data, start, after, longest, whole))
            start = after
        at += 1
    if start < len(data):
        found.append(_item(data, start, len(data), longest, whole))
    return [*found[:-1], found[-1]._replace(fault="json", texts={})] if found else []


def told_as_lines(data: bytes, longest: int, whole: Collection[str] = ()) -> tuple[list[Item], int]:
    """The items of a file with one object a line, and how many of its lines are blank."""
    lines = re.findall(rb"[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+\Z", data)
    offset, found, blanks = 0, [], 0
    for number, line in enumerate(lines, start=1):
        if line.strip(b"\r\n"):
            found.append(_item(data, offset, offset + len(line), longest, whole)._replace(line=number))
        else:
            blanks += 1
        offset += len(line)
    return found, blanks


def _escaped(data: bytes, at: int) -> bool:
    before = data[:at]
    return (len(before) - len(before.rstrip(b"\\"))) % 2 == 1


def _visible(data: bytes, at: int) -> int:
    while at < len(data) and data[at : at + 1] in (b" ", b"\t", b"\r", b"\n"):
        at += 1
    return at


def _last(data: bytes, start: int, close: int, longest: int, whole: Collection[str]) -> list[Item]:
    found = [_item(data, start, close, longest, whole)] if start < close else []
    if data[close:].strip(BLANK) != b"]":
        found.append(_item(data, close, len(data), longest, whole)._replace(fault="json", texts={}))
    return found


def _item(data: bytes, start: int, after: int, longest: int, whole: Collection[str]) -> Item:
    fault, texts = _content(data[start:after], whole) if after - start <= longest else ("too_long", {})
    return Item(start, after - start, 1 + len(re.findall(rb"\r\n|\r|\n", data[:start])), fault, texts)


def _content(raw: bytes, whole: Collection[str]) -> tuple[str, dict[str, str]]:  # noqa: PLR0911 - one for each fault
    try:
        text = raw.decode().strip(BLANK.decode()).removesuffix(",")
    except UnicodeDecodeError:
        return "encoding", {}
    try:
        value = json.loads(text, parse_int=Number, parse_float=Number, parse_constant=int, object_pairs_hook=_pairs)
    except DoubledError:
        return "duplicate_key", {}
    except (ValueError, RecursionError):
        return "json", {}
    if _depth(value) > 200:
        return "json", {}
    if not isinstance(value, dict):
        return "not_object", {}
    found = list(_texts(value, "", whole))
    if len({path for path, _ in found}) != len(found):
        return "duplicate_key", {}
    every = "".join(path + (text or "") for path, text in found)
    if re.search(r"[\x00-\x08\x0b\x0c\x0e-\x1f]", every):
        return "control", {}
    if re.search(r"[\ud800-\udfff]", every):
        return "encoding", {}
    if whole and any(text is not None and path not in whole for path, text in found):
        return "duplicate_key", {}
    return "", {path: text for path, text in found if text is not None}


def _depth(value: Any) -> int:
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else None
    return 0 if inner is None else 1 + max(map(_depth, inner), default=0)


def _pairs(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    if len({key for key, _ in pairs}) != len(pairs):
        raise DoubledError
    return dict(pairs)


def _texts(value: dict[str, Any], prefix: str, whole: Collection[str]) -> Iterator[tuple[str, str | None]]:
    for key, one in value.items():
        if isinstance(one, dict) and one and f"{prefix}{key}" not in whole:
            yield from _texts(one, f"{prefix}{key}.", whole)
        else:
            yield f"{prefix}{key}", None if one in (None, "", {}) else _text(one)


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, str) else _compact(value)


def _compact(value: Any) -> str:
    if isinstance(value, dict):
        return "{" + ",".join(f"{json.dumps(key, ensure_ascii=False)}:{_compact(one)}" for key, one in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(_compact, value)) + "]"
    return str(value) if isinstance(value, Number) else json.dumps(value, ensure_ascii=False)
