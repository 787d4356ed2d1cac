"""Every record and every cent ends in one fate, whatever the file holds."""

import re
from collections import Counter
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

from exports import Export, damaged, exports, read_with_csv
from hypothesis import given
from hypothesis import strategies as st
from oracle import WARNINGS, Verdict, judge, settle
from runs import GIFT_CARDS, Run, place

from vbatch import Options, Report, SourceError, validate, verify
from vbatch.model.report import SourceReport

FATES = ("accepted", "rejected", "discarded")
DISCARDED = {"redeemed_quantity.negative", "starts_at.unreadable"}
LINE_END = re.compile(rb"\r\n|\n|\r")
LENIENT = replace(GIFT_CARDS, severities=dict.fromkeys(DISCARDED, "discard"))


@given(files=st.lists(exports(), min_size=1, max_size=3))
def test_records_and_money_are_conserved(files: list[Export]) -> None:
    with place() as here:
        run = here.run(here.write(*(file.data for file in files)), chosen=LENIENT, batch_rows=4, csv=True)
        verdicts = [[judge(row) for row in read_with_csv(file.data)] for file in files]
        every = [verdict for each in verdicts for verdict in each]
        settle(every, "reject_all")
        report = run.report
        assert [counts(source) for source in report.sources] == [expected(each) for each in verdicts]
        assert counts(report) == expected(every)
        assert report.totals == {name: sums(every, name) for name in ("gift_amount", "redeemed_amount") if name in report.totals}
        assert "gift_amount" in report.totals
        assert verify(run.out) == ()


def counts(part: Report | SourceReport) -> tuple[int, ...]:
    return part.records, part.accepted, part.rejected, part.discarded


def expected(verdicts: list[Verdict]) -> tuple[int, ...]:
    fates = Counter(fate(verdict) for verdict in verdicts)
    return len(verdicts), *(fates[name] for name in FATES)


def fate(verdict: Verdict) -> str:
    errors = verdict.faults - WARNINGS
    if errors - DISCARDED:
        return "rejected"
    return "discarded" if errors else "accepted"


def sums(verdicts: list[Verdict], column: str) -> dict[str, str]:
    """Exact sums of what could be read, as the report writes them."""
    found = dict.fromkeys(FATES, Decimal("0.00"))
    for verdict in verdicts:
        found[fate(verdict)] += verdict.values[column] or 0
    return {name: format(total, "f") for name, total in found.items()}


def test_points_are_conserved_beyond_64_bits(tmp_path: Path) -> None:
    most = 2**63 - 1
    (tmp_path / "cards.csv").write_text(f"Code,Loyalty Points\nA1,{most}\nB2,{most}\nC3,-{most}\nD4,-{most}\n")
    report = validate([tmp_path / "cards.csv"], "loyalty_cards", Options(out=tmp_path / "out", registry=tmp_path / "codes.duckdb"))
    assert report.totals == {"loyalty_points": {"accepted": str(2 * most), "rejected": str(-2 * most), "discarded": "0"}}
    assert verify(tmp_path / "out") == ()


@given(data=damaged(), rows=st.sampled_from((1, 5, 1000)))
def test_the_records_of_any_file_tile_it(data: bytes, rows: int) -> None:
    with place() as here:
        (source,) = here.write(data)
        try:
            run = here.run([source], batch_rows=rows)
        except SourceError:
            return
        assert verify(run.out) == ()
        assert_tiled(run, data)


def assert_tiled(run: Run, data: bytes) -> None:
    """Records in order, nothing but blank lines between them, each on the line that its offset says."""
    found = {row["_record"]: row for fate in FATES for row in run.rows(fate)}
    assert sorted(found) == list(range(1, run.report.records + 1))
    offsets = [found[record]["_offset"] for record in sorted(found)]
    assert offsets == sorted(set(offsets))
    for row, end in zip((found[record] for record in sorted(found)), [*offsets[1:], len(data)], strict=True):
        assert data[row["_offset"] : end].strip(b"\r\n")
        if "_length" in row:
            assert row["_line"] == 1 + len(LINE_END.findall(data[: row["_offset"]]))
            assert not data[row["_offset"] + row["_length"] : end].strip(b"\r\n")
    head = LINE_END.search(data)
    assert head
    assert not data[head.end() : offsets[0]].strip(b"\r\n")
    rejected = (data[row["_offset"] : row["_offset"] + row["_length"]] for row in run.rows("rejected"))
    assert run.replay("export-0.csv") == data[: head.end()] + b"".join(rejected)
