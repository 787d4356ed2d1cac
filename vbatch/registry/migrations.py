"""The shape of a registry, as named steps that are each applied once, in order; all that are missing in one transaction.

Never change or remove a migration that was released: write the next one.
"""

from collections.abc import Callable
from pathlib import Path

from vbatch.errors import RegistryError
from vbatch.registry.connect import Connection, first, now, transaction

Migration = Callable[[Connection], None]

HASHED = {"codes": "known", "marks": "marked", "attempts": "attempted"}
"""The tables with a column `h`, the hash of the code in lower case, and the views that queries read in their place."""


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


def m002_ledger(con: Connection) -> None:
    """Kinds and chains of runs, the runs that were undone, what became of a code, and who tried to load it again.

    The codes of a run that was undone stay where they are: its number leads to `forgotten` and no longer to `runs`. So undoing costs
    one row whatever its size, and the timeline of a code has no gap.
    """
    con.execute("ALTER TABLE runs ADD COLUMN kind VARCHAR DEFAULT 'load'")
    con.execute("ALTER TABLE runs ADD COLUMN corrects VARCHAR")
    con.execute("ALTER TABLE runs ADD COLUMN outputs VARCHAR DEFAULT ''")
    con.execute("""
        CREATE TABLE forgotten (
            run UINTEGER NOT NULL, run_id VARCHAR NOT NULL, scope VARCHAR NOT NULL, pipeline VARCHAR NOT NULL,
            registered_at TIMESTAMP NOT NULL, sources VARCHAR[] NOT NULL, report VARCHAR NOT NULL,
            kind VARCHAR NOT NULL, corrects VARCHAR, outputs VARCHAR NOT NULL,
            codes UBIGINT NOT NULL, forgotten_at TIMESTAMP NOT NULL, forgotten_by VARCHAR NOT NULL, reason VARCHAR NOT NULL
        )
    """)
    con.execute("""
        CREATE TABLE marks (
            h UBIGINT NOT NULL, code VARCHAR NOT NULL, scope VARCHAR NOT NULL, marking UINTEGER NOT NULL,
            status VARCHAR NOT NULL CHECK (status IN ('delivered', 'used', 'disabled')), marked_at TIMESTAMP NOT NULL,
            marked_by VARCHAR NOT NULL, source VARCHAR NOT NULL, record UBIGINT NOT NULL, reason VARCHAR NOT NULL
        )
    """)
    con.execute("""
        CREATE TABLE attempts (
            h UBIGINT NOT NULL, code VARCHAR NOT NULL, scope VARCHAR NOT NULL, run_id VARCHAR NOT NULL,
            source VARCHAR NOT NULL, record UBIGINT NOT NULL, fault VARCHAR NOT NULL, attempted_at TIMESTAMP NOT NULL
        )
    """)


MIGRATIONS: tuple[Migration, ...] = (m001_codes_and_runs, m002_ledger)
"""All of them, oldest first."""


def migrate(con: Connection) -> None:
    """Applies the migrations that this database does not have yet: all of them, or after an error none."""
    with transaction(con):
        con.execute("CREATE TABLE IF NOT EXISTS migrations (name VARCHAR NOT NULL, applied_at TIMESTAMP NOT NULL)")
        for migration in missing(con):
            migration(con)
            con.execute("INSERT INTO migrations VALUES (?, ?)", [migration.__name__, now()])


def admit(con: Connection, path: Path) -> None:
    """Refuses a database that this version cannot serve.

    Raises:
        RegistryError: it is no registry of vbatch, or has migrations from a newer version.
    """
    import duckdb  # noqa: PLC0415 - late, see connect

    try:
        marker = first(con, "SELECT value FROM meta WHERE key = 'application'")
        names = applied(con)
    except (duckdb.CatalogException, duckdb.BinderException):
        marker, names = (), []
    if marker != ("vbatch",):
        raise RegistryError(
            f"{path} is a DuckDB database, but no registry of vbatch",
            hint="name a registry that vbatch made, or a file that does not exist yet, with --registry",
        )
    if unknown := set(names) - {migration.__name__ for migration in MIGRATIONS}:
        raise RegistryError(
            f"the registry {path} was written by a newer vbatch: it has {', '.join(sorted(unknown))}",
            hint="update vbatch, or name another registry with --registry",
        )


def refuse_outdated(con: Connection, path: Path) -> None:
    """Raises RegistryError when migrations are missing, for those who may not apply them."""
    if missing(con):
        raise RegistryError(
            f"the registry {path} was written by an older vbatch and has to be brought up to date first",
            hint="the next `vbatch load` into it does that",
        )


def has_own_hashes(con: Connection) -> bool:
    """Whether this DuckDB hashes as the one that filled the column `h` did; `hash` is not promised to stay the same."""
    return first(con, "SELECT value = CAST(hash('vbatch') AS VARCHAR) FROM meta WHERE key = 'canary'") == (True,)


def renew_hashes(con: Connection) -> None:
    """Recomputes the column `h` of every table when another DuckDB filled it."""
    if has_own_hashes(con):
        return
    with transaction(con):
        for table in HASHED:
            # An UPDATE would keep every old value in memory until the commit.
            con.execute(f"ALTER TABLE {table} ALTER h TYPE UBIGINT USING hash(lower(code))")
        con.execute("UPDATE meta SET value = CAST(hash('vbatch') AS VARCHAR) WHERE key = 'canary'")


def missing(con: Connection) -> list[Migration]:
    """The migrations that this database does not have yet, oldest first."""
    names = applied(con)
    return [migration for migration in MIGRATIONS if migration.__name__ not in names]


def applied(con: Connection) -> list[str]:
    """The names of those that it has, in the order in which they were applied."""
    return [name for (name,) in con.execute("SELECT name FROM migrations ORDER BY rowid").fetchall()]
