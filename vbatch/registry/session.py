"""A registry opened: recognised, in its present shape, and with the views that the queries read."""

import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import BinaryIO

from vbatch.registry.connect import Connection, opened
from vbatch.registry.durable import draft_name, drafted, held_folder, sweep, sync
from vbatch.registry.migrations import HASHED, admit, applied, has_own_hashes, migrate, missing, refuse_outdated, renew_hashes


@contextmanager
def reading(file: Path, *, wait: float) -> Iterator[Connection]:
    """A connection that changes nothing, not even hashes of another DuckDB; RegistryError if the shape is not the present one."""
    with opened(file, writable=False, wait=wait) as con:
        admit(con, file)
        refuse_outdated(con, file)
        _views(con)
        yield con


@contextmanager
def writing(file: Path, *, wait: float) -> Iterator[Connection]:
    """A connection to an existing registry for this process alone; migrations and hashes are brought up to date first.

    Before the first migration a copy of the file is made beside it; its name ends with the last migration that it has.
    """
    # A process that was killed when it had made the registry has left its draft, a second name of the same file.
    sweep(file.parent, draft_name(file))
    # DuckDB's lock is gone as soon as this process closes the file under any descriptor: the one to copy from is closed after it.
    with ExitStack() as afterwards, opened(file, writable=True, wait=wait) as con:
        admit(con, file)
        if missing(con):
            _back_up(con, file, afterwards.enter_context(file.open("rb")))
            migrate(con)
        renew_hashes(con)
        _views(con)
        yield con


def create(file: Path, fill: Callable[[Connection], None]) -> bool:
    """Makes a registry, readable by its owner only, that appears under its name together with its first content or not at all.

    Args:
        file: where; its folder has to exist.
        fill: writes the first content.

    Returns:
        False when another process made the file in the meantime; then that one is untouched and ours is gone.
    """
    with held_folder(file.parent, draft_name(file)) as folder:
        draft = folder / file.name
        with opened(draft, writable=True, wait=0) as con:
            draft.chmod(0o600)
            migrate(con)
            _views(con)
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
    sync(file.parent)
    return True


def _back_up(con: Connection, file: Path, content: BinaryIO) -> None:
    # What only stands in the log is not in the copy.
    con.execute("CHECKPOINT")
    (*_, last) = "nothing", *applied(con)
    with drafted(file.with_name(f"{file.name}.backup-{last}")) as draft, draft.open("wb") as copy:
        shutil.copyfileobj(content, copy, 1 << 20)


def _views(con: Connection) -> None:
    renewed = "" if has_own_hashes(con) else "REPLACE (hash(lower(code)) AS h)"
    for table, view in HASHED.items():
        con.execute(f"CREATE TEMP VIEW {view} AS FROM {table} SELECT * {renewed}, rowid AS place")
    con.execute("CREATE TEMP VIEW ever AS FROM runs UNION ALL BY NAME FROM forgotten")
