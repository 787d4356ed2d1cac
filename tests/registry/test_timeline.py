"""Everything that ever happened to one code."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path

import polars as pl
import pytest

from vbatch.model.registered import RegisteredRun
from vbatch.registry import Registry

Part = Callable[..., Path]
Run = Callable[..., RegisteredRun]
Rows = Callable[..., pl.DataFrame]


@pytest.fixture
def lived(registry: Registry, part: Part, run: Run, rows: Rows, tmp_path: Path) -> Registry:
    attempts = tmp_path / "attempts.parquet"
    rows("x", "Abc").with_columns(fault=pl.lit("code.registered")).write_parquet(attempts)
    first, second, third = (replace(run(f"r{n}"), registered_at=datetime(2024, 2, n, tzinfo=UTC)) for n in (1, 2, 3))
    registry.register(first, [part("1.parquet", "0", "Abc", source="b.csv")])
    registry.register(second, [part("2.parquet", "ABC")], attempts=attempts)
    registry.register(replace(third, scope="club", kind="import"), [part("3.parquet", "Abc")])
    registry.mark("delivered", rows("ABC", "Abc"), scope="shop", by="Ann", reason="sent")
    registry.mark("used", rows("0", "Abc", source="used.csv"), scope="shop", by="Bob", reason="redeemed")
    registry.forget("r1", by="Cy", reason="wrong file")
    return registry


def test_events_stand_in_time_order_exact_ones_first(lived: Registry) -> None:
    found = lived.timeline("Abc")
    assert found.drop("at").rows() == [
        ("registered", "Abc", True, "shop", "r1", "b.csv", 2, None, "gift_cards"),
        ("attempt", "Abc", True, "shop", "r2", "status.csv", 2, None, "code.registered"),
        ("imported", "Abc", True, "club", "r3", "a.csv", 1, None, "gift_cards"),
        ("delivered", "Abc", True, "shop", None, "status.csv", 2, "Ann", "sent"),
        ("used", "Abc", True, "shop", None, "used.csv", 2, "Bob", "redeemed"),
        ("forgotten", "Abc", True, "shop", "r1", "b.csv", 2, "Cy", "wrong file"),
        ("registered", "ABC", False, "shop", "r2", "a.csv", 1, None, "gift_cards"),
        ("delivered", "ABC", False, "shop", None, "status.csv", 1, "Ann", "sent"),
    ]
    times: list[datetime] = found.filter("exact")["at"].to_list()
    assert all(earlier <= later for earlier, later in pairwise(times))
    assert times[0] < times[-1]


def test_the_columns_are_the_same_without_events(lived: Registry) -> None:
    found = lived.timeline("it's not there")
    assert found.is_empty()
    assert found.schema == lived.timeline("Abc").schema
    assert found.schema == {
        "at": pl.Datetime("us", "UTC"),
        "event": pl.String,
        "code": pl.String,
        "exact": pl.Boolean,
        "scope": pl.String,
        "run_id": pl.String,
        "source": pl.String,
        "record": pl.UInt64,
        "by": pl.String,
        "detail": pl.String,
    }


def test_attempts_alone_are_found(lived: Registry) -> None:
    assert lived.timeline("X").select("event", "code", "exact").rows() == [("attempt", "x", False)]
