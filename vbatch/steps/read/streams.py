"""Compressed streams: what they unpack to, as far as they go, and what is wrong with them."""

import bz2
import lzma
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any, BinaryIO, Protocol, cast

import pyarrow as pa

from vbatch.errors import SourceError
from vbatch.steps.read.source import Stream

CHUNK = 1 << 16
DAMAGED = (OSError, EOFError, ValueError, zlib.error, lzma.LZMAError, zipfile.BadZipFile, NotImplementedError, RuntimeError)


class Readable(Protocol):
    """What gives bytes until there are none left."""

    def read(self, size: int, /) -> bytes:
        """Some bytes, none at the end; EOFError where the end is missing, after all that can be had without it."""


class Decompressor(Protocol):
    """One compressed stream, as Python's modules know it."""

    @property
    def eof(self) -> bool:
        """Whether the stream has ended."""

    @property
    def needs_input(self) -> bool:
        """Whether nothing more comes from the bytes that it has."""

    @property
    def unused_data(self) -> bytes:
        """What was behind its end."""

    def decompress(self, data: bytes, max_length: int) -> bytes:
        """Some of what it unpacks to."""


class Gzip:
    """One gzip member, in the form of the other decompressors."""

    def __init__(self) -> None:
        self._one = zlib.decompressobj(wbits=31)

    @property
    def eof(self) -> bool:
        """Whether the member has ended, and its checksum is right."""
        return self._one.eof

    @property
    def needs_input(self) -> bool:
        """Whether nothing more comes from the bytes that it has."""
        return not self._one.unconsumed_tail

    @property
    def unused_data(self) -> bytes:
        """What was behind its end."""
        return self._one.unused_data

    def decompress(self, data: bytes, max_length: int) -> bytes:
        """Some of what it unpacks to."""
        return self._one.decompress(self._one.unconsumed_tail + data, max_length)


class Streams:
    """Streams back to back. Python's own files take a damaged one behind the first for padding, and end there without a word."""

    def __init__(self, new: Callable[[], Decompressor], file: Stream) -> None:
        self._new, self._file, self._one = new, file, new()

    def read(self, size: int, /) -> bytes:
        """Some bytes, none behind the last stream's end."""
        while True:
            if self._one.eof:
                packed = self._behind()
                if not packed:
                    return b""
                self._one = self._new()
            else:
                packed = self._file.read(CHUNK) if self._one.needs_input else b""
            at_end = self._one.needs_input and not packed
            if data := self._one.decompress(packed, size):
                return data
            if at_end and not self._one.eof:
                raise EOFError

    def _behind(self) -> bytes:
        """Where the next stream begins, behind the end of this one and the padding there; nothing if there is none."""
        packed = self._one.unused_data.lstrip(b"\0")
        while not packed and (more := self._file.read(CHUNK)):
            packed = more.lstrip(b"\0")
        return packed


class Zstd:
    """Arrow gives nothing of a read that finds the end missing. So the file is read once more then, and its last bytes one by one."""

    def __init__(self, file: Stream) -> None:
        self._file, self._given = file, 0
        self._stream = _zstd(file)
        self._again: BinaryIO | None = None

    def read(self, size: int, /) -> bytes:
        """Some bytes, none at the end."""
        try:
            data = self._stream.read(1 if self._again else size)
        except OSError as error:
            if "Truncated" not in str(error):
                raise
            if self._again:
                self._again.close()
                raise EOFError from error
            self._start_again()
            return self.read(size)
        self._given += len(data)
        return data

    def _start_again(self) -> None:
        self._again = self._file.again()
        self._stream = _zstd(self._again)
        for begin in range(0, self._given, CHUNK):
            self._stream.read(min(CHUNK, self._given - begin))


def _zstd(file: Stream | BinaryIO) -> Readable:
    return cast(Readable, pa.CompressedInputStream(pa.PythonFile(file, mode="r"), "zstd"))


OPENERS: dict[Any, Callable[[Stream], Readable]] = {
    "gzip": partial(Streams, Gzip),
    "bz2": partial(Streams, bz2.BZ2Decompressor),
    "xz": partial(Streams, lzma.LZMADecompressor),
    "zstd": Zstd,
}


@contextmanager
def named_damage(path: str) -> Iterator[None]:
    """What is wrong with packed bytes as a SourceError, but for EOFError."""
    try:
        yield
    except EOFError:
        raise
    except DAMAGED as error:
        raise SourceError(f"{path}: the compressed file is damaged: {error}", hint="fetch the file again") from error
