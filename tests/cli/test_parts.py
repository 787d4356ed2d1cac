"""The parts of the command line that need no process: masking, progress, examples, tables."""

from pathlib import Path
from time import monotonic, sleep

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.text import Text

from vbatch.cli.examples import examples
from vbatch.cli.mask import masked, shortened, visible
from vbatch.cli.progress import line, log, progress
from vbatch.cli.screen import counted, table
from vbatch.cli.summary import percent
from vbatch.steps.errors import ERRORS


@settings(deadline=None)
@given(st.text(st.characters(min_codepoint=33, max_codepoint=126), max_size=30))
def test_a_masked_code_shows_at_most_four_characters_and_half_of_it(code: str) -> None:
    shown = masked(code)
    kept = shown.removeprefix("****")
    assert shown.startswith("****")
    assert len(kept) == min(4, len(code) // 2)
    assert code.endswith(kept)


@settings(deadline=None)
@given(st.text(max_size=60))
def test_what_is_shown_is_one_harmless_line(text: str) -> None:
    for shown in (visible(text), shortened(text), masked(text)):
        assert shown.isprintable()


def test_what_hides_is_made_visible() -> None:
    assert visible("A\u200bB\x1b[2J\n\u00a0é\udcff") == r"A\u200bB\x1b[2J\n\xa0é\udcff"
    assert shortened("x" * 50) == "x" * 39 + "…"
    assert masked("ABCDEF ") == "****EF "


def test_a_long_run_is_logged_now_and_then(capsys: pytest.CaptureFixture[str]) -> None:
    with log(2_000_000, every=0.05) as tell:
        tell(1_000_000, 12_345, 67)
        sleep(0.2)
    told = capsys.readouterr().err.splitlines()
    assert 1 <= len(told) <= 4
    assert " 1 of 2 MB: 12,345 records (" in told[0]
    assert "/s), 67 rejected, about " in told[0]


def test_a_short_or_quiet_run_logs_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    for quiet in (False, True):
        with progress(100, quiet=quiet) as tell:
            tell(100, 1, 0)
    assert capsys.readouterr() == ("", "")


def test_how_far_a_run_is_in_words() -> None:
    now = monotonic()
    assert line(0, 0, 0, 5_000_000, now) == "0 of 5 MB: 0 records (0/s), 0 rejected"
    assert line(1_000_000, 10, 1, 5_000_000, now - 60).endswith("10 records (0/s), 1 rejected, about 4 min 0 s left")
    assert line(5_000_000, 10, 1, 5_000_000, now - 10).endswith("1 rejected; settling codes and writing files")
    assert line(7_000_000, 10, 1, 0, now - 10) == "7 MB: 10 records (1/s), 1 rejected"


def test_the_first_line_of_each_fault_is_its_example(tmp_path: Path) -> None:
    rows = [
        ("a.csv", 3, "CODE-0001", "gift_amount", "gift_amount.unreadable", "10,50"),
        ("a.csv", 4, "CODE-0002", "gift_amount", "gift_amount.unreadable", "11,50"),
        ("b\n.csv", 5, None, None, "record.field_count", "CODE-0003,broken"),
        ("a.csv", 6, "CODE-0004", "code", "code.masked", "CODE-0004"),
        ("a.csv", 7, "CODE-0005", "gift_amount", "gift_amount.missing", None),
        ("a.csv", 8, "CODE-0006", None, "record.odd", "CODE-0006,whole,record"),
    ]
    lines = [dict.fromkeys(ERRORS) | dict(zip(("source", "line", "code", "column", "fault", "value"), row, strict=True)) for row in rows]
    file = tmp_path / "errors.parquet"
    pl.DataFrame(lines, schema=ERRORS).write_parquet(file, row_group_size=2)
    assert examples(
        file, ["gift_amount.unreadable", "record.field_count", "code.masked", "gift_amount.missing", "record.odd", "other"]
    ) == {
        "gift_amount.unreadable": ("a.csv:3", "'****0001'  '10,50'"),
        "record.field_count": ("b\\n.csv:5", ""),
        "code.masked": ("a.csv:6", "'****0004'"),
        "gift_amount.missing": ("a.csv:7", "'****0005'  empty"),
        "record.odd": ("a.csv:8", "'****0006'"),
    }


def test_errors_that_cannot_be_read_give_no_examples(tmp_path: Path) -> None:
    (tmp_path / "errors.parquet").write_text("not parquet")
    assert examples(tmp_path / "errors.parquet", ["code.masked"]) == {}
    assert examples(tmp_path / "nothing.parquet", ["code.masked"]) == {}


def test_a_percentage_is_all_or_nothing_only_if_it_is() -> None:
    assert [percent(part, 100_000) for part in (0, 1, 100, 50_000, 99_949, 99_999, 100_000)] == [
        *("0 %", "< 0.1 %", "0.1 %", "50.0 %", "> 99.9 %", "> 99.9 %", "100 %"),
    ]
    assert percent(0, 0) == "0 %"


def test_columns_are_aligned_by_what_a_terminal_shows() -> None:
    rows = [[Text("名前"), Text("1")], [Text("a"), Text("1,000")]]
    assert [one.plain for one in table(rows, right=(1,))] == ["  名前      1", "  a     1,000"]
    assert [counted(number, "row") for number in (0, 1, 1000)] == ["0 rows", "1 row", "1,000 rows"]
