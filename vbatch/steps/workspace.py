"""The folder of a run: everything is written under a working name and becomes visible by one rename."""

import errno
import hashlib
import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from vbatch.errors import OutputError
from vbatch.model.report import Output

WORKING = ".vbatch-"
"""How the names of unfinished runs' folders begin."""


@contextmanager
def workspace(beside: Path) -> Iterator[Path]:
    """A private folder on the same file system as the output; removed if it was not published.

    Args:
        beside: the output folder, or one that will stand next to it.

    Raises:
        OutputError: it cannot be written, at once or later.
    """
    try:
        beside.parent.mkdir(parents=True, exist_ok=True)
        folder = Path(tempfile.mkdtemp(prefix=WORKING, dir=beside.parent))
    except OSError as error:
        raise _output_error(beside, error) from error
    try:
        yield folder
    except OSError as error:
        raise _output_error(beside, error) from error
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _output_error(beside: Path, error: OSError) -> OutputError:
    if error.errno == errno.ENOSPC:
        return OutputError(f"{beside}: the disk is full", hint="free some space or write elsewhere with -o; nothing was published")
    return OutputError(
        f"{beside}: cannot be written: {error.strerror or error}", hint="choose another folder with -o; nothing was published"
    )


def publish(folder: Path, out: Path) -> None:
    """Make a finished folder visible under its name, in place of an earlier result of the same run if there is one."""
    _seal(folder)
    if out.exists() and any(out.iterdir()):
        earlier = Path(tempfile.mkdtemp(prefix=WORKING, dir=out.parent))
        out.rename(earlier / out.name)
        folder.rename(out)
        shutil.rmtree(earlier)
    else:
        folder.rename(out)
    _sync(out.parent)


def _seal(folder: Path) -> None:
    """Private modes, and everything on the disk before the rename says that it is there."""
    for root, _, names in os.walk(folder):
        for name in names:
            path = Path(root, name)
            path.chmod(0o600)
            _sync(path)
        Path(root).chmod(0o700)
        _sync(Path(root))


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def measure(folder: Path, rows: Mapping[Path, int]) -> tuple[Output, ...]:
    """Size and hash of every file in a folder, by path within it."""
    paths = sorted(Path(root, name) for root, _, names in os.walk(folder) for name in names)
    return tuple(
        Output(path=path.relative_to(folder).as_posix(), bytes=path.stat().st_size, sha256=sha256_of(path), rows=rows.get(path))
        for path in paths
    )


def sha256_of(path: Path) -> str:
    """The SHA-256 of a file's bytes."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
