"""What a disk is allowed to have lost when the power fails: everything that no fsync has vouched for."""

import os
from pathlib import Path
from typing import Any

REGISTRY = ("codes.duckdb", "codes.duckdb.wal")
"""What DuckDB syncs by itself, where nobody sees it; their names in the folder are not its business."""


def lose_power(before: Path, place: Path, durable: dict[str, Any]) -> None:
    """Lose what may be lost.

    Names that no fsync of their folder has vouched for are gone, or are again what they were before a rename, and bytes that no fsync
    of their file has vouched for. What was there before the run is on the disk; what was removed stays removed.

    Args:
        before: the folder as it was before the run.
        place: the folder now.
        durable: files by inode and time of their last change, and names and inodes in folders by inode, as they were synced.
    """
    files = {tuple(one) for one in durable["files"]}
    names = {(int(folder), name): inode for folder, entries in durable["folders"].items() for name, inode in entries.items()}
    for path in [path for path in place.rglob("*") if path.relative_to(place).parts[0] != "tmp"]:
        # Those inside may have gone with a folder, or gone back to where they were.
        if path.exists() and names.get((path.parent.stat().st_ino, path.name)) != path.stat().st_ino:
            _undo(path, place, names)
    old = {path.relative_to(before) for path in before.rglob("*")}
    for path in [path for path in place.rglob("*") if path.is_file() and path.name not in REGISTRY]:
        facts = path.stat()
        if path.relative_to(place) not in old and (facts.st_ino, facts.st_mtime_ns) not in files:
            os.truncate(path, 0)


def _undo(path: Path, place: Path, names: dict[tuple[int, str], int]) -> None:
    """Where the disk has it by another name, it has that name again; if not, so have things inside it."""
    if home := _home(path, place, names):
        path.rename(home)
    elif path.is_dir():
        for one in list(path.iterdir()):
            _undo(one, place, names)
        path.rmdir()
    else:
        path.unlink()


def _home(path: Path, place: Path, names: dict[tuple[int, str], int]) -> Path | None:
    former = {folder: name for (folder, name), inode in names.items() if inode == path.stat().st_ino}
    folders = (folder for folder in (place, *place.rglob("*")) if folder.stat().st_ino in former)
    homes = (folder / former[folder.stat().st_ino] for folder in folders)
    return next((home for home in homes if not home.exists()), None)
