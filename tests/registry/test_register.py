"""What a registered run leaves in the registry, and what a refused one does not."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from pathlib import Path
from unittest.mock import patch

import duckdb
import polars as pl
import pytest

from vbatch.errors import RegistryError
from vbatch.model.registered import RegisteredRun
from vbatch.registry import CodesTakenError, Registry, ledger, session

Part = Callable[..., Path]
Run = Callable[..., RegisteredRun]
Rows = Callable[..., pl.DataFrame]


def content(registry: Registry) -> list[tuple[object, ...]]:
    with duckdb.connect(str(registry.path), read_only=True) as con:
        return con.execute("SELECT code, run, source, record FROM codes ORDER BY rowid").fetchall()


def test_a_run_comes_back_as_it_was_stored(registry: Registry, part: Part, run: Run) -> None:
    registry.register(run("r1"), [part("p.parquet", "A")])
    assert registry.stored("r1") == run("r1")
    assert registry.stored("r2") is None
    registry.register(run("22222222", kind="import", corrects="r1", outputs="runs/2"), [])
    assert registry.stored("22222222") == run("22222222", kind="import", corrects="r1", outputs="runs/2")
    assert registry.stored("2222222") is None


def test_without_a_file_nothing_is_registered(registry: Registry, part: Part) -> None:
    assert not registry.exists()
    assert registry.stored("r1") is None
    assert registry.lookup("shop", [part("p.parquet", "A")], apart_from="").is_empty()
    registry.upgrade()
    assert not registry.exists()


def test_another_zone_is_stored_as_utc(registry: Registry, run: Run) -> None:
    at = datetime(2024, 1, 1, 1, 0, tzinfo=timezone(timedelta(hours=2)))
    registry.register(replace(run("r1"), registered_at=at), [])
    stored = registry.stored("r1")
    assert stored is not None
    assert stored.registered_at == at
    assert stored.registered_at.utcoffset() == timedelta(0)


def test_codes_stand_in_the_order_of_parts_and_rows(registry: Registry, part: Part, run: Run) -> None:
    names = [f"C{number:05}" for number in range(30_000)]
    parts = [
        part("z.parquet", *names[:20_000], row_group_size=1000),
        part("a.parquet", *names[20_000:], source="b.csv", row_group_size=1000),
    ]
    registry.register(run("r1"), parts)
    rows = content(registry)
    assert [row[0] for row in rows] == names
    assert rows[0] == ("C00000", 1, 0, 1)
    assert rows[-1] == ("C29999", 1, 1, 10_000)


def test_runs_are_numbered_in_order(registry: Registry, part: Part, run: Run) -> None:
    registry.register(run("r1"), [part("1.parquet", "A")])
    registry.register(run("r2"), [part("2.parquet", "B")])
    assert [row[:2] for row in content(registry)] == [("A", 1), ("B", 2)]


@pytest.mark.parametrize("empty", [True, False], ids=["empty part", "no part"])
def test_a_run_without_codes_is_a_run(registry: Registry, part: Part, run: Run, *, empty: bool) -> None:
    registry.register(run("r1"), [part("p.parquet")] if empty else [])
    assert registry.runs()["codes"].to_list() == [0]


def test_a_run_is_registered_once(registry: Registry, part: Part, run: Run) -> None:
    registry.register(run("r1"), [part("1.parquet", "A")])
    with pytest.raises(RegistryError, match="r1 is registered already"):
        registry.register(run("r1", scope="other"), [part("2.parquet", "B")])
    assert content(registry) == [("A", 1, 0, 1)]


def test_codes_taken_since_the_lookup_are_found_in_the_transaction(registry: Registry, part: Part, run: Run) -> None:
    mine = part("mine.parquet", "A", "B", "C")
    assert registry.lookup("shop", [mine], apart_from="r2").is_empty()
    registry.register(run("r1"), [part("theirs.parquet", "C", "b", "A")])
    with pytest.raises(CodesTakenError, match="registered 2 of these codes"):
        registry.register(run("r2"), [mine])
    assert registry.runs()["run_id"].to_list() == ["r1"]
    assert len(content(registry)) == 3


@pytest.mark.parametrize("how", ["registered", "registered again", "used"])
def test_what_came_since_the_lookup_is_seen(registry: Registry, part: Part, run: Run, rows: Rows, how: str) -> None:
    theirs = part("theirs.parquet", "A")
    registry.register(run("r0"), [theirs])
    registry.forget("r0", by="me", reason="a test")
    since = registry.standing("shop", apart_from="r2")
    assert not since.anything
    registry.register(run("r0" if how == "registered again" else "r1"), [theirs])
    if how == "used":
        registry.mark("used", rows("A"), scope="shop", by="me", reason="a test")
        registry.forget("r1", by="me", reason="a test")
    with pytest.raises(CodesTakenError, match="1 of these codes"):
        registry.register(run("r2"), [part("mine.parquet", "A", "B")], since=since)


def test_a_mark_since_the_lookup_is_seen(registry: Registry, part: Part, run: Run, rows: Rows) -> None:
    registry.register(run("r1"), [part("theirs.parquet", "A")])
    registry.mark("delivered", rows("A"), scope="shop", by="me", reason="a test")
    registry.mark("used", rows("A"), scope="shop", by="me", reason="a test")
    registry.forget("r1", by="me", reason="a test")
    since = registry.standing("shop", apart_from="r2")
    assert since.anything
    with pytest.raises(CodesTakenError, match="1 of these codes"):
        registry.register(run("r2"), [part("mine.parquet", "A")], since=since._replace(marking=1))


def test_codes_are_not_looked_up_again_where_nothing_came_since(registry: Registry, part: Part, run: Run) -> None:
    registry.register(run("r1"), [part("theirs.parquet", "A")])
    since = registry.standing("shop", apart_from="r2")
    with patch("vbatch.registry.store.taken") as taken:
        registry.register(run("r2"), [part("mine.parquet", "B")], since=since)
    assert not taken.called
    assert content(registry) == [("A", 1, 0, 1), ("B", 2, 0, 1)]


def test_questions_asked_together_open_the_file_once(registry: Registry, part: Part, run: Run) -> None:
    one = part("one.parquet", "A")
    with registry.together():
        assert registry.stored("r1") is None
    assert not registry.exists()
    registry.register(run("r1"), [one])
    with patch("vbatch.registry.session.opened", wraps=session.opened) as openings:
        with registry.together():
            assert registry.stored("r1") == run("r1")
            assert registry.standing("shop", apart_from="r2").anything
            assert registry.lookup("shop", [one], apart_from="r2").height == 1
        assert openings.call_count == 1
        assert registry.stored("r1") == run("r1")
        assert openings.call_count == 2
    registry.register(run("r2"), [part("two.parquet", "B")])


def test_codes_that_differ_in_case_or_scope_are_not_taken(registry: Registry, part: Part, run: Run) -> None:
    registry.register(run("r1"), [part("1.parquet", "abc")])
    registry.register(run("r2"), [part("2.parquet", "ABC")])
    registry.register(run("r3", scope="other"), [part("3.parquet", "abc")])
    assert len(content(registry)) == 3


def test_used_codes_are_refused_in_the_transaction(registry: Registry, part: Part, run: Run, rows: Rows) -> None:
    mine = part("mine.parquet", "A", "B", "C")
    registry.register(run("r1"), [part("theirs.parquet", "C", "a")])
    registry.mark("used", rows("C", "a"), scope="shop", by="me", reason="a test")
    registry.forget("r1", by="me", reason="a test")
    with pytest.raises(CodesTakenError, match="1 of these codes"):
        registry.register(run("r2"), [mine])
    registry.register(run("r2", scope="club"), [mine])


def test_attempts_are_kept_with_the_run(registry: Registry, part: Part, run: Run, rows: Rows, tmp_path: Path) -> None:
    attempts = tmp_path / "it's [1].parquet"
    rows("A", "b").with_columns(fault=pl.Series(["code.registered", "code.used"])).write_parquet(attempts)
    registry.register(run("r1"), [part("1.parquet", "C")], attempts=attempts)
    with pytest.raises(RegistryError):
        registry.register(run("r2"), [part("2.parquet", "D")], attempts=tmp_path / "none.parquet")
    assert registry.runs()["run_id"].to_list() == ["r1"]
    with duckdb.connect(str(registry.path), read_only=True) as con:
        found = con.execute("SELECT code, scope, run_id, source, record, fault, attempted_at FROM attempts ORDER BY rowid").fetchall()
    at = run("r1").registered_at.replace(tzinfo=None)
    assert found == [
        ("A", "shop", "r1", "status.csv", 1, "code.registered", at),
        ("b", "shop", "r1", "status.csv", 2, "code.used", at),
    ]


def test_a_failure_leaves_the_registry_as_it_was(registry: Registry, part: Part, run: Run) -> None:
    registry.register(run("r1"), [part("1.parquet", "A")])
    with pytest.raises(RegistryError, match="source"):
        registry.register(run("r2", sources=("other.csv",)), [part("2.parquet", "B")])
    assert content(registry) == [("A", 1, 0, 1)]
    assert registry.runs()["run_id"].to_list() == ["r1"]
    registry.register(run("r2"), [part("2.parquet", "B")])
    assert len(content(registry)) == 2


def test_a_failure_before_the_commit_leaves_no_new_file(registry: Registry, part: Part, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    append = ledger.append

    def interrupted(*arguments: object) -> None:
        append(*arguments)  # type: ignore[arg-type]
        raise KeyboardInterrupt

    monkeypatch.setattr(ledger, "append", interrupted)
    one = part("p.parquet", "A")
    with pytest.raises(KeyboardInterrupt):
        registry.register(run("r1"), [one])
    assert list(registry.path.parent.iterdir()) == [one]


def test_a_missing_part_leaves_no_new_file(registry: Registry, run: Run, tmp_path: Path) -> None:
    with pytest.raises(RegistryError, match=r"missing\.parquet"):
        registry.register(run("r1"), [tmp_path / "missing.parquet"])
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("mine", ["A", "B"])
def test_two_first_runs_at_once_end_in_one_registry(
    registry: Registry, part: Part, run: Run, monkeypatch: pytest.MonkeyPatch, mine: str
) -> None:
    publish = session._publish
    theirs = part("theirs.parquet", "A")

    def overtaken(draft: Path, file: Path) -> bool:
        monkeypatch.setattr(session, "_publish", publish)
        Registry(registry.path).register(run("theirs"), [theirs])
        return publish(draft, file)

    monkeypatch.setattr(session, "_publish", overtaken)
    if mine == "A":
        with pytest.raises(CodesTakenError):
            registry.register(run("mine"), [part("mine.parquet", mine)])
        assert registry.runs()["run_id"].to_list() == ["theirs"]
    else:
        registry.register(run("mine"), [part("mine.parquet", mine)])
        assert registry.runs()["run_id"].to_list() == ["theirs", "mine"]
