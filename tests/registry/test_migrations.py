"""Registries of other versions: of vbatch, and of DuckDB."""

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
from vbatch.registry.connect import Connection, opened

Part = Callable[..., Path]
Run = Callable[..., RegisteredRun]
Rows = Callable[..., pl.DataFrame]
Disk = Callable[[int], AbstractContextManager[None]]


def m003_status(con: Connection) -> None:
    con.execute("ALTER TABLE codes ADD COLUMN status VARCHAR DEFAULT 'registered'")


def m004_broken(con: Connection) -> None:
    con.execute("DELETE FROM runs")
    con.execute("SELECT no_such_function()")


def sql(registry: Registry, statement: str) -> list[tuple[object, ...]]:
    with duckdb.connect(str(registry.path)) as con:
        return con.execute(statement).fetchall()


@pytest.fixture
def filled(registry: Registry, part: Part, run: Run) -> Registry:
    registry.register(run("r1"), [part("old.parquet", "alpha", "Beta")])
    return registry


def add(monkeypatch: pytest.MonkeyPatch, migration: migrations.Migration) -> None:
    monkeypatch.setattr(migrations, "MIGRATIONS", (*migrations.MIGRATIONS, migration))


def test_a_new_registry_has_every_migration_once(filled: Registry, run: Run) -> None:
    filled.register(run("r2"), [])
    assert sql(filled, "SELECT name, applied_at <= now() AT TIME ZONE 'UTC' FROM migrations") == [
        ("m001_codes_and_runs", True),
        ("m002_ledger", True),
    ]


def test_an_older_registry_is_only_brought_up_to_date_by_those_who_write(
    filled: Registry, part: Part, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = part("new.parquet", "alpha")
    add(monkeypatch, m003_status)
    for call in (filled.runs, lambda: filled.stored("r1"), lambda: filled.lookup("shop", [one], apart_from="")):
        with pytest.raises(RegistryError, match="older vbatch") as caught:
            call()
        assert "`vbatch load`" in caught.value.hint
    filled.upgrade()
    assert filled.lookup("shop", [one], apart_from="").height == 1
    assert sql(filled, "SELECT name FROM migrations") == [("m001_codes_and_runs",), ("m002_ledger",), ("m003_status",)]
    filled.register(run("r2"), [part("more.parquet", "gamma")])
    assert sql(filled, "SELECT code, status FROM codes ORDER BY rowid") == [
        ("alpha", "registered"),
        ("Beta", "registered"),
        ("gamma", "registered"),
    ]


def test_register_migrates_too(filled: Registry, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    add(monkeypatch, m003_status)
    filled.register(run("r2"), [])
    assert filled.runs().height == 2


def test_a_migration_that_fails_changes_nothing(filled: Registry, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as broken:
        add(broken, m003_status)
        add(broken, m004_broken)
        with pytest.raises(RegistryError):
            filled.upgrade()
    assert filled.runs().height == 1
    assert sql(filled, "SELECT name FROM migrations") == [("m001_codes_and_runs",), ("m002_ledger",)]
    assert len(sql(filled, "DESCRIBE codes")) == 5
    filled.upgrade()


def test_a_newer_registry_is_refused(filled: Registry, run: Run) -> None:
    sql(filled, "INSERT INTO migrations VALUES ('m999_future', now() AT TIME ZONE 'UTC')")
    for call in (filled.runs, filled.upgrade, lambda: filled.register(run("r2"), [])):
        with pytest.raises(RegistryError, match="newer vbatch: it has m999_future") as caught:
            call()
        assert caught.value.hint.startswith("update vbatch")
    assert sql(filled, "SELECT run_id FROM runs") == [("r1",)]


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


def test_the_lock_is_held_through_backup_and_migration(filled: Registry, monkeypatch: pytest.MonkeyPatch) -> None:
    answers: list[str] = []

    def m003_intruder(_: Connection) -> None:
        command = [sys.executable, "-c", "import duckdb, sys; duckdb.connect(sys.argv[1], read_only=True)", str(filled.path)]
        answers.append(subprocess.run(command, check=False, capture_output=True, text=True).stderr)

    add(monkeypatch, m003_intruder)
    filled.upgrade()
    assert "Could not set lock" in answers[0]


def test_a_backup_that_cannot_be_written_stops_the_migration(first_format: Registry, disk_full_at: Disk) -> None:
    with disk_full_at(10_000), pytest.raises(RegistryError):
        first_format.upgrade()
    assert sql(first_format, "SELECT name FROM migrations") == [("m001_codes_and_runs",)]
    assert list(first_format.path.parent.iterdir()) == [first_format.path]
    first_format.upgrade()
    assert first_format.runs().height == 1


@pytest.fixture
def other_hashes(filled: Registry, rows: Rows) -> Registry:
    filled.mark("used", rows("alpha"), scope="shop", by="me", reason="a test")
    sql(filled, "INSERT INTO attempts VALUES (hash('beta'), 'Beta', 'shop', 'r1', 'a.csv', 1, 'code.registered', TIMESTAMP '2024-01-01')")
    sql(filled, "UPDATE codes SET h = h // 2; UPDATE marks SET h = h // 2; UPDATE attempts SET h = h // 2")
    sql(filled, "UPDATE meta SET value = '1' WHERE key = 'canary'")
    return filled


def test_readers_do_not_trust_hashes_of_another_duckdb_nor_change_them(other_hashes: Registry, part: Part) -> None:
    before = other_hashes.path.read_bytes()
    assert other_hashes.lookup("shop", [part("new.parquet", "x", "alpha", "BETA")], apart_from="")["row"].to_list() == [1, 2]
    assert other_hashes.find("beta")["code"].to_list() == ["Beta"]
    assert other_hashes.timeline("Beta")["event"].to_list() == ["attempt", "registered"]
    assert other_hashes.lookup("shop", [part("used.parquet", "alpha")], apart_from="")["used"].to_list() == [True]
    assert other_hashes.check() == ()
    assert other_hashes.path.read_bytes() == before


def test_writers_renew_hashes_of_another_duckdb(other_hashes: Registry) -> None:
    other_hashes.upgrade()
    for table, count in (("codes", 2), ("marks", 1), ("attempts", 1)):
        assert sql(other_hashes, f"FROM {table} SELECT count(*) WHERE h = hash(lower(code))") == [(count,)]
    assert sql(other_hashes, "SELECT value = CAST(hash('vbatch') AS VARCHAR) FROM meta WHERE key = 'canary'") == [(True,)]


def test_a_run_is_registered_over_hashes_of_another_duckdb(other_hashes: Registry, part: Part, run: Run) -> None:
    with pytest.raises(RegistryError, match="another run"):
        other_hashes.register(run("r2"), [part("taken.parquet", "alpha")])
    other_hashes.register(run("r2"), [part("new.parquet", "gamma")])
    assert sql(other_hashes, "SELECT count(*) FROM codes WHERE h = hash(lower(code))") == [(3,)]
