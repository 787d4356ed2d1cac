"""What became of codes, and that it cannot be undone."""

from collections.abc import Callable
from pathlib import Path

import duckdb
import polars as pl
import pytest

from vbatch.errors import RegistryError
from vbatch.model.registered import RegisteredRun
from vbatch.registry import Mark, MarkResult, Registry, marks

Part = Callable[..., Path]
Run = Callable[..., RegisteredRun]
Rows = Callable[..., pl.DataFrame]
Marking = Callable[..., MarkResult]


@pytest.fixture
def filled(registry: Registry, part: Part, run: Run) -> Registry:
    registry.register(run("r1"), [part("1.parquet", "A", "B", "C", "D")])
    registry.register(run("r2", scope="club"), [part("2.parquet", "E")])
    return registry


@pytest.fixture
def marking(filled: Registry, rows: Rows) -> Marking:
    def mark(status: Mark, *codes: str | None, scope: str = "shop") -> MarkResult:
        return filled.mark(status, rows(*codes), scope=scope, by="me", reason="a test")

    return mark


def shown(result: MarkResult) -> tuple[object, ...]:
    return (result.marked, result.already, result.unknown["_record"].to_list(), result.used["_record"].to_list())


def history(registry: Registry) -> list[tuple[object, ...]]:
    with duckdb.connect(str(registry.path), read_only=True) as con:
        return con.execute("SELECT code, scope, marking, status, marked_by, source, record, reason FROM marks ORDER BY rowid").fetchall()


@pytest.mark.parametrize("size", [1, 2, 100])
def test_every_row_has_one_verdict(filled: Registry, marking: Marking, monkeypatch: pytest.MonkeyPatch, size: int) -> None:
    monkeypatch.setattr(marks, "_SLICE", size)
    assert shown(marking("used", "D")) == (1, 0, [], [])
    assert shown(marking("delivered", "A", "x", "A", None, "D", "a", "B", "E")) == (2, 1, [2, 4, 6, 8], [5])
    assert shown(marking("delivered", "C", "A", "x")) == (1, 1, [3], [])
    assert history(filled) == [
        ("D", "shop", 1, "used", "me", "status.csv", 1, "a test"),
        ("A", "shop", 2, "delivered", "me", "status.csv", 1, "a test"),
        ("B", "shop", 2, "delivered", "me", "status.csv", 7, "a test"),
        ("C", "shop", 3, "delivered", "me", "status.csv", 1, "a test"),
    ]


def test_a_status_can_change_until_the_code_is_used(marking: Marking) -> None:
    assert [marking(status, "A").marked for status in ("delivered", "disabled", "delivered", "used")] == [1, 1, 1, 1]
    assert marking("used", "A").already == 1
    assert [marking(status, "A").used.height for status in ("delivered", "disabled")] == [1, 1]


def test_used_outlives_the_run_and_nothing_else_can_be_marked_then(filled: Registry, marking: Marking) -> None:
    marking("used", "A")
    marking("delivered", "B")
    filled.forget("r1", by="me", reason="a test")
    assert shown(marking("used", "A", "B", "C")) == (0, 1, [2, 3], [])
    assert shown(marking("disabled", "A", "B")) == (0, 0, [2], [1])


def test_rows_come_back_with_all_their_columns(filled: Registry, rows: Rows) -> None:
    given = rows("x", "A").with_columns(note=pl.lit("n"))
    result = filled.mark("used", given, scope="shop", by="me", reason="a test")
    assert result.unknown.equals(given[:1])


def test_no_rows_are_no_marks(filled: Registry, marking: Marking) -> None:
    assert shown(marking("used")) == (0, 0, [], [])
    assert history(filled) == []


def test_a_status_that_does_not_exist_changes_nothing(filled: Registry, marking: Marking) -> None:
    with pytest.raises(RegistryError, match="CHECK"):
        marking("lost", "A")
    assert history(filled) == []


def test_equal_hashes_are_only_candidates(filled: Registry, marking: Marking) -> None:
    with duckdb.connect(str(filled.path)) as con:
        con.execute("UPDATE codes SET h = hash('x')")
    assert shown(marking("used", "x")) == (0, 0, [1], [])
