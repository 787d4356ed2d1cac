"""Registries of other versions: of vbatch, and of DuckDB."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import duckdb
import polars as pl
import pytest

from vbatch.errors import RegistryError
from vbatch.model.registered import RegisteredRun
from vbatch.registry import Registry, migrations
from vbatch.registry.connect import Connection

Part = Callable[..., Path]
Run = Callable[..., RegisteredRun]
Rows = Callable[..., pl.DataFrame]


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


def test_the_lock_is_held_through_backup_and_migration(filled: Registry, monkeypatch: pytest.MonkeyPatch) -> None:
    answers: list[str] = []

    def m003_intruder(_: Connection) -> None:
        command = [sys.executable, "-c", "import duckdb, sys; duckdb.connect(sys.argv[1], read_only=True)", str(filled.path)]
        answers.append(subprocess.run(command, check=False, capture_output=True, text=True).stderr)

    add(monkeypatch, m003_intruder)
    filled.upgrade()
    assert "Could not set lock" in answers[0]


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
