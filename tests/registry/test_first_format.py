"""A registry of the first version becomes a ledger, and stays beside it as it was."""

import os
import stat
import subprocess
import sys
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import duckdb
import polars as pl
import pytest

from vbatch.errors import RegistryError
from vbatch.model.registered import RegisteredRun
from vbatch.registry import Registry, migrations
from vbatch.registry.connect import opened

Part = Callable[..., Path]
Run = Callable[..., RegisteredRun]
Rows = Callable[..., pl.DataFrame]
Disk = Callable[[int], AbstractContextManager[None]]


def sql(registry: Registry, statement: str) -> list[tuple[object, ...]]:
    with duckdb.connect(str(registry.path), read_only=True) as con:
        return con.execute(statement).fetchall()


@pytest.fixture
def first_format(registry: Registry, monkeypatch: pytest.MonkeyPatch) -> Registry:
    """As the first version of vbatch left it."""
    with monkeypatch.context() as first:
        first.setattr(migrations, "MIGRATIONS", (migrations.m001_codes_and_runs,))
        with opened(registry.path, writable=True, wait=0) as con:
            migrations.migrate(con)
            con.execute("INSERT INTO runs VALUES (1, 'r1', 'shop', 'gift_cards', TIMESTAMP '2024-02-29 12:30:15.123456', ['a.csv'], '{}')")
            con.execute("INSERT INTO codes SELECT hash(lower(code)), code, 1, 0, 1 FROM (VALUES ('alpha'), ('Beta')) AS old (code)")
    return registry


def test_a_registry_of_the_first_format_becomes_a_ledger(first_format: Registry, part: Part, run: Run) -> None:
    with pytest.raises(RegistryError, match="older vbatch"):
        first_format.runs()
    first_format.register(run("r2", corrects="r1"), [part("2.parquet", "BETA")])
    assert first_format.runs().select("run_id", "codes", "kind", "corrects", "outputs").rows() == [
        ("r1", 2, "load", None, ""),
        ("r2", 1, "load", "r1", ""),
    ]
    stored = first_format.stored("r1")
    assert stored is not None
    assert (stored.kind, stored.corrects, stored.outputs) == ("load", None, "")
    assert first_format.check() == ()


@pytest.mark.parametrize("call", ["upgrade", "forget", "mark"])
def test_a_backup_is_made_before_the_first_migration(first_format: Registry, rows: Rows, call: str) -> None:
    before = os.umask(0)
    try:
        {
            "upgrade": first_format.upgrade,
            "forget": lambda: first_format.forget("r1", by="me", reason="a test"),
            "mark": lambda: first_format.mark("used", rows("alpha"), scope="shop", by="me", reason="a test"),
        }[call]()
    finally:
        os.umask(before)
    backup = first_format.path.with_name("codes.duckdb.backup-m001_codes_and_runs")
    assert sorted(first_format.path.parent.iterdir()) == [first_format.path, backup]
    assert stat.S_IMODE(backup.stat().st_mode) == 0o600
    assert sql(Registry(backup), "SELECT name, code FROM migrations, codes ORDER BY code DESC") == [
        ("m001_codes_and_runs", "alpha"),
        ("m001_codes_and_runs", "Beta"),
    ]
    first_format.upgrade()
    assert len(list(first_format.path.parent.iterdir())) == 2


def test_the_backup_has_what_only_the_log_had(first_format: Registry) -> None:
    killed = "import duckdb, os, sys; con = duckdb.connect(sys.argv[1]); con.execute(sys.argv[2]); os.kill(os.getpid(), 9)"
    statement = "INSERT INTO codes VALUES (hash('late'), 'late', 1, 0, 3)"
    subprocess.run([sys.executable, "-c", killed, str(first_format.path), statement], check=False)
    assert Path(f"{first_format.path}.wal").exists()
    first_format.upgrade()
    backup = Registry(first_format.path.with_name("codes.duckdb.backup-m001_codes_and_runs"))
    assert sql(backup, "SELECT count(*) FROM codes WHERE code = 'late'") == [(1,)]


def test_a_backup_that_cannot_be_written_stops_the_migration(first_format: Registry, disk_full_at: Disk) -> None:
    with disk_full_at(10_000), pytest.raises(RegistryError):
        first_format.upgrade()
    assert sql(first_format, "SELECT name FROM migrations") == [("m001_codes_and_runs",)]
    assert list(first_format.path.parent.iterdir()) == [first_format.path]
    first_format.upgrade()
    assert first_format.runs().height == 1
