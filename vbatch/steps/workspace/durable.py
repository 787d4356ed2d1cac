"""What is on the disk stays there when the power fails."""

import os
from pathlib import Path


def sync(path: Path) -> None:
    """See a file or a folder's entries safely to the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def make_folder(path: Path) -> None:
    """Make a private folder, and those above it that are missing, safely to the disk; it may be there already."""
    missing = [one for one in (path, *path.parents) if not one.exists()]
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    for one in missing:
        sync(one.parent)
