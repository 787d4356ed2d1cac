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
