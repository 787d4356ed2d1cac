"""Files that are no registry: two lines each, and the file untouched."""

import os
import sqlite3
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import duckdb
import polars as pl
import pytest

from vbatch.errors import RegistryBusyError, RegistryError
from vbatch.model.registered import RegisteredRun
from vbatch.registry import Registry
from vbatch.registry.errors import named_errors

Part = Callable[..., Path]
Run = Callable[..., RegisteredRun]
Rows = Callable[..., pl.DataFrame]
Disk = Callable[[int], AbstractContextManager[None]]
unless_root = pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")


def empty(path: Path) -> None:
    path.touch()


def text(path: Path) -> None:
    path.write_text("code\nABC\n" * 1000)


def sqlite(path: Path) -> None:
    con = sqlite3.connect(path)
    con.execute("CREATE TABLE codes (code TEXT)")
    con.commit()
    con.close()


def bare_duckdb(path: Path) -> None:
    duckdb.connect(str(path)).close()


def duckdb_with_other_tables(path: Path) -> None:
    with duckdb.connect(str(path)) as con:
        con.execute("CREATE TABLE meta (id INTEGER); CREATE TABLE codes (code VARCHAR); CREATE TABLE runs (i INTEGER)")


def duckdb_of_another_application(path: Path) -> None:
    with duckdb.connect(str(path)) as con:
        con.execute("CREATE TABLE meta (key VARCHAR, value VARCHAR); INSERT INTO meta VALUES ('application', 'other')")
        con.execute("CREATE TABLE migrations (name VARCHAR, applied_at TIMESTAMP)")


def cut_off(path: Path) -> None:
    bare_duckdb(path)
    os.truncate(path, 9000)


FOREIGN = [empty, text, sqlite, bare_duckdb, duckdb_with_other_tables, duckdb_of_another_application, cut_off]


@pytest.mark.parametrize("make", FOREIGN)
def test_a_foreign_file_is_refused_and_left_alone(
    registry: Registry, part: Part, run: Run, rows: Rows, make: Callable[[Path], None]
) -> None:
    make(registry.path)
    before = registry.path.read_bytes()
    one = part("p.parquet", "A")
    calls: list[Callable[[], object]] = [
        lambda: registry.stored("r1"),
        lambda: registry.lookup("shop", [one], apart_from=""),
        lambda: registry.register(run("r1"), [one]),
        registry.upgrade,
        registry.runs,
        registry.info,
        lambda: registry.find("A"),
        registry.check,
        lambda: registry.timeline("A"),
        lambda: registry.export(registry.path.with_name("e.csv")),
        lambda: registry.forget("r1", by="me", reason="a test"),
        lambda: registry.mark("used", rows("A"), scope="shop", by="me", reason="a test"),
    ]
    for call in calls:
        with pytest.raises(RegistryError) as caught:
            call()
        assert registry.path.name in caught.value.message
        assert "\n" not in caught.value.message
        assert "--registry" in caught.value.hint
    assert registry.path.read_bytes() == before
    assert sorted(path.name for path in registry.path.parent.iterdir()) == ["codes.duckdb", "p.parquet"]


def test_a_folder_is_refused(tmp_path: Path, run: Run) -> None:
    with pytest.raises(RegistryError, match="directory") as caught:
        Registry(tmp_path).register(run("r1"), [])
    assert caught.value.hint == "name a file, not a folder, with --registry"


def test_the_folder_has_to_exist(tmp_path: Path, run: Run) -> None:
    with pytest.raises(RegistryError) as caught:
        Registry(tmp_path / "none" / "codes.duckdb").register(run("r1"), [])
    assert caught.value.hint.startswith("make its folder first")


def test_questions_to_a_registry_that_is_not_there_are_errors(registry: Registry, rows: Rows) -> None:
    calls: list[Callable[[], object]] = [
        registry.runs,
        registry.info,
        registry.check,
        lambda: registry.find("A"),
        lambda: registry.timeline("A"),
        lambda: registry.export(registry.path.with_name("e.csv")),
        lambda: registry.forget("r1", by="me", reason="a test"),
        lambda: registry.mark("used", rows("A"), scope="shop", by="me", reason="a test"),
    ]
    for call in calls:
        with pytest.raises(RegistryError) as caught:
            call()
        assert "`vbatch load` makes it" in caught.value.hint
    assert list(registry.path.parent.iterdir()) == []


def test_a_path_that_is_not_unicode_is_an_error(tmp_path: Path) -> None:
    registry = Registry(tmp_path / os.fsdecode(b"\xff.duckdb"))
    registry.path.write_text("text")
    with pytest.raises(RegistryError):
        registry.runs()


def test_damage_is_found(registry: Registry, part: Part, run: Run) -> None:
    registry.register(run("r1"), [part("p.parquet", *(f"C{number}" for number in range(1000)))])
    data = bytearray(registry.path.read_bytes())
    for position in range(12_288, len(data), 4096):
        data[position] ^= 255
    registry.path.write_bytes(data)
    with pytest.raises(RegistryError, match="orrupt"):
        registry.runs()


@unless_root
def test_a_read_only_folder_can_be_asked_but_not_changed(registry: Registry, part: Part, run: Run) -> None:
    one = part("p.parquet", "A")
    registry.register(run("r1"), [one])
    registry.path.parent.chmod(0o500)
    try:
        assert registry.lookup("shop", [one], apart_from="").height == 1
        with pytest.raises(RegistryError) as caught:
            registry.register(run("r2"), [])
        assert caught.value.hint.startswith("let this user read and write")
        with pytest.raises(RegistryError):
            Registry(registry.path.with_name("new.duckdb")).register(run("r1"), [])
    finally:
        registry.path.parent.chmod(0o700)
    assert registry.runs().height == 1


@unless_root
def test_an_unreadable_file_is_an_error(registry: Registry, run: Run) -> None:
    registry.register(run("r1"), [])
    registry.path.chmod(0)
    with pytest.raises(RegistryError) as caught:
        registry.runs()
    assert caught.value.hint.startswith("let this user read and write")


def test_a_full_disk_changes_nothing(registry: Registry, part: Part, run: Run, disk_full_at: Disk) -> None:
    large = part("large.parquet", *(f"{number * 7919:x}" for number in range(200_000)))
    registry.register(run("r1"), [part("p.parquet", "A")])
    with disk_full_at(registry.path.stat().st_size), pytest.raises(RegistryError) as caught:
        registry.register(run("r2"), [large])
    assert "nothing was registered" in caught.value.hint
    assert registry.runs().select("run_id", "codes").rows() == [("r1", 1)]
    registry.register(run("r2"), [large])
    assert registry.runs()["codes"].to_list() == [1, 200_000]


@pytest.mark.parametrize("size", [0, 5_000, 100_000, 1_500_000])
def test_a_full_disk_leaves_no_new_file(registry: Registry, part: Part, run: Run, disk_full_at: Disk, size: int) -> None:
    one = part("p.parquet", *(f"{number * 7919:x}" for number in range(200_000 if size > 1_000_000 else 10)))
    with disk_full_at(size), pytest.raises(RegistryError):
        registry.register(run("r1"), [one])
    assert list(registry.path.parent.iterdir()) == [one]


def test_errors_that_have_a_name_keep_it(tmp_path: Path) -> None:
    with pytest.raises(RegistryBusyError), named_errors(tmp_path):
        raise RegistryBusyError("busy", hint="later")
