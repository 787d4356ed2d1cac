"""Undoing a run: exactly that one, with an entry of who and why, and so that its input loads again."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import polars as pl
import pytest

from vbatch.errors import RegistryError
from vbatch.model.registered import RegisteredRun
from vbatch.registry import Registry

Part = Callable[..., Path]
Run = Callable[..., RegisteredRun]


def test_exactly_the_codes_of_the_run_go(registry: Registry, part: Part, run: Run) -> None:
    one, two = part("1.parquet", "A", "B"), part("2.parquet", "a", "C")
    registry.register(run("r1"), [one])
    registry.register(run("r2"), [two])
    assert registry.forget("r1", by="me", reason="a test") == 2
    assert registry.stored("r1") is None
    assert registry.runs()["run_id"].to_list() == ["r2"]
    assert registry.lookup("shop", [one], apart_from="").rows() == [
        (0, 0, False, "r2", run("r2").registered_at, "a.csv", 1, False),
    ]
    assert (registry.find("A")["code"].to_list(), registry.find("B").height) == (["a"], 0)
    assert (registry.info().codes, registry.check()) == (2, ())


def test_the_same_input_loads_again_and_again(registry: Registry, part: Part, run: Run) -> None:
    one = part("1.parquet", "A", "B")
    for _ in range(3):
        registry.register(run("r1"), [one])
        assert registry.forget("r1", by="me", reason="a test") == 2
    registry.register(run("r1"), [one])
    assert registry.find("A").height == 1
    assert (registry.runs()["codes"].to_list(), registry.forgotten()["codes"].to_list()) == ([2], [2, 2, 2])
    assert registry.check() == ()


def test_the_entry_says_who_when_and_why(registry: Registry, part: Part, run: Run) -> None:
    registry.register(run("01234567-9", kind="import", outputs="runs/0"), [part("1.parquet", "A")])
    before = datetime.now(UTC)
    registry.forget("01234567", by="Ann", reason="wrong file; it's théirs")
    entry = registry.forgotten().row(0, named=True)
    assert before <= entry.pop("forgotten_at") <= datetime.now(UTC)
    assert entry == {
        "run_id": "01234567-9",
        "pipeline": "gift_cards",
        "scope": "shop",
        "registered_at": run("").registered_at,
        "codes": 1,
        "sources": ["a.csv", "b.csv"],
        "kind": "import",
        "corrects": None,
        "outputs": "runs/0",
        "by": "Ann",
        "reason": "wrong file; it's théirs",
    }
    assert registry.runs().schema == registry.forgotten().drop("forgotten_at", "by", "reason").schema


def test_a_run_that_is_corrected_stays_until_the_correction_is_forgotten(registry: Registry, run: Run) -> None:
    registry.register(run("r1"), [])
    registry.register(run("r2", corrects="r1"), [])
    registry.register(run("r3", corrects="r1"), [])
    with pytest.raises(RegistryError, match="r1 is corrected by r2, r3") as caught:
        registry.forget("r1", by="me", reason="a test")
    assert "first" in caught.value.hint
    for name in ("r2", "r3", "r1"):
        registry.forget(name, by="me", reason="a test")
    assert registry.runs().is_empty()


def test_a_run_that_is_not_there_cannot_be_forgotten(registry: Registry, part: Part, run: Run) -> None:
    registry.register(run("r1"), [part("1.parquet", "A")])
    registry.forget("r1", by="me", reason="a test")
    for name in ("r1", "", "r"):
        with pytest.raises(RegistryError, match="holds no run"):
            registry.forget(name, by="me", reason="a test")
    assert registry.forgotten().height == 1


def test_numbers_of_forgotten_runs_are_not_given_again(registry: Registry, part: Part, run: Run) -> None:
    registry.register(run("r1"), [part("1.parquet", "A")])
    registry.forget("r1", by="me", reason="a test")
    registry.register(run("r2"), [part("2.parquet", "B")])
    assert registry.runs()["codes"].to_list() == [1]
    assert registry.find("A").is_empty()
    assert registry.timeline("A").select("event", "run_id").rows() == [("registered", "r1"), ("forgotten", "r1")]


def test_forgotten_codes_are_not_since_accepted(registry: Registry, part: Part, run: Run) -> None:
    registry.register(run("r1"), [part("1.parquet", "A")])
    registry.forget("r1", by="me", reason="a test")
    assert registry.since_accepted("shop", pl.Series(["A"])).to_list() == [False]
