"""A source of a run."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from vbatch.model.binding import Binding
from vbatch.model.layout import Dialect

Shape = Literal["csv", "fixed", "array", "objects"]
"""CSV and lists, fields at fixed positions, one JSON array, one JSON object a line."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """What stands around the records of a file, so that some of them can be written as a file of the same kind.

    Args:
        prefix, separator, suffix: bytes before, between and after the records.
        strip: bytes at a record's ends that belong to the separators.
    """

    prefix: bytes = b""
    separator: bytes = b""
    suffix: bytes = b""
    strip: bytes = b""


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """One legacy export, opened once and understood.

    Args:
        path: as given.
        file: where its plain bytes are.
        packed: size and SHA-256 of the file that these were unpacked from; None if it is read as it is.
        truncated: whether its compressed stream ended early.
        replay: file name of its rejected records, unique in the run.
        shape: what its records are.
        dialect: how its bytes are cut.
        binding: which of its fields feed which columns.
        positions: first and last character of each field, where they are fixed.
        offset, line: its first data byte and that byte's physical line.
        frame: what stands around its records.
    """

    path: str
    file: Path
    packed: tuple[int, str] | None = None
    truncated: bool = False
    replay: str
    shape: Shape
    dialect: Dialect
    binding: Binding
    positions: tuple[tuple[int, int], ...] = ()
    offset: int
    line: int
    frame: Frame


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """What was seen of a source after it was read to its end.

    Args:
        bytes: size of the file.
        sha256: hash of the file.
        records: data records, counted from the bytes.
        blanks: blank lines between them.
    """

    bytes: int
    sha256: str
    records: int
    blanks: int
