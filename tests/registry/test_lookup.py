"""Which rows of the parts are registered, and by whom."""

import itertools
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

import duckdb
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vbatch.model.registered import RegisteredRun
from vbatch.registry import CodesTakenError, Registry, lookup
from vbatch.registry.lookup import LOOKUP

Part = Callable[..., Path]
Run = Callable[..., RegisteredRun]


def hits(frame: pl.DataFrame) -> list[tuple[object, ...]]:
    return frame.select("part", "row", "exact", "run_id", "source", "record").rows()


def test_exact_and_case_only_matches_name_the_registration(registry: Registry, part: Part, run: Run) -> None:
    registry.register(run("r1"), [part("old.parquet", "alpha", "Beta"), part("old2.parquet", "GAMMA", source="b.csv")])
    found = registry.lookup("shop", [part("0.parquet", "new", "beta", "GAMMA"), part("1.parquet", "alpha", "Alpha")], apart_from="")
    assert found.schema == LOOKUP
    assert hits(found) == [
        (0, 1, False, "r1", "a.csv", 2),
        (0, 2, True, "r1", "b.csv", 1),
        (1, 0, True, "r1", "a.csv", 1),
        (1, 1, False, "r1", "a.csv", 1),
    ]
    assert found["registered_at"].unique().to_list() == [datetime(2024, 2, 29, 12, 30, 15, 123456, tzinfo=UTC)]


def test_a_row_can_match_both_ways_and_then_the_exact_match_comes_first(registry: Registry, part: Part, run: Run) -> None:
    registry.register(run("r1"), [part("1.parquet", "abc")])
    registry.register(run("r2"), [part("2.parquet", "ABC", "Abc")])
    assert hits(registry.lookup("shop", [part("new.parquet", "ABC")], apart_from="")) == [
        (0, 0, True, "r2", "a.csv", 1),
        (0, 0, False, "r1", "a.csv", 1),
    ]


def test_the_earliest_of_several_matches_is_named(registry: Registry, part: Part, run: Run) -> None:
    registry.register(run("r1"), [part("1.parquet", "x", "aBC", "Abc")])
    registry.register(run("r2"), [part("2.parquet", "ABC")])
    assert hits(registry.lookup("shop", [part("new.parquet", "abc")], apart_from="")) == [(0, 0, False, "r1", "a.csv", 2)]


def test_other_scopes_do_not_count(registry: Registry, part: Part, run: Run) -> None:
    registry.register(run("r1"), [part("1.parquet", "A")])
    found = registry.lookup("other", [part("new.parquet", "A")], apart_from="")
    assert found.is_empty()
    assert found.schema == LOOKUP


def test_the_run_itself_does_not_count(registry: Registry, part: Part, run: Run) -> None:
    one = part("1.parquet", "A")
    registry.register(run("r1"), [one])
    registry.register(run("r2"), [part("2.parquet", "a")])
    assert registry.lookup("shop", [one], apart_from="r1").rows(named=True)[0]["run_id"] == "r2"
    assert hits(registry.lookup("shop", [one], apart_from="r2")) == [(0, 0, True, "r1", "a.csv", 1)]


def mark_used(registry: Registry, *codes: str, scope: str = "shop") -> None:
    rows = pl.DataFrame({"code": codes}).with_columns(_source=pl.lit("m"), _record=pl.lit(1, pl.UInt64))
    assert registry.mark("used", rows, scope=scope, by="me", reason="a test").marked == len(codes)


def test_a_used_code_is_known_even_when_no_run_holds_it_any_more(registry: Registry, part: Part, run: Run) -> None:
    one = part("1.parquet", "alpha", "Beta", "c")
    registry.register(run("r1"), [one])
    registry.register(run("r2", scope="club"), [one])
    mark_used(registry, "alpha", "Beta")
    new = part("new.parquet", "BETA", "alpha", "c", "x")

    def found(scope: str = "shop", apart_from: str = "") -> list[tuple[object, ...]]:
        return registry.lookup(scope, [new], apart_from=apart_from).select("row", "exact", "run_id", "record", "used").rows()

    assert found() == [(0, False, "r1", 2, False), (1, True, "r1", 1, True), (2, True, "r1", 3, False)]
    assert found(apart_from="r1") == []
    assert [row[-1] for row in found("club")] == [False] * 3
    registry.forget("r1", by="me", reason="a test")
    assert found() == found(apart_from="r1") == [(1, True, None, None, True)]
    registry.register(run("r3"), [part("3.parquet", "ALPHA")])
    assert found() == [(1, True, None, None, True), (1, False, "r3", 1, False)]


def test_slices_find_what_the_whole_finds(registry: Registry, part: Part, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    registry.register(run("r1"), [part("old.parquet", "a", "b", "c", "d")])
    parts = [part(f"{name}.parquet", *name) for name in ("ax", "", "B", "xyz", "dC", "c")]
    whole = registry.lookup("shop", parts, apart_from="")
    assert whole.select("part", "row").rows() == [(0, 0), (2, 0), (4, 0), (4, 1), (5, 0)]
    for rows in (1, 2, 3, 8):
        monkeypatch.setattr(lookup, "_SLICE", rows)
        assert registry.lookup("shop", parts, apart_from="").equals(whole)
        with pytest.raises(CodesTakenError, match="3 of these codes"):
            registry.register(run("r2"), parts)


def test_no_parts_and_empty_parts_have_no_matches(registry: Registry, part: Part, run: Run) -> None:
    registry.register(run("r1"), [part("1.parquet", "A")])
    assert registry.lookup("shop", [], apart_from="").schema == LOOKUP
    assert registry.lookup("shop", [part("empty.parquet")], apart_from="").schema == LOOKUP


def test_equal_hashes_are_only_candidates(registry: Registry, part: Part, run: Run) -> None:
    registry.register(run("r1"), [part("1.parquet", "A", "B")])
    with duckdb.connect(str(registry.path)) as con:
        con.execute("UPDATE codes SET h = hash('new')")
    assert registry.lookup("shop", [part("new.parquet", "new")], apart_from="").is_empty()
    registry.register(run("r2"), [part("new.parquet", "new")])


def test_a_part_is_never_a_pattern_for_other_files(registry: Registry, part: Part, run: Run) -> None:
    part("p1.parquet", "wrong", "wrong", "A")
    registry.register(run("r1"), [part("p[1].parquet", "A", "B")])
    assert hits(registry.lookup("shop", [part("2.parquet", "A"), part("p[1].parquet", "n", "A")], apart_from="")) == [
        (0, 0, True, "r1", "a.csv", 1),
        (1, 1, True, "r1", "a.csv", 1),
    ]


def test_folders_of_parts_are_neither_patterns_nor_partitions(registry: Registry, part: Part, run: Run) -> None:
    registry.register(run("r1"), [part("code=x/[a]*?{b}/p.parquet", "A", "B")])
    assert registry.find("A").height == 1
    assert registry.lookup("shop", [part("code=y/**/p.parquet", "B")], apart_from="")["record"].to_list() == [2]


def test_paths_and_codes_are_never_sql(registry: Registry, part: Part, run: Run) -> None:
    nasty = "x'); DROP TABLE codes; --"
    registry.register(run("r'1", scope="it's"), [part(f"{nasty}.parquet", nasty, "a\0b", "Ä\U0001f600", source="b.csv")])
    found = registry.lookup("it's", [part("q'.parquet", "ä\U0001f600", "a\0b", nasty)], apart_from="'")
    assert hits(found) == [(0, 0, False, "r'1", "b.csv", 3), (0, 1, True, "r'1", "b.csv", 2), (0, 2, True, "r'1", "b.csv", 1)]


def test_many_matches_come_by_part_and_row(registry: Registry, part: Part, run: Run) -> None:
    names = [f"C{number:05}" for number in range(20_000)]
    registry.register(run("r1"), [part("old.parquet", *reversed(names))])
    parts = [part(f"{start}.parquet", *names[start : start + 5000], row_group_size=700) for start in range(0, 20_000, 5000)]
    found = registry.lookup("shop", parts, apart_from="")
    assert found.select("part", "row").rows() == list(itertools.product(range(4), range(5000)))
    assert found["record"].to_list() == list(range(20_000, 0, -1))


CODES = st.lists(st.text("aAbBé", min_size=1, max_size=2), unique=True, max_size=6)


@given(old=st.lists(st.tuples(st.sampled_from(["s", "t"]), CODES), max_size=4), new=st.lists(CODES, max_size=3), apart=st.integers(0, 3))
def test_lookup_agrees_with_a_plain_search(old: list[tuple[str, list[str]]], new: list[list[str]], apart: int) -> None:
    with TemporaryDirectory() as folder:
        registry = Registry(Path(folder, "codes.duckdb"))
        known: list[tuple[str, int, int, str]] = []
        for number, (scope, codes) in enumerate(old):
            free = [code for code in codes if not any(entry[0] == scope and entry[3] == code for entry in known)]
            registry.register(plain_run(str(number), scope), [plain_part(Path(folder, f"old{number}.parquet"), free)])
            known += [(scope, number, record, code) for record, code in enumerate(free, 1)]
        found = registry.lookup(
            "s", [plain_part(Path(folder, f"new{i}.parquet"), codes) for i, codes in enumerate(new)], apart_from=str(apart)
        )
    expected = [
        (part, row, exact, str(number), record)
        for part, codes in enumerate(new)
        for row, code in enumerate(codes)
        for exact in (True, False)
        for number, record in [
            (n, r) for s, n, r, c in known if s == "s" and n != apart and c.lower() == code.lower() and (c == code) == exact
        ][:1]
    ]
    assert found.select("part", "row", "exact", "run_id", "record").rows() == expected


def plain_run(run_id: str, scope: str) -> RegisteredRun:
    return RegisteredRun(
        run_id=run_id, scope=scope, pipeline="p", registered_at=datetime(2024, 1, 1, tzinfo=UTC), sources=("a",), report=""
    )


def plain_part(path: Path, codes: list[str]) -> Path:
    records = pl.int_range(1, pl.len() + 1, dtype=pl.UInt64).alias("_record")
    pl.DataFrame({"code": codes}, schema={"code": pl.String}).with_columns(records, pl.lit("a").alias("_source")).write_parquet(path)
    return path
