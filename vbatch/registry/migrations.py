"""The shape of a registry, as named steps that are each applied once, in order, in a transaction of their own.

Never change or remove a migration that was released: write the next one.
"""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import duckdb

from vbatch.errors import RegistryError
from vbatch.registry.connect import Connection, first, transaction

Migration = Callable[[Connection], None]


def m001_codes_and_runs(con: Connection) -> None:
    """The first shape.

    No primary key and no index: with one, inserts slow down with size and large ones run out of memory. That no code is in a scope
    twice is what `register` sees to and `check` proves.
    """
    con.execute("CREATE TABLE meta (key VARCHAR NOT NULL, value VARCHAR NOT NULL)")
    con.execute("INSERT INTO meta VALUES ('application', 'vbatch'), ('format', '1'), ('canary', CAST(hash('vbatch') AS VARCHAR))")
    con.execute("""
        CREATE TABLE runs (
            run UINTEGER NOT NULL, run_id VARCHAR NOT NULL, scope VARCHAR NOT NULL, pipeline VARCHAR NOT NULL,
            registered_at TIMESTAMP NOT NULL, sources VARCHAR[] NOT NULL, report VARCHAR NOT NULL
        )
    """)
    con.execute("""
        CREATE TABLE codes (
            h UBIGINT NOT NULL, code VARCHAR NOT NULL, run UINTEGER NOT NULL, source UINTEGER NOT NULL, record UBIGINT NOT NULL
        )
    """)


MIGRATIONS: tuple[Migration, ...] = (m001_codes_and_runs,)
"""All of them, oldest first."""


def migrate(con: Connection) -> None:
    """Applies the migrations that this database does not have yet."""
    con.execute("CREATE TABLE IF NOT EXISTS migrations (name VARCHAR NOT NULL, applied_at TIMESTAMP NOT NULL)")
    for migration in _missing(con):
        with transaction(con):
            migration(con)
            con.execute("INSERT INTO migrations VALUES (?, ?)", [migration.__name__, datetime.now(UTC).replace(tzinfo=None)])


def admit(con: Connection, path: Path) -> None:
    """Refuses a database that this version cannot serve.

    Raises:
        RegistryError: it is no registry of vbatch, or has migrations from a newer version.
    """
    try:
        marker = first(con, "SELECT value FROM meta WHERE key = 'application'")
        applied = _applied(con)
    except (duckdb.CatalogException, duckdb.BinderException):
        marker, applied = (), set()
    if marker != ("vbatch",):
        raise RegistryError(
            f"{path} is a DuckDB database, but no registry of vbatch",
            hint="name a registry that vbatch made, or a file that does not exist yet, with --registry",
        )
    if unknown := applied - {migration.__name__ for migration in MIGRATIONS}:
        raise RegistryError(
            f"the registry {path} was written by a newer vbatch: it has {', '.join(sorted(unknown))}",
            hint="update vbatch, or name another registry with --registry",
        )


def refuse_outdated(con: Connection, path: Path) -> None:
    """Raises RegistryError when migrations are missing, for those who may not apply them."""
    if _missing(con):
        raise RegistryError(
            f"the registry {path} was written by an older vbatch and has to be brought up to date first",
            hint="the next `vbatch load` into it does that",
        )


def has_own_hashes(con: Connection) -> bool:
    """Whether this DuckDB hashes as the one that filled the column `h` did; `hash` is not promised to stay the same."""
    return first(con, "SELECT value = CAST(hash('vbatch') AS VARCHAR) FROM meta WHERE key = 'canary'") == (True,)


def renew_hashes(con: Connection) -> None:
    """Recomputes the column `h` when another DuckDB filled it."""
    if has_own_hashes(con):
        return
    with transaction(con):
        # An UPDATE would keep every old value in memory until the commit.
        con.execute("ALTER TABLE codes ALTER h TYPE UBIGINT USING hash(lower(code))")
        con.execute("UPDATE meta SET value = CAST(hash('vbatch') AS VARCHAR) WHERE key = 'canary'")


def _missing(con: Connection) -> list[Migration]:
    applied = _applied(con)
    return [migration for migration in MIGRATIONS if migration.__name__ not in applied]


def _applied(con: Connection) -> set[str]:
    return {name for (name,) in con.execute("SELECT name FROM migrations").fetchall()}
