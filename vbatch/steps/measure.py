"""Size and hash of the files of a run."""

import hashlib
import os
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from vbatch.model.report import Output


def measure(folder: Path, rows: Mapping[Path, int], hashes: Mapping[Path, str]) -> tuple[Output, ...]:
    """Size and hash of every file in a folder, by path within it; rows tells how many each holds, and hashes those that are known."""
    paths = sorted(Path(root, name) for root, _, names in os.walk(folder) for name in names)
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        digests = pool.map(lambda path: hashes.get(path) or sha256_of(path), paths)
        return tuple(
            Output(path=path.relative_to(folder).as_posix(), bytes=path.stat().st_size, sha256=digest, rows=rows.get(path))
            for path, digest in zip(paths, digests, strict=True)
        )


def sha256_of(path: Path) -> str:
    """The SHA-256 of a file's bytes."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
