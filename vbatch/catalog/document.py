"""A TOML file that can tell in which line each of its keys stands."""

import re
import tomllib
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from vbatch.catalog.shelf import Shelf
from vbatch.errors import PipelineError

Where = tuple[str | int, ...]
"""The keys and positions that lead to a value, from the top of the document."""

Table = Mapping[str, Any]


class Flaw(NamedTuple):
    """Something wrong in a document: where, what, and how to mend it. A missing key's place is its table."""

    where: Where
    message: str
    hint: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """A parsed TOML file.

    Args:
        shelf: what sort of file it is.
        path: the file.
        text: its text, with LF as line end.
        table: its content.
    """

    shelf: Shelf
    path: Path
    text: str
    table: Table

    def error(self, flaws: Iterable[Flaw]) -> PipelineError:
        """The error to raise for the flaw that stands first in the file; what is missing from all of it comes last."""
        flaw = min(flaws, key=lambda flaw: (not flaw.where, self.line(flaw.where)))
        return self.shelf.error(f"{self.path}:{self.line(flaw.where)}: {flaw.message}", hint=flaw.hint)

    def line(self, where: Where) -> int:
        """The line, from 1, of the statement that brings this value in; of the table around it if it is not there."""
        lines = self.text.split("\n")
        statements = list(_statements(lines))
        while where:
            first = bisect_left(statements, True, key=lambda span: _holds("\n".join(lines[: span[1]]), where))  # noqa: FBT003
            if first < len(statements):
                return statements[first][0] + 1
            where = where[:-1]
        return 1


def read(shelf: Shelf, name_or_path: str | Path) -> Document:
    """Read a shipped or a user's TOML file; the shelf's error if that is impossible."""
    path = shelf.find(name_or_path)
    text = shelf.read(path).replace("\r\n", "\n")
    try:
        table = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        what = str(error).partition(" (at ")[0]
        message = f"{path}:{_syntax_line(text, str(error))}: not TOML: {what[:1].lower()}{what[1:]}"
        raise shelf.error(message, hint="texts stand in quotes, lists in [brackets]; see https://toml.io") from error
    return Document(shelf=shelf, path=path, text=text, table=table)


def value_at(table: Table, where: Where) -> Any:
    """The value at a place; LookupError or TypeError if there is none."""
    value: Any = table
    for key in where:
        value = value[key]
    return value


def _syntax_line(text: str, message: str) -> int:
    """The line that tomllib names; where it only says "at end of document", the start of what never ends."""
    named = re.search(r"\(at line (\d+)", message)
    if named:
        return int(named[1])
    return max((end for _, end in _statements(text.split("\n"))), default=0) + 1


def _statements(lines: list[str]) -> Iterator[tuple[int, int]]:
    """First line and line after the last of each statement. Only the parser itself knows where a text or a list of many lines ends."""
    start = 0
    for end in range(1, len(lines) + 1):
        if _parses("\n".join(lines[start:end])):
            yield start, end
            start = end


def _parses(text: str) -> bool:
    try:
        tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError):
        return False
    return True


def _holds(text: str, where: Where) -> bool:
    try:
        value_at(tomllib.loads(text), where)
    except (LookupError, TypeError):
        return False
    return True
