"""What is written where: data and nothing else on stdout, lines for people with colours on a terminal and as plain text elsewhere."""

# As text, because what is quiet or no terminal does without rich, which takes as long to import as some thousand records to judge.
from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, TextIO

from vbatch.errors import OutputError

if TYPE_CHECKING:
    from rich.text import Text

GAP = 2


def data(text: str) -> None:
    """Write data to stdout, always as UTF-8. A reader that has seen enough and left is no error."""
    try:
        _write(sys.stdout, text, encoding="utf-8")
    except OSError as error:
        _silence(sys.stdout)
        raise OutputError(f"stdout cannot be written: {error.strerror}", hint="check where it is redirected to") from error


def answer(lines: Iterable[Text]) -> None:
    """Write lines that are the data of a question: like data, but with colours on a terminal."""
    if sys.stdout is not None and sys.stdout.isatty():
        _paint(lines, sys.stdout)
    else:
        data(_plain(lines))


def tell(lines: Iterable[Text]) -> None:
    """Write lines for people to stderr; where nobody can read them, a finished run is no less finished."""
    with suppress(OSError):
        if sys.stderr is not None and sys.stderr.isatty():
            _paint(lines, sys.stderr)
        else:
            _write(sys.stderr, _plain(lines), encoding=None)


def counted(number: int, noun: str) -> str:
    """1 row, 2 rows."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def table(rows: Sequence[Sequence[Text]], *, right: Sequence[int] = (), indent: int = GAP) -> list[Text]:
    """Rows of cells as lines with aligned columns.

    Args:
        rows: cells, the same number in each row.
        right: positions of the columns that are aligned to the right.
        indent: spaces before the first column.
    """
    widths = [max(cell.cell_len for cell in column) for column in zip(*rows, strict=True)]
    return [_line(row, widths, right, indent) for row in rows]


def _line(row: Sequence[Text], widths: Sequence[int], right: Sequence[int], indent: int) -> Text:
    from rich.text import Text  # noqa: PLC0415 - see above

    line = Text(" " * indent)
    for position, (cell, width) in enumerate(zip(row, widths, strict=True)):
        padding = " " * (width - cell.cell_len)
        before, after = (padding, "") if position in right else ("", padding)
        line.append(before).append_text(cell).append(after + " " * GAP)
    line.rstrip()
    return line


def _paint(lines: Iterable[Text], stream: TextIO) -> None:
    from rich.console import Console  # noqa: PLC0415 - see above

    console = Console(file=stream, highlight=False)
    for line in lines:
        # Without breaks of its own, so that what is copied from a long line is one line.
        console.print(line, soft_wrap=True)


def _plain(lines: Iterable[Text]) -> str:
    return "".join(f"{line.plain.rstrip()}\n" for line in lines)


def _write(stream: TextIO | None, text: str, *, encoding: str | None) -> None:
    if stream is None:
        return
    try:
        stream.flush()
        # File names that are not UTF-8 come out as the bytes that they are.
        stream.buffer.write(text.encode(encoding or stream.encoding, "surrogateescape" if encoding else "backslashreplace"))
        stream.flush()
    except BrokenPipeError:
        _silence(stream)


def _silence(stream: TextIO) -> None:
    """Python flushes its streams when it ends, and would complain then."""
    with suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
