"""Members of zip archives, also of those that were cut off and so have lost the list at their end."""

import os
import struct
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, NamedTuple, cast

from vbatch.errors import SourceError
from vbatch.steps.read.streams import CHUNK, DAMAGED, Readable, named_damage

END_OF_ARCHIVE = 22
"""Bytes at the end of an archive, before its comment; two of them count the members."""
LOCAL = struct.Struct("<4s5H3L2H")
"""What stands before each member: signature, version, flags, method, time, date, CRC, two sizes, lengths of its name and of more."""
ENCRYPTED, SIZES_FOLLOW, UTF8 = 1, 8, 0x800
STORED, DEFLATED = 0, 8
ELSEWHERE = 0xFFFFFFFF
"""Stands for a size that has no room where it should be."""


class Member(NamedTuple):
    """A file in an archive: its name there, which may be anything, and its bytes."""

    name: str
    stream: Readable


def members(file: Path, path: str, *, allow_truncated: bool) -> Iterator[Member]:
    """The files in an archive, each to be read to its end before the next one is asked for.

    Args:
        file: the archive.
        path: what people call it.
        allow_truncated: whether it may end early; then the stream of the last member that has any bytes ends in EOFError.

    Raises:
        SourceError: it is damaged, or ends early and may not.
    """
    if zipfile.is_zipfile(file):
        yield from _listed(file, path)
    elif allow_truncated:
        yield from _found(file, path)
    else:
        raise _ends_early(path)


def is_workbook(file: Path) -> bool:
    """Whether an archive is an XLSX workbook."""
    try:
        with zipfile.ZipFile(file) as archive:
            return "xl/workbook.xml" in archive.namelist()
    except DAMAGED:
        return False


def unpacked_size(file: Path) -> int:
    """To how many bytes the members of a workbook unpack together, and none of them to more; 0 for what is no archive."""
    try:
        with zipfile.ZipFile(file) as archive:
            return sum(one.file_size for one in archive.infolist())
    except DAMAGED:
        return 0


def _ends_early(path: str) -> SourceError:
    hint = "fetch the file again; --allow-truncated judges what is there and says so in the report"
    return SourceError(f"{path}: the compressed file ends early, before the list of its members", hint=hint)


def _is_file(name: str) -> bool:
    return not name.endswith("/") and not name.startswith("__MACOSX/")


def _listed(file: Path, path: str) -> Iterator[Member]:
    with _archive(file, path) as archive:
        for one in archive.infolist():
            if _is_file(one.filename):
                with named_damage(f"{path}:{one.filename}"):
                    stream = cast(zipfile.ZipExtFile, archive.open(one))
                with stream:
                    yield Member(one.filename, stream)


def _archive(file: Path, path: str) -> zipfile.ZipFile:
    with named_damage(path):
        archive = zipfile.ZipFile(file)
        with file.open("rb") as raw:
            raw.seek(-len(archive.comment) - END_OF_ARCHIVE, os.SEEK_END)
            count = int.from_bytes(raw.read(END_OF_ARCHIVE)[10:12], "little")
        flaw = ""
        if count not in {len(archive.infolist()), 0xFFFF}:
            flaw = f"{count} members are announced, {len(archive.infolist())} are there"
        elif count and min(one.header_offset for one in archive.infolist()):
            # The list of an archive within this one, whose own is lost.
            flaw = "its first member is not in the list of its members"
        if flaw:
            archive.close()
            raise zipfile.BadZipFile(flaw)
        return archive


def _found(file: Path, path: str) -> Iterator[Member]:
    """The members as they come, without a list of them."""
    with file.open("rb") as raw:
        with named_damage(path):
            one = _next(raw)
        if one is None:
            raise _ends_early(path)
        while one is not None:
            yield Member(one.name, one)
            one = one.following


class _Found:
    """A member of an archive without a list; one that has no byte before the cut is none."""

    def __init__(self, name: str, pieces: Iterator[bytes], file: BinaryIO) -> None:
        self.name, self.following = name, cast("_Found | None", None)
        self._pieces, self._file = pieces, file
        self._first = next(pieces, b"")

    def read(self, _: int, /) -> bytes:
        """Some bytes, none at the end; EOFError if the cut comes before another member."""
        if data := self._first or next(self._pieces, b""):
            self._first = b""
            return data
        self.following = _next(self._file)
        if self.following is None:
            raise EOFError
        return b""


def _next(file: BinaryIO) -> _Found | None:
    """The next member that is a file; None if the archive is cut off before its first byte."""
    try:
        while True:
            name, pieces = _local(file)
            if _is_file(name):
                return _Found(name, pieces, file)
            for _ in pieces:
                pass
    except EOFError:
        return None


def _local(file: BinaryIO) -> tuple[str, Iterator[bytes]]:
    """Name and bytes of the member that begins here; EOFError where there is no other."""
    header = file.read(LOCAL.size)
    if len(header) == LOCAL.size and header.startswith(b"PK\3\4"):
        return _described(file, header)
    if len(header) >= len(b"PK\3\4") and not header.startswith((b"PK\3\4", b"PK\1\2", b"PK\5\6", b"PK\6\6")):
        raise zipfile.BadZipFile("between its members is something else")
    # Within what stands before a member, or all members are whole and only the list of them is cut off.
    raise EOFError


def _described(file: BinaryIO, header: bytes) -> tuple[str, Iterator[bytes]]:
    _, _, flags, method, _, _, crc, packed, _, name_size, more_size = LOCAL.unpack(header)
    rest = file.read(name_size + more_size)
    if len(rest) < name_size + more_size:
        raise EOFError
    name = rest[:name_size].partition(b"\0")[0].decode("utf-8" if flags & UTF8 else "cp437", "backslashreplace")
    endless = method == STORED and (flags & SIZES_FOLLOW or packed == ELSEWHERE)
    if flags & ENCRYPTED or method not in {STORED, DEFLATED} or endless:
        raise zipfile.BadZipFile(f"{name} cannot be read without the list of members, which is cut off")
    pieces = _inflated(file) if method == DEFLATED else _stored(file, packed)
    return name, _checked(file, pieces, None if flags & SIZES_FOLLOW else crc)


def _inflated(file: BinaryIO) -> Iterator[bytes]:
    one = zlib.decompressobj(-zlib.MAX_WBITS)
    while not one.eof:
        packed = one.unconsumed_tail or file.read(CHUNK)
        if data := one.decompress(packed, CHUNK):
            yield data
        elif not packed:
            raise EOFError
    file.seek(-len(one.unused_data), os.SEEK_CUR)


def _stored(file: BinaryIO, size: int) -> Iterator[bytes]:
    while size:
        data = file.read(min(CHUNK, size))
        if not data:
            raise EOFError
        size -= len(data)
        yield data


def _checked(file: BinaryIO, pieces: Iterator[bytes], expected: int | None) -> Iterator[bytes]:
    """The pieces of a member; BadZipFile behind the last one if they are not what they should be.

    Args:
        file: where they come from.
        pieces: unpacked.
        expected: their CRC; None if it follows behind them.
    """
    begin, crc, size = file.tell(), 0, 0
    for piece in pieces:
        crc, size = zlib.crc32(piece, crc), size + len(piece)
        yield piece
    if expected is None:
        _pass_descriptor(file, crc, file.tell() - begin, size)
    elif crc != expected:
        raise zipfile.BadZipFile("Bad CRC-32")


def _pass_descriptor(file: BinaryIO, crc: int, packed: int, size: int) -> None:
    """Read what follows a member: CRC and sizes, of four bytes or eight, with or without a signature."""
    sizes = [struct.pack("<2Q", packed, size)]
    if max(packed, size) < 1 << 32:
        sizes.insert(0, struct.pack("<2L", packed, size))
    forms = [mark + struct.pack("<L", crc) + one for mark in (b"PK\7\10", b"") for one in sizes]
    there = file.read(max(map(len, forms)))
    form = next((one for one in forms if there.startswith(one)), None)
    if form is None:
        if any(one.startswith(there) for one in forms):
            raise EOFError
        raise zipfile.BadZipFile("Bad CRC-32")
    file.seek(len(form) - len(there), os.SEEK_CUR)
