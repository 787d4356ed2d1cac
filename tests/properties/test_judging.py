"""Every record against the rules in plain Python: the same faults, the same values, the same order."""

from dataclasses import replace

import pytest
from exports import ANY, BAD_AMOUNTS, GOOD_AMOUNTS, NEAR_MISSES, Export, exports, read_with_csv
from hypothesis import given
from hypothesis import strategies as st
from oracle import Verdict, flat, judge, settle
from runs import GIFT_CARDS, Run, place

from vbatch import verify

POLICIES = ("reject_all", "first", "last")
AMOUNTS = ("Gift Amount", "Redeemed Amount")


def compare(run: Run, verdicts: dict[tuple[str, int], Verdict]) -> None:
    """A run against what the oracle says about each of its records."""
    assert run.faults() == {place: verdict.faults for place, verdict in verdicts.items() if verdict.faults}
    accepted = [(place, flat(verdict.values)) for place, verdict in verdicts.items() if verdict.accepted]
    assert [(row["_source"], row["_record"]) for row in run.rows("accepted")] == [place for place, _ in accepted]
    assert [typed(row) for row in run.rows("accepted")] == [values for _, values in accepted]


def typed(row: dict[str, object]) -> dict[str, object]:
    return flat({name: value for name, value in row.items() if not name.startswith("_")})


@given(files=st.lists(exports(), min_size=1, max_size=2), policy=st.sampled_from(POLICIES), rows=st.sampled_from((1, 3, 1000)))
def test_every_record_is_judged_as_the_rules_say(files: list[Export], policy: str, rows: int) -> None:
    with place() as here:
        sources = here.write(*(file.data for file in files))
        run = here.run(sources, chosen=replace(GIFT_CARDS, on_conflict=policy), batch_rows=rows)
        verdicts: dict[tuple[str, int], Verdict] = {}
        for path, file in zip(sources, files, strict=True):
            assert file.rows == read_with_csv(file.data)
            verdicts |= {(str(path), number): judge(row) for number, row in enumerate(file.rows, start=1)}
        settle(list(verdicts.values()), policy)
        compare(run, verdicts)
        assert verify(run.out) == ()


@pytest.mark.parametrize("column", ["Code", "Start Date", "Expiration Date", *AMOUNTS, "Redeemed Quantity", "Active"])
@given(data=st.data())
def test_every_value_is_read_as_the_rules_say(column: str, data: st.DataObject) -> None:
    texts = data.draw(st.lists(ANY[column], min_size=80, max_size=120))
    rows = [{"Code": f"C{number}", "Gift Amount": "5"} | {column: text} for number, text in enumerate(texts)]
    assert_judged(rows)


def assert_judged(rows: list[dict[str, str]]) -> None:
    quoted = [",".join('"' + cell.replace('"', '""') + '"' for cell in row.values()) for row in rows]
    with place() as here:
        (source,) = here.write("\n".join([",".join(rows[0]), *quoted]).encode())
        verdicts = {(str(source), number): judge(row) for number, row in enumerate(rows, start=1)}
        settle(list(verdicts.values()), "reject_all")
        compare(here.run([source]), verdicts)


@pytest.mark.parametrize("column", ["Start Date", "Expiration Date"])
def test_every_date_that_is_nearly_one_is_a_fault(column: str) -> None:
    assert_judged([{"Code": f"C{number}", "Gift Amount": "5", column: text} for number, text in enumerate(NEAR_MISSES)])


def test_every_amount_that_is_nearly_one_is_a_fault() -> None:
    assert_judged([{"Code": f"C{number}", "Gift Amount": text} for number, text in enumerate(GOOD_AMOUNTS + BAD_AMOUNTS)])
