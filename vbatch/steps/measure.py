"""Size and hash of the files of a run."""

import hashlib
import os
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from vbatch.model.report import Output


def measure(folder: Path, rows: Mapping[Path, int]) -> tuple[Output, ...]:
    """Size and hash of every file in a folder, by path within it; rows tells how many each holds."""
    paths = sorted(Path(root, name) for root, _, names in os.walk(folder) for name in names)
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        hashes = pool.map(sha256_of, paths)
        return tuple(
            Output(path=path.relative_to(folder).as_posix(), bytes=path.stat().st_size, sha256=digest, rows=rows.get(path))
            for path, digest in zip(paths, hashes, strict=True)
        )


def sha256_of(path: Path) -> str:
    """The SHA-256 of a file's bytes."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
