"""Who keeps a code: the set-wise pass against the same rules, written for lists."""

from collections import defaultdict
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, NamedTuple

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vbatch.steps.settle import VERDICTS, repeated_keys, settle_bucket

VALUES = {
    "active": (pl.Boolean(), (None, True, False)),
    "gift_amount": (pl.Decimal(18, 2), (None, Decimal("0.00"), Decimal("5.00"))),
    "expires_at": (pl.Datetime("us", "UTC"), (None, datetime(2030, 1, 1, tzinfo=UTC))),
    "validity_days": (pl.List(pl.Int64), (None, [], [0, 6], [6, 0])),
    "metadata.region": (pl.String(), (None, "", "north")),
}
CODES = ("A1", "a1", "B2", "É", "é", "ß", "SS", "ΑΣ", "ας", "İ", "i̇")


class Candidate(NamedTuple):
    part: int
    row: int
    code: str
    values: tuple[Any, ...]
    source: str
    record: int

    @property
    def place(self) -> str:
        return f"record {self.record} of {self.source}"


class Verdict(NamedTuple):
    part: int
    row: int
    fault: str
    winner: str


@st.composite
def candidates(draw: st.DrawFn) -> list[Candidate]:
    """Rows in the order of their parts; mostly with the same values, so that some copies agree."""
    values = st.one_of(
        st.just(tuple(few[0] for _, few in VALUES.values())), st.tuples(*(st.sampled_from(few) for _, few in VALUES.values()))
    )
    chosen = draw(st.lists(st.tuples(st.sampled_from(CODES), values), max_size=12))
    found, part, row = [], 0, 0
    for number, (code, own) in enumerate(chosen):
        if draw(st.integers(0, 3)) == 0:
            part, row = part + 1, 0
        found.append(Candidate(part, row, code, own, "b.csv" if part > 1 else "a.csv", number + 1))
        row += draw(st.integers(1, 3))
    return found


def frame_of(rows: list[Candidate]) -> pl.DataFrame:
    return pl.DataFrame(
        [
            pl.Series("part", [row.part for row in rows], pl.UInt32),
            pl.Series("row", [row.row for row in rows], pl.UInt64),
            pl.Series("code", [row.code for row in rows], pl.String),
            *(pl.Series(name, [row.values[at] for row in rows], dtype) for at, (name, (dtype, _)) in enumerate(VALUES.items())),
            pl.Series("_source", [row.source for row in rows], pl.String),
            pl.Series("_record", [row.record for row in rows], pl.UInt64),
            pl.Series("_offset", [row.record * 10 for row in rows], pl.UInt64),
        ]
    )


def expected(rows: list[Candidate], policy: str) -> set[Verdict]:
    verdicts: set[Verdict] = set()
    for group in grouped(rows, str):
        verdicts |= losers(group, policy)
    lost = {(verdict.part, verdict.row) for verdict in verdicts}
    survivors = [row for row in rows if (row.part, row.row) not in lost]
    for group in grouped(survivors, str.lower):
        for row in group:
            twin = group[1] if row is group[0] else group[0]
            verdicts.add(Verdict(row.part, row.row, "code.case_collision", twin.place))
    return verdicts


def grouped(rows: list[Candidate], fold: Any) -> list[list[Candidate]]:
    groups = defaultdict(list)
    for row in rows:
        groups[fold(row.code)].append(row)
    return [group for group in groups.values() if len(group) > 1]


def losers(group: list[Candidate], policy: str) -> set[Verdict]:
    if all(row.values == group[0].values for row in group):
        return {Verdict(row.part, row.row, "code.duplicate", group[0].place) for row in group[1:]}
    if policy == "reject_all":
        rest = {Verdict(row.part, row.row, "code.conflict", group[0].place) for row in group[1:]}
        return rest | {Verdict(group[0].part, group[0].row, "code.conflict", group[1].place)}
    winner = group[0] if policy == "first" else group[-1]
    kinds = {True: "code.duplicate", False: "code.conflict"}
    return {Verdict(row.part, row.row, kinds[row.values == winner.values], winner.place) for row in group if row is not winner}


@pytest.mark.parametrize("policy", ["reject_all", "first", "last"])
@settings(max_examples=100)
@given(rows=candidates())
def test_every_policy_settles_as_its_rules_say(policy: str, rows: list[Candidate]) -> None:
    found = settle_bucket(frame_of(rows), policy)
    assert dict(found.schema) == VERDICTS
    verdicts = [Verdict(*line) for line in found.iter_rows()]
    assert set(verdicts) == expected(rows, policy)
    assert len(verdicts) == len(set(verdicts))


@settings(max_examples=100)
@given(
    keys=st.lists(st.lists(st.sampled_from((0, 1, 2, 3, 2**64 - 1, 2**63)), max_size=5), max_size=4), at_once=st.sampled_from((2, 5, 100))
)
def test_repeated_keys_are_those_that_stand_more_than_once(keys: list[list[int]], at_once: int) -> None:
    every = [key for part in keys for key in part]
    found = repeated_keys([np.array(part, np.uint64) for part in keys], at_once=at_once)
    assert found.tolist() == sorted({key for key in every if every.count(key) > 1})
