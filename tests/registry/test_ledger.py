"""What a registry answers to people."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import duckdb
import polars as pl
import pytest

from vbatch.errors import RegistryError
from vbatch.model.registered import Kind, RegisteredRun
from vbatch.registry import Registry

Part = Callable[..., Path]
Run = Callable[..., RegisteredRun]
INSTANT = pl.Datetime("us", "UTC")


@pytest.fixture
def filled(registry: Registry, part: Part, run: Run) -> Registry:
    registry.register(run("r1"), [part("1.parquet", "abc", "x")])
    registry.register(run("r2", scope="club"), [part("2.parquet", "y", "ABC", source="b.csv"), part("3.parquet", "abc")])
    registry.register(run("r3", sources=(), kind="import", corrects="r1", outputs="runs/r3"), [])
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
        "kind": pl.String,
        "corrects": pl.String,
        "outputs": pl.String,
    }
    at = run("r1").registered_at
    assert runs.rows() == [
        ("r1", "gift_cards", "shop", at, 2, ["a.csv", "b.csv"], "load", None, ""),
        ("r2", "gift_cards", "club", at, 3, ["a.csv", "b.csv"], "load", None, ""),
        ("r3", "gift_cards", "shop", at, 0, [], "import", "r1", "runs/r3"),
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


def test_a_run_is_named_by_the_beginning_of_its_identity(registry: Registry, run: Run) -> None:
    for run_id in ("0123456789", "0123456700", "01234567"):
        registry.register(run(run_id), [])
    assert registry.resolve("012345678") == "0123456789"
    assert registry.resolve("01234567") == "01234567"
    registry.forget("01234567", by="me", reason="a test")
    with pytest.raises(RegistryError, match="01234567 is the beginning of 2 runs") as caught:
        registry.resolve("01234567")
    assert "0123456789, 0123456700" in caught.value.hint


@pytest.mark.parametrize("name", ["", "0123456", "0123456x", "%", "01234567890"])
def test_a_run_that_is_not_there_is_an_error(registry: Registry, run: Run, name: str) -> None:
    registry.register(run("0123456789"), [])
    with pytest.raises(RegistryError, match=f"holds no run {name}") as caught:
        registry.resolve(name)
    assert "first 8 digits" in caught.value.hint


def test_the_chain_of_a_run_is_all_that_mend_it(registry: Registry, part: Part, run: Run) -> None:
    registry.register(run("11111111-1"), [])
    registry.register(run("22222222-2", corrects="11111111"), [part("2.parquet", "A")])
    registry.register(run("33333333-3", corrects="22222222-2"), [])
    registry.register(run("44444444-4", corrects="11111111-1"), [])
    registry.register(run("55555555-5"), [])
    assert registry.chain("11111111").rows() == registry.runs()[1:4].rows()
    assert registry.chain("22222222")["run_id"].to_list() == ["33333333-3"]
    assert registry.chain("55555555").is_empty()


def test_a_run_can_only_correct_one_that_is_registered(registry: Registry, part: Part, run: Run) -> None:
    one = part("p.parquet", "A")
    with pytest.raises(RegistryError, match="holds no run r0"):
        registry.register(run("r1", corrects="r0"), [one])
    assert not registry.exists()
    registry.register(run("00000000"), [])
    registry.forget("00000000", by="me", reason="a test")
    with pytest.raises(RegistryError) as caught:
        registry.register(run("r1", corrects="00000000"), [one])
    assert "forgotten" in caught.value.hint
    assert registry.runs().is_empty()


def test_since_accepted_are_codes_of_later_runs(filled: Registry, part: Part, run: Run) -> None:
    codes = pl.Series(["abc", "ABC", None, "", "x", "late", "abc"])
    assert filled.since_accepted("shop", codes).to_list() == [True, False, False, False, True, False, True]
    filled.register(run("r4"), [part("4.parquet", "late", "Abc")])
    assert filled.since_accepted("shop", codes, after="r1").to_list() == [False, False, False, False, False, True, False]
    assert filled.since_accepted("club", pl.Series([], dtype=pl.String)).to_list() == []


def test_an_empty_registry_answers_too(registry: Registry, run: Run) -> None:
    registry.register(run("r1"), [])
    assert registry.info().scopes == {"shop": 0}
    assert registry.find("x").is_empty()
    assert registry.check() == ()


SIZED = '{"sources": [{"bytes": 20}, {"bytes": 3}], "outputs": [{"bytes": 7}]}'


@pytest.mark.parametrize(
    "other",
    [
        ("shop", "import", [3, 20]),
        ("club", "load", [3, 20]),
        ("shop", "load", [3, 3]),
        ("shop", "load", [3]),
        ("shop", "load", [3, 7, 20]),
        ("shop", "load", [3, 1 << 40]),
    ],
)
def test_a_run_is_found_by_the_sizes_of_its_sources(registry: Registry, run: Run, other: tuple[str, Kind, list[int]]) -> None:
    for place, report in enumerate(["", "no JSON", '{"status": "loaded"}', '{"sources": [{"bytes": "x"}, {}]}']):
        registry.register(replace(run(f"r{place}"), report=report), [])
    assert not registry.has_sizes("shop", "load", [3, 20])
    registry.register(replace(run("sized"), report=SIZED), [])
    assert registry.has_sizes("shop", "load", [3, 20])
    assert not registry.has_sizes(*other)
    registry.forget("sized", by="ann", reason="test")
    assert not registry.has_sizes("shop", "load", [3, 20])


def test_no_registry_has_a_run_of_these_sizes(registry: Registry) -> None:
    assert not registry.has_sizes("shop", "load", [3])
    assert not registry.exists()
