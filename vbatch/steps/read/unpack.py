"""From what a user names to files of plain bytes: globs, folders, standard input, compression, archives."""

import bz2
import glob
import gzip
import hashlib
import lzma
import os
import sys
import zipfile
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import BinaryIO, Protocol, cast
from uuid import uuid4

import pyarrow as pa

from vbatch.errors import SourceError
from vbatch.model.layout import Layout
from vbatch.steps.read.source import Stream, opened
from vbatch.steps.read.tables import parquet_rows, write_rows, xlsx_rows

CHUNK = 1 << 16
EDGE = 1 << 20
RATIO_FROM = 64 << 20
"""Unpacked bytes from which on the ratio is looked at; small files may be extreme and harmless."""

TABLES: dict[str, Callable[[Path, str], Iterator[bytes]]] = {"parquet": parquet_rows, "xlsx": xlsx_rows}
MAGIC = {
    b"PAR1": "parquet",
    b"\x1f\x8b": "gzip",
    b"BZh": "bz2",
    b"\xfd7zXZ\x00": "xz",
    b"\x28\xb5\x2f\xfd": "zstd",
    b"PK\x03\x04": "zip",
    b"PK\x05\x06": "zip",
}
DAMAGED = (OSError, EOFError, zlib.error, lzma.LZMAError, zipfile.BadZipFile, NotImplementedError, RuntimeError)


class Readable(Protocol):
    """What gives bytes until there are none left."""

    def read(self, size: int, /) -> bytes:
        """Some bytes, none at the end."""


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
        paths: files; standard input is never the same twice.
        context: what else counts.

    Returns:
        32 hexadecimal digits.
    """
    digest = hashlib.sha256(repr(context).encode())
    for path in paths:
        digest.update(os.fsencode(path) if path != "-" else uuid4().bytes)
        if Path(path).is_file():
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
        if path != "-":
            yield from self._unpacked(Export(path=shown(path), file=Path(path)))
            return
        with self._new() as (file, name):
            size, digest, _ = self._pour(cast(BinaryIO, sys.stdin.buffer), file, path, None)
        yield from self._unpacked(Export(path=path, file=name, packed=(size, digest)))

    def _unpacked(self, export: Export) -> Iterator[Export]:
        kind = kind_of(export)
        if kind is None:
            yield export
        elif kind in TABLES:
            yield self._table(export, kind)
        elif kind == "zip":
            yield from self._members(export)
        else:
            with opened(export.file, export.path) as stream:
                yield self._decompressed(export, OPENERS[kind](cast(BinaryIO, stream)), lambda: stream.bytes, stream)

    def _table(self, export: Export, kind: str) -> Export:
        """A file of typed rows, as JSON objects."""
        if self.layout.format != kind:
            hint = f"declare the format {kind} in a layout, or name the file that was exported"
            raise SourceError(f"{export.path}: is {kind}, and the layout {self.layout.name} reads {self.layout.format}", hint=hint)
        with self._new() as (file, name), opened(export.file, export.path) as stream:
            while stream.read(1 << 20):
                pass
            write_rows(TABLES[kind](export.file, export.path), file)
        return replace(export, file=name, packed=export.packed or (stream.bytes, stream.sha256))

    def _members(self, export: Export) -> Iterator[Export]:
        try:
            with zipfile.ZipFile(export.file) as archive:
                members = [one for one in archive.infolist() if not one.is_dir() and not one.filename.startswith("__MACOSX/")]
                for one in members:
                    member = Export(path=f"{export.path}:{one.filename}", file=export.file)
                    with archive.open(one) as stream:
                        yield self._decompressed(member, cast(Readable, stream), partial(getattr, one, "compress_size"), None)
        except DAMAGED as error:
            raise _damaged(export.path, error) from error
        if not members:
            raise SourceError(f"{export.path}: the archive is empty", hint="check the export")

    def _decompressed(self, export: Export, stream: Readable, eaten: Callable[[], int], whole: Stream | None) -> Export:
        """Unpack a stream. whole: the file, if all of it is this stream; else the unpacked bytes stand for it in the report."""
        with self._new() as (file, name):
            size, digest, truncated = self._pour(stream, file, export.path, eaten)
        packed = (whole.bytes, whole.sha256) if whole else (size, digest)
        return Export(path=export.path, file=name, packed=packed, truncated=truncated)

    def _pour(self, stream: Readable, file: BinaryIO, path: str, eaten: Callable[[], int] | None) -> tuple[int, str, bool]:
        """Unpack into a file: bytes, their hash, and whether the stream ended early."""
        size, digest = 0, hashlib.sha256()
        while True:
            try:
                data = stream.read(CHUNK)
            except DAMAGED as error:
                if not _ended_early(error):
                    raise _damaged(path, error) from error
                if not self.allow_truncated:
                    hint = "fetch the file again; --allow-truncated judges what is there and says so in the report"
                    raise SourceError(f"{path}: the compressed file ends early, after {size} bytes of data", hint=hint) from error
                return size, digest.hexdigest(), True
            if not data:
                return size, digest.hexdigest(), False
            size += len(data)
            digest.update(data)
            file.write(data)
            self._refuse_bomb(size, eaten() if eaten else size, path)

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


OPENERS: dict[str, Callable[[BinaryIO], Readable]] = {
    "gzip": lambda file: _OneByOne(gzip.GzipFile(fileobj=file)),
    "bz2": lambda file: _OneByOne(bz2.BZ2File(file)),
    "xz": lambda file: _OneByOne(lzma.LZMAFile(file)),  # noqa: SIM115 - who opened the file closes it
    "zstd": lambda file: cast(Readable, pa.CompressedInputStream(pa.PythonFile(file, mode="r"), "zstd")),
}


class _OneByOne:
    """Delivers what one step of decompression gives, so that nothing is lost when the next step finds the end missing."""

    def __init__(self, file: gzip.GzipFile | bz2.BZ2File | lzma.LZMAFile) -> None:
        self._file = file

    def read(self, size: int, /) -> bytes:
        return self._file.read1(size)


def kind_of(export: Export) -> str | None:
    """How a source is packed, by its first bytes and not by its name; None if it is not."""
    with opened(export.file, export.path) as stream:
        start = stream.read(6)
    kind = next((kind for magic, kind in MAGIC.items() if start.startswith(magic)), None)
    return "xlsx" if kind == "zip" and _is_workbook(export.file) else kind


def _is_workbook(file: Path) -> bool:
    try:
        with zipfile.ZipFile(file) as archive:
            return "xl/workbook.xml" in archive.namelist()
    except DAMAGED:
        return False


def _ended_early(error: BaseException) -> bool:
    return isinstance(error, EOFError) or "Truncated compressed stream" in str(error)


def _damaged(path: str, error: BaseException) -> SourceError:
    return SourceError(f"{path}: the compressed file is damaged: {error}", hint="fetch the file again")
