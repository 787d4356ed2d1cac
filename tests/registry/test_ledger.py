"""What a registry answers to people."""

from collections.abc import Callable
from pathlib import Path

import duckdb
import polars as pl
import pytest

from vbatch.model.registered import RegisteredRun
from vbatch.registry import Registry

Part = Callable[..., Path]
Run = Callable[..., RegisteredRun]
INSTANT = pl.Datetime("us", "UTC")


@pytest.fixture
def filled(registry: Registry, part: Part, run: Run) -> Registry:
    registry.register(run("r1"), [part("1.parquet", "abc", "x")])
    registry.register(run("r2", scope="club"), [part("2.parquet", "y", "ABC", source="b.csv"), part("3.parquet", "abc")])
    registry.register(run("r3", sources=()), [])
    return registry


def test_runs_are_listed_in_order_with_their_codes(filled: Registry, run: Run) -> None:
    runs = filled.runs()
    assert runs.schema == {
        "run_id": pl.String,
        "pipeline": pl.String,
        "scope": pl.String,
        "registered_at": INSTANT,
        "codes": pl.UInt64,
        "sources": pl.List(pl.String),
    }
    assert runs.rows() == [
        ("r1", "gift_cards", "shop", run("r1").registered_at, 2, ["a.csv", "b.csv"]),
        ("r2", "gift_cards", "club", run("r2").registered_at, 3, ["a.csv", "b.csv"]),
        ("r3", "gift_cards", "shop", run("r3").registered_at, 0, []),
    ]


def test_info_counts(filled: Registry) -> None:
    info = filled.info()
    assert (info.runs, info.codes, info.scopes, info.format) == (3, 5, {"club": 3, "shop": 2}, "1")
    assert (info.path, info.bytes, info.duckdb) == (filled.path, filled.path.stat().st_size, duckdb.__version__)


def test_a_code_is_found_in_every_scope_exact_first(filled: Registry, run: Run) -> None:
    found = filled.find("abc")
    assert found.schema == {
        "code": pl.String,
        "exact": pl.Boolean,
        "scope": pl.String,
        "run_id": pl.String,
        "registered_at": INSTANT,
        "source": pl.String,
        "record": pl.UInt64,
    }
    at = run("r1").registered_at
    assert found.rows() == [
        ("abc", True, "shop", "r1", at, "a.csv", 1),
        ("abc", True, "club", "r2", at, "a.csv", 1),
        ("ABC", False, "club", "r2", at, "b.csv", 2),
    ]


@pytest.mark.parametrize("code", ["", "none", "'", "ab", "abc "])
def test_a_code_that_is_not_there_is_not_found(filled: Registry, code: str) -> None:
    assert filled.find(code).is_empty()


def test_check_counts_codes_that_a_scope_holds_twice(filled: Registry) -> None:
    assert filled.check() == 0
    with duckdb.connect(str(filled.path)) as con:
        con.execute("INSERT INTO codes SELECT h, code, 3, 0, 9 FROM codes WHERE run = 1")
        con.execute("INSERT INTO codes SELECT h, code, 3, 0, 10 FROM codes WHERE run = 1 AND code = 'x'")
    assert filled.check() == 2


def test_an_empty_registry_answers_too(registry: Registry, run: Run) -> None:
    registry.register(run("r1"), [])
    assert registry.info().scopes == {"shop": 0}
    assert registry.find("x").is_empty()
    assert registry.check() == 0
