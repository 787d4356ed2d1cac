"""Files that appear under their name whole, private and on the disk, or not at all."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory


@contextmanager
def drafted(path: Path) -> Iterator[Path]:
    """An empty file to write into, which takes the name and place of `path` at the end, and is gone after an exception.

    Args:
        path: the final name; its folder has to exist, and a file of that name is replaced.
    """
    with TemporaryDirectory(dir=path.parent, prefix=f".{path.name}.") as folder:
        draft = Path(folder, path.name)
        draft.touch(mode=0o600)
        yield draft
        sync(draft)
        draft.replace(path)
        sync(path.parent)


def sync(path: Path) -> None:
    """Returns when this file or folder is on the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
