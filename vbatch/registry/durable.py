"""Files that appear under their name whole, private and on the disk, or not at all; and what is left of them after a kill."""

import fcntl
import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import mkdtemp

_ENDING = ".draft"


@contextmanager
def drafted(path: Path) -> Iterator[Path]:
    """An empty file to write into, which takes the name and place of `path` at the end, and is gone after an exception.

    Args:
        path: the final name; its folder has to exist, and a file of that name is replaced.
    """
    with held_folder(path.parent, draft_name(path)) as folder:
        draft = folder / path.name
        draft.touch(mode=0o600)
        yield draft
        sync(draft)
        draft.replace(path)
        sync(path.parent)


@contextmanager
def held_folder(place: Path, name: str) -> Iterator[Path]:
    """A private folder, gone at the end or, after a kill, when the next one of that name is made.

    Args:
        place: where.
        name: how its name begins.
    """
    sweep(place, name)
    folder, descriptor = _made(place, name)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        os.close(descriptor)


def sweep(place: Path, name: str) -> None:
    """Remove the folders of that name that killed processes left: those that nobody holds."""
    with suppress(OSError):
        for folder in [one for one in place.iterdir() if re.fullmatch(rf"{re.escape(name)}\w{{8}}{_ENDING}", one.name)]:
            # Held by its process, or of another user, or gone meanwhile.
            with suppress(OSError):
                descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
                try:
                    fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    shutil.rmtree(folder)
                finally:
                    os.close(descriptor)


def draft_name(path: Path) -> str:
    """How the folder of a draft of this file is called, by its beginning."""
    return f".{path.name}."


def sync(path: Path) -> None:
    """Returns when this file or folder is on the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _made(place: Path, name: str) -> tuple[Path, int]:
    """A new folder, and the descriptor that holds it; the kernel lets go of it when the process dies, however it dies."""
    while True:
        folder = Path(mkdtemp(prefix=name, suffix=_ENDING, dir=place))
        # Whoever sweeps may take it for one that was left, until it is held.
        with suppress(FileNotFoundError):
            descriptor = os.open(folder, os.O_RDONLY)
            # Where folders cannot be held, nobody can sweep either.
            with suppress(OSError):
                fcntl.flock(descriptor, fcntl.LOCK_EX)
            if folder.exists():
                return folder, descriptor
            os.close(descriptor)
