"""Which rows of the parts are registered, and by whom."""

import itertools
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

import duckdb
import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from vbatch.model.registered import RegisteredRun
from vbatch.registry import Registry
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


@settings(max_examples=20, deadline=None)
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
