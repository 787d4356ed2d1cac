"""The rules of a CSV file in plain Python, one character after the other. It is written from the rules and shares nothing with vbatch.

A record ends at the first line end (LF, CR LF or CR) that no quote encloses. It is read strictly: an opening quote only where a field
begins, a closing one only before a delimiter, a line end or the end of the file, two quotes inside for one. If that gives a record that
is not too long, it is the record; else the record is its first physical line alone, with what is wrong with that line.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

ALLOWED_CONTROL = "\t\n\r"


@dataclass(frozen=True, kw_only=True)
class Rules:
    """How a file is to be read.

    Args:
        delimiter, quote: one character each; None if nothing is quoted.
        encoding: one of Python's codecs.
        longest: bytes that a record may have.
        mark: bytes of a byte order mark at the start.
        skipped: physical lines before the header, or before the data if there is none.
        header: whether the first record is one.
        keep_empty: whether a quoted empty field is an empty text; an empty field is no value.
    """

    delimiter: str = ","
    quote: str | None = '"'
    encoding: str = "utf-8"
    longest: int = 1 << 20
    mark: int = 0
    skipped: int = 0
    header: bool = True
    keep_empty: bool = False


class Record(NamedTuple):
    """A record: place, physical line from 1, and either what is wrong with its structure or its fields."""

    offset: int
    length: int
    line: int
    fault: str
    fields: list[str | None]


class Told(NamedTuple):
    """What a file holds: its header, or its first record if it has none, its records and the blank lines between them."""

    header: Record
    records: list[Record]
    blanks: int


class Unit(NamedTuple):
    """A character and where its bytes are; "" for bytes that are none."""

    text: str
    start: int
    end: int


def told_by_the_rules(data: bytes, rules: Rules) -> Told:
    """Read a file that has at least one record."""
    found = list(_records(list(_units(data, rules)), rules))
    first = next(position for position, one in enumerate(found) if one is not None)
    header, following = found[first], found[first + 1 :] if rules.header else found
    assert header is not None
    return Told(header, [_judged(one, header, rules) for one in following if one is not None], following.count(None))


def _units(data: bytes, rules: Rules) -> Iterator[Unit]:
    """The characters of a file."""
    start = rules.mark
    while start < len(data):
        unit = _unit(data, start, rules.encoding)
        yield unit
        start = unit.end


def _unit(data: bytes, start: int, encoding: str) -> Unit:
    for size in range(1, 5):
        try:
            text = data[start : start + size].decode(encoding)
        except UnicodeDecodeError:
            continue
        if text:
            return Unit(text, start, min(start + size, len(data)))
    least = {"utf-16": 2, "utf-32": 4}.get(encoding[:6], 1)
    return Unit("", start, min(start + least, len(data)))


def _records(units: Sequence[Unit], rules: Rules) -> Iterator[Record | None]:
    """Header and records; None is a blank line."""
    at, line = 0, 1
    for _ in range(rules.skipped):
        at, line = _after_physical_line(units, at), line + 1
    while at < len(units):
        if units[at].text in {"\n", "\r"}:
            after = _after_line_end(units, at)
            yield None
        else:
            after, record = _record(units, at, line, rules)
            yield record
        line += _lines_in(units[at:after])
        at = after


def _record(units: Sequence[Unit], at: int, line: int, rules: Rules) -> tuple[int, Record]:
    strict = _strict(units, at, rules)
    if strict.fault or _size(units, at, strict.after) > rules.longest:
        after = _after_physical_line(units, at)
        fault = _strict(units[:after], at, rules).fault or "too_long"
        fields: list[str | None] = []
    else:
        after, fault, fields = strict
    return after, Record(units[at].start, _size(units, at, after), line, fault or _content_fault(units[at:after], rules), fields)


class _Reading(NamedTuple):
    """A strict reading: where it ends, what it stumbled over, what it read till then."""

    after: int
    fault: str
    fields: list[str | None]


def _strict(units: Sequence[Unit], at: int, rules: Rules) -> _Reading:
    """Read a record from here."""
    fields: list[str | None] = []
    while True:
        field: list[str] = []
        quoted = at < len(units) and units[at].text == rules.quote
        if quoted:
            at = _quoted(units, at + 1, rules, field)
            if at == -1:
                return _Reading(at, "unclosed_quote", fields)
            if at < len(units) and units[at].text not in {rules.delimiter, "\n", "\r"}:
                return _Reading(at, "text_after_quote", fields)
        else:
            while at < len(units) and units[at].text not in {rules.delimiter, "\n", "\r"}:
                if units[at].text == rules.quote:
                    return _Reading(at, "stray_quote", fields)
                field.append(units[at].text)
                at += 1
        fields.append("".join(field) if field or (quoted and rules.keep_empty) else None)
        if at == len(units):
            return _Reading(at, "", fields)
        if units[at].text in {"\n", "\r"}:
            return _Reading(_after_line_end(units, at), "", fields)
        at += 1


def _quoted(units: Sequence[Unit], at: int, rules: Rules, field: list[str]) -> int:
    """Read on to behind the closing quote; -1 if there is none."""
    while at < len(units):
        if units[at].text != rules.quote:
            field.append(units[at].text)
        elif at + 1 < len(units) and units[at + 1].text == rules.quote:
            field.append(units[at].text)
            at += 1
        else:
            return at + 1
        at += 1
    return -1


def _after_physical_line(units: Sequence[Unit], at: int) -> int:
    while at < len(units) and units[at].text not in {"\n", "\r"}:
        at += 1
    return _after_line_end(units, at) if at < len(units) else at


def _after_line_end(units: Sequence[Unit], at: int) -> int:
    both = units[at].text == "\r" and at + 1 < len(units) and units[at + 1].text == "\n"
    return at + 2 if both else at + 1


def _lines_in(units: Sequence[Unit]) -> int:
    text = "".join(unit.text or "?" for unit in units)
    return text.count("\n") + text.count("\r") - text.count("\r\n")


def _size(units: Sequence[Unit], at: int, after: int) -> int:
    return units[after - 1].end - units[at].start


def _content_fault(units: Sequence[Unit], rules: Rules) -> str:
    if any(unit.text and unit.text < " " and unit.text not in ALLOWED_CONTROL + rules.delimiter for unit in units):
        return "control"
    return "" if all(unit.text for unit in units) else "encoding"


def _judged(record: Record, header: Record, rules: Rules) -> Record:
    """A record after it was held against the header."""
    if record.fault:
        return record._replace(fields=[])
    if len(record.fields) != len(header.fields):
        return record._replace(fault="field_count", fields=[])
    if rules.header and record.fields == header.fields:
        return record._replace(fault="repeated_header", fields=[])
    return record
