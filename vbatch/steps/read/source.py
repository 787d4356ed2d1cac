"""Opens a source, and hashes it while it is read."""

import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from vbatch.errors import SourceError


class Stream:
    """The bytes of a source, counted and hashed as they pass."""

    def __init__(self, file: BinaryIO, path: str) -> None:
        self._file = file
        self._hash = hashlib.sha256()
        self.path = path
        self.bytes = 0

    def read(self, size: int) -> bytes:
        """Up to `size` bytes; fewer only at the end."""
        try:
            data = self._file.read(size)
            while len(data) < size and (more := self._file.read(size - len(data))):
                data += more
        except OSError as error:
            raise SourceError(f"{self.path}: cannot be read at byte {self.bytes}: {error.strerror}", hint="check the disk") from error
        self._hash.update(data)
        self.bytes += len(data)
        return data

    @property
    def sha256(self) -> str:
        """The hash of what was read so far."""
        return self._hash.hexdigest()


@contextmanager
def opened(path: str) -> Iterator[Stream]:
    """Open a source for one pass; SourceError if it changes meanwhile or cannot be opened."""
    with open_file(path) as file:
        before = os.fstat(file.fileno())
        yield Stream(file, path)
        after = os.stat(path)
        if (before.st_size, before.st_mtime_ns, before.st_ino) != (after.st_size, after.st_mtime_ns, after.st_ino):
            raise SourceError(f"{path}: changed while it was read", hint="wait until the export is complete, then run again")


def open_file(path: str) -> BinaryIO:
    """Open a file for reading; SourceError with a hint if that is impossible."""
    try:
        return Path(path).open("rb", buffering=0)
    except FileNotFoundError as error:
        raise SourceError(f"{path}: no such file", hint="check the path") from error
    except IsADirectoryError as error:
        raise SourceError(f"{path}: is a directory", hint="name the files in it") from error
    except OSError as error:
        raise SourceError(f"{path}: cannot be opened: {error.strerror}", hint="check the path and its permissions") from error
