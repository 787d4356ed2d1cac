"""Opens a source, and hashes it while it is read."""

import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Thread
from typing import BinaryIO

from vbatch.errors import SourceError

LONG = 1 << 21
"""Bytes that take longer to hash than a thread takes to start."""


class Stream:
    """The bytes of a source, counted and hashed as they pass: each block while its reader is busy with it."""

    closed = False
    """Pyarrow asks before it reads."""

    def __init__(self, file: BinaryIO, path: str) -> None:
        self._file = file
        self._hash = hashlib.sha256()
        self._hashing: Thread | None = None
        self.path = path
        self.bytes = 0

    def read(self, size: int, pending: bytes = b"") -> bytes:
        """Up to `size` bytes, fewer only at the end; before them those pending, which were read last: read once more, they need no copy."""
        wanted = len(pending) + size
        try:
            if pending:
                self._file.seek(-len(pending), os.SEEK_CUR)
            data = self._file.read(wanted)
            while len(data) < wanted and (more := self._file.read(wanted - len(data))):
                data += more
        except OSError as error:
            raise SourceError(f"{self.path}: cannot be read at byte {self.bytes}: {error.strerror}", hint="check the disk") from error
        if not data.startswith(pending):
            raise changed(self.path)
        self._add(memoryview(data)[len(pending) :])
        self.bytes += len(data) - len(pending)
        return data

    def again(self) -> BinaryIO:
        """The file once more, from its first byte; what is read there is not hashed."""
        return Path(self._file.name).open("rb")

    def close(self) -> None:
        """Pyarrow calls it; the file is closed by who opened it."""

    @property
    def sha256(self) -> str:
        """The hash of what was read so far."""
        self._wait()
        return self._hash.hexdigest()

    def _add(self, data: memoryview) -> None:
        self._wait()
        if len(data) < LONG:
            self._hash.update(data)
        else:
            self._hashing = Thread(target=self._hash.update, args=(data,))
            self._hashing.start()

    def _wait(self) -> None:
        if self._hashing is not None:
            self._hashing.join()
            self._hashing = None


def changed(path: str) -> SourceError:
    """What is said of a source that is not what it was."""
    return SourceError(f"{path}: changed while it was read", hint="wait until the export is complete, then run again")


@contextmanager
def opened(path: Path, name: str) -> Iterator[Stream]:
    """Open a source for one pass.

    Args:
        path: the file.
        name: what people call it.

    Raises:
        SourceError: it cannot be opened, or changes meanwhile.
    """
    with _open(path, name) as file:
        before = os.fstat(file.fileno())
        yield Stream(file, name)
        try:
            after = path.stat()
        except OSError:
            raise SourceError(f"{name}: was removed while it was read", hint="wait until the export is complete, then run again") from None
        if (before.st_size, before.st_mtime_ns, before.st_ino) != (after.st_size, after.st_mtime_ns, after.st_ino):
            raise changed(name)


def _open(path: Path, name: str) -> BinaryIO:
    try:
        return path.open("rb", buffering=0)
    except FileNotFoundError as error:
        raise SourceError(f"{name}: no such file", hint="check the path") from error
    except OSError as error:
        raise SourceError(f"{name}: cannot be opened: {error.strerror}", hint="check the path and its permissions") from error
