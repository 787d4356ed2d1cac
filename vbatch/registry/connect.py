"""One connection to a DuckDB file: its lock, its permissions, its transactions.

DuckDB gives a file to one writing process at a time and has no busy timeout: a connection lives for one call, and the waiting is ours.
It is imported late, by whoever needs it first: a run that has no registry yet has better things to do in that time.
"""

import os
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from tempfile import gettempdir
from time import monotonic, sleep
from typing import TYPE_CHECKING, Any

from vbatch.errors import RegistryBusyError
from vbatch.registry.durable import held_folder
from vbatch.registry.signals import deferred, interruptible

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

    Connection = DuckDBPyConnection
else:
    Connection = Any

_CONFIG = {
    "autoinstall_known_extensions": "false",
    "autoload_known_extensions": "false",
    # DuckDB would keep every block it read, up to four fifths of the machine.
    "memory_limit": "512MB",
    # Codes hardly compress; trying to takes longer than writing them.
    "force_compression": "uncompressed",
}
_SHORTEST, _LONGEST = 0.02, 1.0
_BUSY = ("Could not set lock", "with a different configuration than existing connections")


@contextmanager
def opened(file: Path, *, writable: bool, wait: float) -> Iterator[Connection]:
    """A connection to a DuckDB file, closed at the end.

    Args:
        file: absolute path of the database; made when it is not there and `writable`.
        writable: whether to take the file for this process alone; readers share it with each other.
        wait: seconds to wait for a process that holds the file.

    Raises:
        RegistryBusyError: another process still holds it after `wait` seconds.
        duckdb.Error: anything else that DuckDB finds wrong.
    """
    # What does not fit into memory is codes too, and DuckDB would spill it into a folder that everybody can read.
    with (
        held_folder(Path(gettempdir()), "vbatch-registry-") as spill,
        _closed(_connect(file, spill=str(spill), writable=writable, wait=wait)) as con,
        interruptible(con),
    ):
        yield con


def warm_up() -> None:
    """Import DuckDB and start it once, for the first registry that is opened."""
    # What cannot be done now is told when it has to be done.
    with suppress(Exception):
        import duckdb  # noqa: PLC0415 - late

        duckdb.connect(":memory:", config={**_CONFIG}).close()


@contextmanager
def transaction(con: Connection) -> Iterator[None]:
    """Everything inside becomes durable together, or, after any exception, not at all."""
    import duckdb  # noqa: PLC0415 - late

    con.begin()
    try:
        yield
        _make_log(con)
        with deferred():
            con.commit()
    except BaseException:
        # A commit that failed has rolled back already, and a second rollback would hide why.
        with suppress(duckdb.Error):
            con.rollback()
        raise


def first(con: Connection, query: str, values: Mapping[str, object] | Sequence[object] = ()) -> tuple[Any, ...]:
    """The first row of an answer, empty if it has none; read to its end, because an open answer owns its connection."""
    rows: list[tuple[Any, ...]] = con.execute(query, values).fetchall()
    return rows[0] if rows else ()


def now() -> datetime:
    """The instant, as the tables keep it: UTC without saying so, because DuckDB would answer in the zone of the machine."""
    return datetime.now(UTC).replace(tzinfo=None)


@contextmanager
def _closed(con: Connection) -> Iterator[Connection]:
    import duckdb  # noqa: PLC0415 - late

    try:
        yield con
    finally:
        # What was committed is on the disk: no error after that is one of the transaction.
        with suppress(duckdb.Error, OSError):
            con.close()


def _connect(file: Path, *, spill: str, writable: bool, wait: float) -> Connection:
    import duckdb  # noqa: PLC0415 - late

    pauses = _pauses(wait)
    while True:
        try:
            return duckdb.connect(str(file), read_only=not writable, config={**_CONFIG, "temp_directory": spill})
        except duckdb.Error as error:
            if not any(mark in str(error) for mark in _BUSY):
                raise
            pause = next(pauses, None)
            if pause is None:
                raise _busy(file, str(error)) from error
        sleep(pause)


def _pauses(wait: float) -> Iterator[float]:
    deadline = monotonic() + wait
    pause = _SHORTEST
    while (left := deadline - monotonic()) > 0:
        yield min(pause, left)
        pause = min(pause * 2, _LONGEST)


def _busy(file: Path, text: str) -> RegistryBusyError:
    holder = re.search(r"\(PID (\d+)\)", text)
    who = f"process {holder[1]}" if holder else "another connection"
    return RegistryBusyError(
        f"the registry {file} is held by {who}",
        hint="try again when it has ended, or wait for it with --wait SECONDS; "
        "over a network file system, the lock of a process that died on another host looks the same",
    )


def _make_log(con: Connection) -> None:
    # The write-ahead log holds codes, and DuckDB would make it with the permissions that the umask leaves. It adopts an empty one.
    (path,) = first(con, "SELECT path FROM duckdb_databases() WHERE database_name = current_database()")
    with suppress(FileExistsError):
        os.close(os.open(f"{path}.wal", os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
