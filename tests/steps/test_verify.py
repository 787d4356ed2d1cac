"""What `verify` notices: any changed byte, any file too few or too many, and any claim that files do not bear out."""

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from shutil import copytree
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vbatch import Options, OutputError, Report, validate, verify
from vbatch.catalog import pipeline
from vbatch.steps.verify import Difference

HEADER = "Code,Gift Amount,Redeemed Amount,Expiration Date,Region\r\n"
FIRST = HEADER + (
    "A1,10.00,1.00,2030-01-01,north\r\n"
    "A1,10.00,1.00,2030-01-01,north\r\n"
    'B1,5,,,"two\r\nlines"\r\n'
    "b1,5,,,\r\n"
    "\r\n"
    "C1,1x,9.999,,\r\n"
    "D1,7,,2001-01-01,old\r\n"
    'E1,7,"\r\n'
    ",3.5,,2021-02-30,\r\n"
    "F1,0.10,,,=1+1\r\n"
)
SECOND = 'Code,Gift Amount\nB1,11\nG1,2.25\n"H""1",4\nf1,1\n'

Forge = Callable[..., tuple[Difference, ...]]


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished run with rows of every fate and CSV twins."""
    folder = tmp_path_factory.mktemp("run")
    sources = [folder / "first.csv", folder / "second.csv"]
    for path, text in zip(sources, (FIRST, SECOND), strict=True):
        path.write_bytes(text.encode())
    cards = pipeline("gift_cards")
    chosen = replace(cards, severities={"expires_at.expired": "discard"})
    as_of = datetime(2026, 1, 1, tzinfo=UTC)
    validate(sources, chosen, Options(out=folder / "out", registry=folder / "codes.duckdb", csv=True, batch_rows=4, as_of=as_of))
    return folder / "out"


@pytest.fixture
def out(run: Path, tmp_path: Path) -> Path:
    """A copy of the run to damage."""
    return copytree(run, tmp_path / "out")


@pytest.fixture
def forge(out: Path) -> Forge:
    """Writes a report with other claims, and hashes that are right for the files as they now are."""

    def seal(**claims: Any) -> tuple[Difference, ...]:
        report = report_of(out)
        path = out / "report.json"
        outputs = claims.pop("outputs", report.outputs)
        measured = tuple(replace(one, **measure(out / one.path)) for one in outputs)
        path.write_text(replace(report, outputs=measured, **claims).to_json(), encoding="utf-8")
        return verify(out)

    return seal


def report_of(out: Path) -> Report:
    return Report.from_json((out / "report.json").read_text(encoding="utf-8"))


def measure(path: Path) -> dict[str, Any]:
    return {"bytes": path.stat().st_size, "sha256": hashlib.sha256(path.read_bytes()).hexdigest()}


def files(out: Path) -> list[Path]:
    return sorted(path for path in out.rglob("*") if path.is_file())


def names(out: Path) -> list[str]:
    return [path.relative_to(out).as_posix() for path in files(out)]


def whats(differences: tuple[Difference, ...]) -> list[str]:
    return [difference.what for difference in differences]


def test_the_run_has_rows_of_every_fate(run: Path) -> None:
    report = report_of(run)
    assert (report.records, report.accepted, report.rejected, report.discarded, report.warned) == (13, 6, 6, 1, 2)
    folders = {Path(name).parent.as_posix() for name in names(run)}
    assert folders == {".", "accepted", "rejected", "rejected/replay", "discarded"}


def test_an_untouched_run_is_as_it_says(run: Path) -> None:
    assert verify(run) == ()
    assert verify(str(run)) == ()


@settings(max_examples=150)
@given(data=st.data())
def test_any_changed_byte_is_noticed(run: Path, data: st.DataObject) -> None:
    path = data.draw(st.sampled_from(files(run)))
    good = path.read_bytes()
    position = data.draw(st.integers(0, len(good) - 1))
    flipped = bytes([good[position] ^ data.draw(st.integers(1, 255))])
    try:
        path.write_bytes(good[:position] + flipped + good[position + 1 :])
        found = verify(run)
    finally:
        path.write_bytes(good)
    assert any(what.startswith(path.relative_to(run).as_posix()) for what in whats(found))


def test_any_changed_byte_of_the_report_is_noticed(out: Path) -> None:
    path = out / "report.json"
    good = path.read_bytes()
    for position, byte in list(enumerate(good))[::3]:
        path.write_bytes(good[:position] + bytes([byte ^ 1 << position % 8]) + good[position + 1 :])
        assert whats(verify(out)) == ["report.json"]


def test_a_report_with_other_line_ends_is_noticed(out: Path) -> None:
    path = out / "report.json"
    path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))
    assert whats(verify(out)) == ["report.json"]


@settings(max_examples=40)
@given(data=st.data())
def test_any_truncation_or_growth_is_noticed(run: Path, data: st.DataObject) -> None:
    path = data.draw(st.sampled_from(files(run)))
    good = path.read_bytes()
    shorter = st.integers(0, len(good) - 1).map(lambda size: good[:size])
    longer = st.binary(min_size=1).map(lambda more: good + more)
    other = data.draw(shorter | longer)
    try:
        path.write_bytes(other)
        found = verify(run)
    finally:
        path.write_bytes(good)
    assert any(what.startswith(path.relative_to(run).as_posix()) for what in whats(found))


def test_every_missing_file_is_named(run: Path, out: Path) -> None:
    for name in [name for name in names(run) if name != "report.json"]:
        good = (out / name).read_bytes()
        (out / name).unlink()
        assert verify(out) == (Difference(name, "a file", "cannot be read: No such file or directory"),)
        (out / name).write_bytes(good)


@pytest.mark.parametrize("name", ["stray.txt", "accepted/part-99999.parquet", "new/deep/file", ".hidden"])
def test_every_file_too_many_is_named(out: Path, name: str) -> None:
    (out / name).parent.mkdir(parents=True, exist_ok=True)
    (out / name).write_bytes(b"")
    assert verify(out) == (Difference(name, "no such file", "a file"),)


def test_a_link_to_a_folder_is_a_file_too_many(out: Path, tmp_path: Path) -> None:
    (out / "link").symlink_to(tmp_path)
    assert verify(out) == (Difference("link", "no such file", "a file"),)


def test_a_folder_in_place_of_a_file_is_named(out: Path) -> None:
    (out / "errors.csv").unlink()
    (out / "errors.csv").mkdir()
    assert verify(out) == (Difference("errors.csv", "a file", "cannot be read: Is a directory"),)


@pytest.mark.parametrize("name", ["", "nowhere", "report.json"])
def test_a_folder_without_a_run_is_refused(tmp_path: Path, name: str) -> None:
    (tmp_path / "report.json").mkdir()
    with pytest.raises(OutputError, match=r"report\.json: cannot be read") as caught:
        verify(tmp_path / name)
    assert caught.value.hint


@pytest.mark.parametrize("text", [b"", b"{}", b"[]", b"\xff\xfe", b"null", b'{\n  "a": 1,\n  "sha256": "0"\n}\n', b"{" * 100_000])
def test_what_is_no_report_is_a_difference(out: Path, text: bytes) -> None:
    (out / "report.json").write_bytes(text)
    assert whats(verify(out)) == ["report.json"]


def test_counts_that_do_not_add_up_are_a_difference(out: Path) -> None:
    report = report_of(out)
    object.__setattr__(report, "accepted", report.accepted + 1)
    (out / "report.json").write_text(report.to_json(), encoding="utf-8")
    assert verify(out) == (Difference("report.json", "the report as vbatch wrote it", "the counts of the run do not add up"),)


# What follows was changed by someone who knew how to make every hash right again.


def rewrite(path: Path, change: Callable[[pl.DataFrame], pl.DataFrame]) -> None:
    change(pl.read_parquet(path)).write_parquet(path)


def renumber(path: Path, number: int) -> None:
    """Give the first row of a file another record number."""
    rewrite(path, lambda rows: rows.with_columns(_record=pl.Series([number, *rows["_record"][1:]], dtype=pl.UInt64)))


def test_a_lost_accepted_row_is_noticed(out: Path, forge: Forge) -> None:
    rewrite(out / "accepted/part-00000.parquet", lambda rows: rows[1:])
    found = whats(forge())
    assert "accepted/part-00000.parquet: rows" in found
    assert any(what.endswith("first.csv: accepted") for what in found)
    assert any(what.endswith("first.csv: records") for what in found)
    assert {"gift_amount: sum of accepted", "redeemed_amount: sum of accepted"} <= set(found)


def test_an_accepted_row_twice_in_place_of_another_is_noticed(out: Path, forge: Forge) -> None:
    rewrite(out / "accepted/part-00000.parquet", lambda rows: pl.concat([rows[:1], rows[:1], rows[2:]]))
    found = forge()
    assert Difference(whats(found)[0], "1 to 9, each in one place", "2 in none or in several") == found[0]


def test_a_record_both_accepted_and_rejected_is_noticed(out: Path, forge: Forge) -> None:
    first = pl.read_parquet(out / "accepted/part-00000.parquet")["_record"][0]
    renumber(out / "rejected/part-00000.parquet", first)
    assert [what.rpartition(": ")[2] for what in whats(forge())] == ["records"]


@pytest.mark.parametrize("number", [0, 10, 2**63])
def test_a_record_that_the_source_does_not_have_is_noticed(out: Path, forge: Forge, number: int) -> None:
    renumber(out / "accepted/part-00000.parquet", number)
    assert [what.rpartition(": ")[2] for what in whats(forge())] == ["records"]


def test_rows_of_an_unknown_source_are_noticed(out: Path, forge: Forge) -> None:
    rewrite(out / "discarded/part-00000.parquet", lambda rows: rows.with_columns(_source=pl.lit("other.csv")))
    assert Difference("other.csv: records", "no such source", "1 rows") in forge()


def test_a_changed_amount_is_noticed_to_the_cent(out: Path, forge: Forge) -> None:
    cent = pl.lit("0.01").cast(pl.Decimal(18, 2))
    rewrite(out / "accepted/part-00000.parquet", lambda rows: rows.with_columns((pl.col("gift_amount") + cent).cast(pl.Decimal(18, 2))))
    (found,) = forge()
    assert found.what == "gift_amount: sum of accepted"


def test_sums_of_fates_without_rows_are_zero(tmp_path: Path) -> None:
    source, out = tmp_path / "good.csv", tmp_path / "out"
    source.write_text("Code,Gift Amount\nA1,5\n")
    validate([source], "gift_cards", Options(out=out, registry=tmp_path / "codes.duckdb"))
    report = report_of(out)
    assert report.totals["gift_amount"] == {"accepted": "5.00", "rejected": "0.00", "discarded": "0.00"}
    totals = {"gift_amount": {"accepted": "5.00", "rejected": "1.00", "discarded": "0.00"}}
    (out / "report.json").write_text(replace(report, totals=totals).to_json())
    assert verify(out) == (Difference("gift_amount: sum of rejected", "1.00", "0.00"),)


def test_a_lost_error_line_is_noticed(out: Path, forge: Forge) -> None:
    rewrite(out / "errors.parquet", lambda rows: rows.filter(pl.col("fault") != "code.duplicate"))
    assert whats(forge()) == ["errors.parquet: rows", "rows with faults", "code.duplicate: rows"]


def test_an_error_line_under_another_fault_is_noticed(out: Path, forge: Forge) -> None:
    rewrite(out / "errors.parquet", lambda rows: rows.with_columns(pl.col("fault").replace("code.duplicate", "code.odd")))
    assert forge() == (Difference("code.duplicate: rows", "1", "0"), Difference("code.odd: rows", "0", "1"))


def test_a_wrong_number_of_warned_rows_is_noticed(run: Path, forge: Forge) -> None:
    assert whats(forge(warned=report_of(run).warned + 1)) == ["rows with faults"]


@pytest.mark.parametrize("name", ["errors.csv", "accepted/part-00000.csv", "rejected/part-00000.csv"])
def test_a_lost_line_of_a_csv_file_is_noticed(out: Path, forge: Forge, name: str) -> None:
    rows = pl.read_csv(out / name, infer_schema=False)
    rows[:-1].write_csv(out / name)
    assert forge() == (Difference(f"{name}: rows", str(rows.height), str(rows.height - 1)),)


def test_twins_that_claim_different_numbers_of_rows_are_noticed(out: Path, forge: Forge) -> None:
    name = "accepted/part-00000.csv"
    rows = pl.read_csv(out / name, infer_schema=False)
    rows[:-1].write_csv(out / name)
    outputs = tuple(replace(one, rows=rows.height - 1) if one.path == name else one for one in report_of(out).outputs)
    assert forge(outputs=outputs) == (Difference(f"{name}: rows", str(rows.height), str(rows.height - 1)),)


def broken(good: bytes) -> Iterator[bytes]:
    """Files that are no Parquet files, or not the right ones."""
    yield b""
    yield b"PAR1"
    yield good[:-1]
    yield b"PAR1" + bytes(100) + b"PAR1"


@pytest.mark.parametrize("name", ["accepted/part-00000.parquet", "rejected/part-00000.parquet", "errors.parquet"])
def test_a_parquet_file_that_cannot_be_read_is_a_difference(out: Path, forge: Forge, name: str) -> None:
    good = (out / name).read_bytes()
    for content in broken(good):
        (out / name).write_bytes(content)
        assert forge()[0].what.startswith(name)


@settings(max_examples=60)
@given(data=st.data())
def test_a_damaged_parquet_file_with_the_right_hash_is_never_a_traceback(run: Path, data: st.DataObject) -> None:
    report = report_of(run)
    path = run / data.draw(st.sampled_from([one.path for one in report.outputs if one.path.endswith(".parquet")]))
    good, sealed = path.read_bytes(), (run / "report.json").read_bytes()
    changed = bytearray(good)
    for position in data.draw(st.lists(st.integers(0, len(good) - 1), min_size=1, max_size=5)):
        changed[position] ^= data.draw(st.integers(1, 255))
    try:
        path.write_bytes(changed)
        outputs = tuple(replace(one, **measure(run / one.path)) for one in report.outputs)
        (run / "report.json").write_text(replace(report, outputs=outputs).to_json(), encoding="utf-8")
        assert all(difference.what for difference in verify(run))
    finally:
        path.write_bytes(good)
        (run / "report.json").write_bytes(sealed)


def test_a_parquet_file_without_its_columns_is_a_difference(out: Path, forge: Forge) -> None:
    rewrite(out / "accepted/part-00000.parquet", lambda rows: rows.drop("gift_amount"))
    assert forge()[0].what == "accepted/part-00000.parquet"
    assert forge()[0].found.startswith("cannot be read")
