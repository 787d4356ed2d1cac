"""A sound registry has no findings, a damaged one says what is wrong, where, and how often."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import duckdb
import polars as pl
import pytest

from vbatch.model.registered import RegisteredRun
from vbatch.registry import Finding, Registry

Part = Callable[..., Path]
Run = Callable[..., RegisteredRun]
Rows = Callable[..., pl.DataFrame]

DAMAGE = {
    "INSERT INTO codes SELECT h, code, 3, 0, 9 FROM codes WHERE run = 1": [("codes registered more than once", "scope shop", 2)],
    "DELETE FROM runs WHERE run = 2": [("codes without a run", "number 2", 1)],
    "UPDATE codes SET source = 7 WHERE run = 1": [("codes without a source", "run r1", 2)],
    "UPDATE marks SET scope = 'club' WHERE code = 'B'": [("marks on codes that were never registered", "scope club", 1)],
    "INSERT INTO marks SELECT * REPLACE (9 AS marking, 'delivered' AS status) FROM marks WHERE code = 'A' AND status = 'used'": [
        ("marks on codes that were used before", "scope shop", 1)
    ],
    "UPDATE runs SET run_id = 'r1'": [("runs registered more than once", "run r1", 3)],
    "UPDATE forgotten SET run = 3": [
        ("codes without a run", "number 4", 1),
        ("marks on codes that were never registered", "scope shop", 2),
        ("runs under the number of another", "number 3", 2),
    ],
    "UPDATE runs SET corrects = 'r4' WHERE run > 1": [("runs that correct one that is not registered", "run r4", 2)],
    "UPDATE codes SET h = 7 WHERE code = 'A'": [
        ("marks on codes that were never registered", "scope shop", 2),
        ("rows under the hash of another code", "table codes", 1),
    ],
    "UPDATE attempts SET h = 7": [("rows under the hash of another code", "table attempts", 1)],
    "UPDATE runs SET report = '{\"accepted\": 5}' WHERE run = 1": [("codes unlike the report", "run r1 has 2, and its report says 5", 3)],
    "DELETE FROM codes WHERE code = 'B'": [
        ("marks on codes that were never registered", "scope shop", 1),
        ("codes unlike the report", "run r1 has 1, and its report says 2", 1),
    ],
    "UPDATE runs SET report = '{' WHERE run = 2": [("runs whose report cannot be read", "run r2", 1)],
    "UPDATE runs SET report = '[1]' WHERE run = 2": [("runs whose report cannot be read", "run r2", 1)],
}


@pytest.fixture
def sound(registry: Registry, part: Part, run: Run, rows: Rows, tmp_path: Path) -> Registry:
    attempts = tmp_path / "attempts.parquet"
    rows("A").with_columns(fault=pl.lit("code.registered")).write_parquet(attempts)
    registry.register(replace(run("r1"), report='{"accepted": 2}'), [part("1.parquet", "A", "B")])
    registry.register(replace(run("r2"), report='{"accepted": 1}'), [part("2.parquet", "a")], attempts=attempts)
    registry.register(replace(run("r3"), report=""), [])
    registry.register(run("r4"), [part("4.parquet", "C")])
    for status, codes in (("delivered", "ABC"), ("used", "AC")):
        registry.mark(status, rows(*codes), scope="shop", by="me", reason="a test")  # type: ignore[arg-type]
    registry.forget("r4", by="me", reason="a test")
    return registry


def test_a_sound_registry_has_no_findings(sound: Registry) -> None:
    assert sound.check() == ()


def test_every_damage_is_named(sound: Registry, tmp_path: Path) -> None:
    content = sound.path.read_bytes()
    for number, (statement, expected) in enumerate(DAMAGE.items()):
        damaged = tmp_path / f"{number}.duckdb"
        damaged.write_bytes(content)
        with duckdb.connect(str(damaged)) as con:
            con.execute(statement)
        findings = [Finding(what=what, detail=detail, count=count) for what, detail, count in expected]
        assert (statement, sorted(Registry(damaged).check(), key=str)) == (statement, sorted(findings, key=str))
