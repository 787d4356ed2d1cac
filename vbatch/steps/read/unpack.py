"""From what a user names to files of plain bytes: globs, folders, standard input, compression, archives."""

import glob
import hashlib
import os
import re
import sys
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import BinaryIO, cast
from uuid import uuid4

from vbatch.errors import SourceError
from vbatch.model.layout import Layout
from vbatch.steps.read.archive import is_workbook, members, unpacked_size
from vbatch.steps.read.source import opened
from vbatch.steps.read.streams import CHUNK, OPENERS, Readable, named_damage
from vbatch.steps.read.tables import parquet_rows, write_rows, xlsx_rows

EDGE = 1 << 20
RATIO_FROM = 64 << 20
"""Unpacked bytes from which on the ratio is looked at; small files may be extreme and harmless."""

TABLES: dict[str, Callable[[Path, str, Collection[str]], Iterator[bytes]]] = {"parquet": parquet_rows, "xlsx": xlsx_rows}
MAGIC = {
    "parquet": rb"PAR1\x15",
    "gzip": rb"\x1f\x8b",
    "bz2": rb"BZh[1-9](?:1AY&SY|\x17rE8P\x90)",
    "xz": rb"\xfd7zXZ\x00",
    "zstd": rb"\x28\xb5\x2f\xfd",
    "zip": rb"PK(?:\x03\x04|\x05\x06)",
}
"""What files begin with. Those that begin with letters are told by more than these, which a code may begin with, too."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Export:
    """One source as plain bytes.

    Args:
        path: as given, for people; members of an archive have their name behind a colon.
        file: where its plain bytes are.
        packed: size and SHA-256 of what was unpacked to get them; None for a file that is read as it is.
        truncated: whether the compressed stream ended early and that was allowed.
    """

    path: str
    file: Path
    packed: tuple[int, str] | None = None
    truncated: bool = False


def exports(paths: Sequence[str], folder: Path, layout: Layout, *, allow_truncated: bool) -> list[Export]:
    """Find and unpack all sources.

    Args:
        paths: files, or - for standard input.
        folder: where unpacked bytes go; nothing is ever written under a name from an archive.
        layout: the format, and the limits of unpacking.
        allow_truncated: whether a compressed stream may end early.

    Raises:
        SourceError: there is nothing, something cannot be read, or unpacks to more than the limits allow.
    """
    unpacker = _Unpacker(folder, layout, allow_truncated=allow_truncated)
    return [export for path in paths for export in unpacker.exports(path)]


def expanded(given: Sequence[str]) -> tuple[str, ...]:
    """The files that globs and folders stand for, in alphabetical order; SourceError where there are none."""
    return tuple(_expanded(given))


def beforehand(paths: Sequence[str], *context: object) -> str:
    """What can be told of sources without reading them whole: name, size, time and the first and last megabyte of each.

    Args:
        paths: files; standard input and pipes are never the same twice.
        context: what else counts.

    Returns:
        32 hexadecimal digits.
    """
    digest = hashlib.sha256(repr(context).encode())
    for path in paths:
        known = path != "-" and Path(path).is_file()
        digest.update(os.fsencode(path) if known else uuid4().bytes)
        if known:
            facts = Path(path).stat()
            digest.update(f"{facts.st_size} {facts.st_mtime_ns}".encode())
            with opened(Path(path), shown(path)) as stream:
                digest.update(stream.read(EDGE))
            with Path(path).open("rb") as file:
                file.seek(max(0, facts.st_size - EDGE))
                digest.update(file.read(EDGE))
    return digest.hexdigest()[:32]


def _expanded(given: Sequence[str]) -> Iterator[str]:
    for path in given:
        if path == "-":
            yield path
        elif Path(path).is_dir():
            yield from _found(path, (str(one) for one in Path(path).iterdir() if one.is_file() and not one.name.startswith(".")))
        elif glob.has_magic(path) and not Path(path).exists():
            names = glob.glob(path, recursive=True)  # noqa: PTH207 - a Path pattern cannot be absolute
            yield from _found(path, (name for name in names if Path(name).is_file()))
        else:
            yield path


def shown(path: str) -> str:
    """A path as text that can be written anywhere, also where its bytes are no text."""
    return os.fsencode(path).decode("utf-8", "backslashreplace")


def _found(path: str, names: Iterator[str]) -> list[str]:
    files = sorted(names)
    if not files:
        raise SourceError(f"{path}: there are no files", hint="check the path")
    return files


class _Unpacker:
    def __init__(self, folder: Path, layout: Layout, *, allow_truncated: bool) -> None:
        self.folder, self.layout, self.dialect, self.allow_truncated = folder, layout, layout.dialect, allow_truncated
        self.count = 0

    def exports(self, path: str) -> Iterator[Export]:
        """The plain sources in what a path names."""
        if path == "-":
            yield from self._unpacked(self._kept(cast(BinaryIO, sys.stdin.buffer), path))
        elif Path(path).exists() and not Path(path).is_file():
            # A pipe gives its bytes only once.
            with Path(path).open("rb") as pipe:
                yield from self._unpacked(self._kept(pipe, shown(path)))
        else:
            yield from self._unpacked(Export(path=shown(path), file=Path(path)))

    def _kept(self, stream: Readable, path: str) -> Export:
        """All that a stream gives, as a file."""
        with self._new() as (file, name):
            size, digest, _ = self._pour(stream, file, path)
        return Export(path=path, file=name, packed=(size, digest))

    def _unpacked(self, export: Export) -> Iterator[Export]:
        kind = kind_of(export)
        if kind == "zip":
            yield from self._members(export)
        elif kind in OPENERS:
            with opened(export.file, export.path) as stream:
                unpacked = self._decompressed(export, OPENERS[kind](stream), lambda: stream.bytes, 0)
            yield self._plain(replace(unpacked, packed=(stream.bytes, stream.sha256)))
        else:
            yield self._plain(export)

    def _plain(self, export: Export) -> Export:
        """Something that is not packed, or not any more."""
        kind = kind_of(export)
        if kind in TABLES:
            return self._table(export, kind)
        if kind is not None:
            raise SourceError(f"{export.path}: is packed twice", hint=f"unpack it once; what is inside is {kind} again")
        if self.layout.format in TABLES and export.file.stat().st_size and not _is_replay(export.file):
            raise SourceError(f"{export.path}: is no {self.layout.format} file", hint="name the file that was exported, or another layout")
        return export

    def _table(self, export: Export, kind: str) -> Export:
        """A file of typed rows, as JSON objects."""
        if self.layout.format != kind:
            hint = f"declare the format {kind} in a layout, or name the file that was exported"
            raise SourceError(f"{export.path}: is {kind}, and the layout {self.layout.name} reads {self.layout.format}", hint=hint)
        with self._new() as (file, name), opened(export.file, export.path) as stream:
            while stream.read(1 << 20):
                pass
            texts = frozenset(str(one.source) for one in self.layout.fields if one.kind == "text")
            self._refuse_bomb(unpacked_size(export.file), stream.bytes, export.path)
            rows = TABLES[kind](export.file, export.path, texts)
            write_rows(rows, file, lambda size: self._refuse_bomb(size, stream.bytes, export.path))
        return replace(export, file=name, packed=export.packed or (stream.bytes, stream.sha256))

    def _members(self, export: Export) -> Iterator[Export]:
        with opened(export.file, export.path):
            size, whole, first = 0, export.file.stat().st_size, self.count
            for name, stream in members(export.file, export.path, allow_truncated=self.allow_truncated):
                member = Export(path=f"{export.path}:{name}", file=export.file)
                unpacked = self._decompressed(member, stream, lambda: whole, size)
                size += unpacked.file.stat().st_size
                yield self._plain(unpacked)
            if self.count == first:
                raise SourceError(f"{export.path}: the archive is empty", hint="check the export")

    def _decompressed(self, export: Export, stream: Readable, eaten: Callable[[], int], before: int) -> Export:
        """Unpack a stream.

        Args:
            export: where it comes from.
            stream: its unpacked bytes.
            eaten: tells from how many bytes they come.
            before: bytes unpacked from these already.

        Returns:
            Size and hash are those of the unpacked bytes.
        """
        with self._new() as (file, name):
            size, digest, truncated = self._pour(stream, file, export.path, eaten, before)
        return Export(path=export.path, file=name, packed=(size, digest), truncated=truncated)

    def _pour(
        self, stream: Readable, file: BinaryIO, path: str, eaten: Callable[[], int] | None = None, before: int = 0
    ) -> tuple[int, str, bool]:
        """Unpack into a file: bytes, their hash, and whether the stream ended early."""
        size, digest = 0, hashlib.sha256()
        while True:
            try:
                with named_damage(path):
                    data = stream.read(CHUNK)
            except EOFError as error:
                if not self.allow_truncated:
                    hint = "fetch the file again; --allow-truncated judges what is there and says so in the report"
                    raise SourceError(f"{path}: the compressed file ends early, after {size} bytes of data", hint=hint) from error
                return size, digest.hexdigest(), True
            if not data:
                return size, digest.hexdigest(), False
            size += len(data)
            digest.update(data)
            self._refuse_bomb(before + size, eaten() if eaten else size, path)
            file.write(data)

    def _refuse_bomb(self, size: int, eaten: int, path: str) -> None:
        if size > self.dialect.max_bytes:
            raise SourceError(
                f"{path}: unpacks to more than {self.dialect.max_bytes} bytes", hint="raise max_bytes in the layout's dialect"
            )
        if size > RATIO_FROM and size > self.dialect.max_ratio * eaten:
            hint = "this may be a decompression bomb; raise max_ratio in the layout's dialect if the file is right"
            raise SourceError(f"{path}: unpacks to more than {self.dialect.max_ratio} times its size", hint=hint)

    @contextmanager
    def _new(self) -> Iterator[tuple[BinaryIO, Path]]:
        self.count += 1
        name = self.folder / f"source-{self.count:05d}"
        with name.open("wb") as file:
            yield file, name


def kind_of(export: Export) -> str | None:
    """How a source is packed, by its first bytes and not by its name; None if it is not."""
    with opened(export.file, export.path) as stream:
        start = stream.read(10)
    kind = next((kind for kind, magic in MAGIC.items() if re.match(magic, start)), None)
    return "xlsx" if kind == "zip" and is_workbook(export.file) else kind


def _is_replay(file: Path) -> bool:
    """Whether a file holds the rejected rows of a table, which are JSON objects."""
    with file.open("rb") as stream:
        return stream.read(1) == b"{"
