"""A registry opened: recognised, in its present shape, and with the view that the queries read."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from vbatch.registry.connect import Connection, opened
from vbatch.registry.migrations import admit, has_own_hashes, migrate, refuse_outdated, renew_hashes


@contextmanager
def reading(file: Path, *, wait: float) -> Iterator[Connection]:
    """A connection that changes nothing, not even hashes of another DuckDB; RegistryError if the shape is not the present one."""
    with opened(file, writable=False, wait=wait) as con:
        admit(con, file)
        refuse_outdated(con, file)
        _view_known(con)
        yield con


@contextmanager
def writing(file: Path, *, wait: float) -> Iterator[Connection]:
    """A connection to an existing registry for this process alone; migrations and hashes are brought up to date first."""
    with opened(file, writable=True, wait=wait) as con:
        admit(con, file)
        migrate(con)
        renew_hashes(con)
        _view_known(con)
        yield con


def create(file: Path, fill: Callable[[Connection], None]) -> bool:
    """Makes a registry, readable by its owner only, that appears under its name together with its first content or not at all.

    Args:
        file: where; its folder has to exist.
        fill: writes the first content.

    Returns:
        False when another process made the file in the meantime; then that one is untouched and ours is gone.
    """
    with TemporaryDirectory(dir=file.parent, prefix=f".{file.name}.") as folder:
        draft = Path(folder, file.name)
        with opened(draft, writable=True, wait=0) as con:
            draft.chmod(0o600)
            migrate(con)
            _view_known(con)
            fill(con)
            # Closing would swallow a full disk, and leave behind a log that does not move with the file.
            con.execute("CHECKPOINT")
        return _publish(draft, file)


def _publish(draft: Path, file: Path) -> bool:
    # A rename would replace the registry of a process that came first.
    try:
        file.hardlink_to(draft)
    except FileExistsError:
        return False
    folder = os.open(file.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
    return True


def _view_known(con: Connection) -> None:
    if has_own_hashes(con):
        con.execute("CREATE TEMP VIEW known AS SELECT h, code, run, source, record FROM codes")
    else:
        con.execute("CREATE TEMP VIEW known AS SELECT hash(lower(code)) AS h, code, run, source, record FROM codes")
