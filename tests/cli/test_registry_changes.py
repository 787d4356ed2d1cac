"""`registry import`, `forget`, `mark`, `export` and `check`, and what `runs` and `find` tell afterwards."""

import getpass
import json
import stat
from pathlib import Path

import duckdb
import polars as pl
import pytest
from conftest import CODES, Call, Done

from vbatch.cli.shell import run

BRING_IN = ("registry", "import", "cards.csv", "-p", "gift_cards")

FATES = """\
  gift_cards to voucherify, scope voucherify, <seconds>

                   accepted  rejected  discarded     total
  records                 2         5          0         7
                     28.6 %    71.4 %        0 %
  gift_amount      1,010.00  2,020.00       0.00  3,030.00
  redeemed_amount      1.00      2.00       0.00      3.00
  Amounts that cannot be read are in no sum.
  Accepted with a warning: 2
"""

FAULTS = """\

  rows  fault
     2  code.case_collision (warning)
     1  record.field_count
     1  code.missing
     1  gift_amount.unreadable
     1  starts_at.unreadable
     1  code.duplicate

  next
"""
REFUSED = """\
    see each rejected record                      vbatch validate cards.csv -p gift_cards
    or register the 2 accepted rows all the same  vbatch registry import cards.csv -p gift_cards --max-rejected 5
"""
MEANS = "what a fault means  vbatch explain code.case_collision\n"

MENDED = "Code,Gift Amount\nGIFT-0002-BBBB,10.50\n"


@pytest.fixture
def imported(exports: Path, inside: Call) -> Path:
    """A folder in which cards.csv was imported."""
    assert inside(exports, *BRING_IN, "-q") == Done(0, "", "")
    return exports


def run_id(folder: Path, place: int = 0) -> str:
    """The beginning of a run's identity, which `inside` makes the same for every run."""
    with duckdb.connect(str(folder / "codes.duckdb"), read_only=True) as con:
        return str(con.execute("SELECT run_id FROM runs ORDER BY run").fetchall()[place][0])[:12]


def test_import_registers_and_writes_nothing_else(exports: Path, inside: Call) -> None:
    done = inside(exports, *BRING_IN)
    headline = "IMPORTED  2 of 7 records accepted and registered in codes.duckdb\n"
    assert done == Done(0, "", f"{headline}{FATES}{FAULTS}    {MEANS}")
    assert not any(part in done.err for part in CODES)
    assert {path.name for path in exports.iterdir()} == {"cards.csv", "clean.csv", "codes.duckdb"}
    again = inside(exports, *BRING_IN, "--format", "json")
    assert again.err.startswith("IMPORTED BEFORE  this very run was registered at <time>; nothing was registered again\n")
    report = json.loads(again.out)
    assert (again.code, report["verb"], report["status"], report["outputs"]) == (0, "import", "imported", [])
    found = inside(exports, "registry", "find", "GIFT-0001-AAAA")
    assert found.code == 0
    assert " ".join(found.out.splitlines()[1].split()).startswith("<time> imported ****AAAA exact voucherify ")
    later = inside(exports, "load", "cards.csv", "-p", "gift_cards", "-q", "--max-rejected", "6")
    assert later == Done(1, "", ""), "what was imported cannot be loaded"


def test_an_import_over_the_limit_is_refused(exports: Path, inside: Call) -> None:
    done = inside(exports, *BRING_IN, "--max-rejected", "0")
    headline = "REFUSED  nothing was registered: 5 rejected, and --max-rejected allows 0\n"
    assert done == Done(1, "", f"{headline}{FATES}{FAULTS}{REFUSED}    {MEANS.replace('means  ', 'means                            ')}")
    assert not (exports / "codes.duckdb").exists()


def test_forget_undoes_a_run_and_says_how_it_comes_back(imported: Path, inside: Call) -> None:
    gone = run_id(imported)
    done = inside(imported, "registry", "forget", gone[:8], "--reason", "wrong file")
    told = "forgot run <run>: 2 codes no longer registered\n  next\n    load it again  vbatch registry import cards.csv -p gift_cards\n"
    assert done == Done(0, "", told)
    found = inside(imported, "registry", "find", "GIFT-0001-AAAA")
    assert (found.code, found.err) == (1, "not registered\n")
    assert [line.split()[1] for line in found.out.splitlines()[1:]] == ["imported", "forgotten"] * 2
    (line,) = inside(imported, "registry", "runs").out.splitlines()[1:]
    assert line.endswith(f" cards.csv  <time> by {getpass.getuser()}: wrong file")
    (one,) = json.loads(inside(imported, "registry", "runs", "--format", "json").out)
    assert (one["kind"], one["codes"], one["forgotten"]["by"], one["forgotten"]["reason"]) == ("import", 2, getpass.getuser(), "wrong file")
    assert sorted(one["forgotten"]) == ["at", "by", "reason"]
    assert not {"forgotten_at", "by", "reason"} & set(one)
    again = inside(imported, "registry", "forget", gone, "--reason", "wrong file")
    hint = "it was forgotten; load its input again to have it back"
    assert again == Done(2, "", f"error: the registry holds no run {gone}\nhint: {hint}\n".replace(gone, "<run>", 1))
    assert inside(imported, *BRING_IN, "-q") == Done(0, "", "")


def test_the_way_back_keeps_what_decides_verdicts(exports: Path, inside: Call) -> None:
    options = ("--registry", "r.duckdb", "--scope", "a b", "--as-of", "2026-01-31T00:00Z")
    assert inside(exports, "load", "clean.csv", "-p", "gift_cards", "-o", "out", "-q", *options).code == 0
    gone = json.loads((exports / "out" / "report.json").read_text())["run_id"]
    done = inside(exports, "registry", "forget", gone, "--reason", "test", "--by", "ann", "--registry", "r.duckdb")
    command = "vbatch load clean.csv -p gift_cards --registry r.duckdb --scope 'a b' --as-of 2026-01-31T00:00:00+00:00\n"
    assert done.err.endswith(f"  next\n    load it again  {command}")


def test_a_load_that_corrects_another_tells_what_is_open(
    exports: Path, inside: Call, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    inside(exports, "load", "cards.csv", "-p", "gift_cards", "-o", "out", "-q")
    first = run_id(exports)
    (exports / "mended.csv").write_text(MENDED)
    monkeypatch.setenv("VBATCH_CORRECTS", first)
    done = inside(exports, "load", "mended.csv", "-p", "gift_cards", "-o", "mended")
    assert (done.code, done.out) == (0, "")
    assert "\n\n  corrects run <run>: 1 of 5 rejected records accepted since, 4 open\n\n" in done.err
    assert "\n    still_open.csv  the faults of the records of run <run> that are open\n" in done.err
    assert run(["registry", "runs"]) == 0
    loads = [line.split()[3:] for line in capsys.readouterr().out.splitlines()[1:]]
    about = ["load", "gift_cards", "voucherify"]
    assert loads == [[first, *about, "2", "4", "of", "5", "cards.csv"], [run_id(exports, 1), *about, "1", first, "mended.csv"]]
    refused = inside(exports, "registry", "forget", first, "--reason", "test")
    assert refused.code == 2
    assert refused.err.endswith("\nhint: forget what corrects it first\n")


def test_marks_are_counted_and_unknown_codes_are_named(imported: Path, inside: Call) -> None:
    (imported / "used.txt").write_bytes(b"GIFT-0001-AAAA\r\nGIFT-0404-NONE\n\nGIFT-0001-AAAA\nGIFT-0001-AAAA \n")
    done = inside(imported, "registry", "mark", "used", "used.txt", "--reason", "export of June", "--by", "ann")
    told = """\
1  marked   used now
1  already  used before
2  unknown  not registered in scope voucherify; not marked
  unknown  used.txt:2  '****NONE'
  unknown  used.txt:5  '****AAA '
"""
    assert done == Done(1, "", told)
    (imported / "sent.csv").write_text("Voucher,Code\n1,GIFT-0001-AAAA\n\n2,gift-0001-aaaa\n3,\n")
    done = inside(imported, "registry", "mark", "delivered", "sent.csv", "-p", "gift_cards", "--reason", "mail of May")
    told = """\
1  marked   delivered now
1  unknown  not registered in scope voucherify; not marked
1  used     used, which is final; not marked
  unknown  record 3 of sent.csv  empty
"""
    assert done == Done(1, "", told)
    inside(imported, "registry", "forget", run_id(imported), "--reason", "wrong file")
    found = inside(imported, "registry", "find", "GIFT-0001-AAAA", "--format", "json")
    assert (found.code, found.err) == (1, "not registered; it is used, and can never be loaded again\n")
    events = [one for one in json.loads(found.out) if one["exact"]]
    assert [one["event"] for one in events] == ["imported", "used", "forgotten"]
    said = {"source": "used.txt", "record": 1, "by": "ann", "detail": "export of June", "scope": "voucherify", "run_id": None}
    assert events[1] == said | {"event": "used", "code": "****AAAA", "exact": True, "at": events[1]["at"]}


def test_only_the_first_unknown_codes_are_named(imported: Path, inside: Call) -> None:
    (imported / "used.txt").write_text("".join(f"GIFT-{number:04}\n" for number in range(2000)))
    done = inside(imported, "registry", "mark", "disabled", "used.txt", "--reason", "test", "--scope", "voucherify")
    assert done.code == 1
    assert done.err.splitlines()[1].startswith("2,000  unknown  ")
    assert done.err.splitlines()[2::5] == ["  unknown  used.txt:1  '****0000'", "  … and 1,995 more"]


def test_a_scope_is_only_left_out_where_there_is_one(imported: Path, inside: Call) -> None:
    inside(imported, "registry", "import", "clean.csv", "-p", "gift_cards", "--scope", "acme", "-q")
    (imported / "sent.txt").write_text("GIFT-0101-DDDD\n")
    mark = ("registry", "mark", "delivered", "sent.txt", "--reason", "test")
    hint = "say where the codes are registered with --scope or -p: acme, voucherify"
    assert inside(imported, *mark) == Done(2, "", f"error: the registry codes.duckdb has 2 scopes\nhint: {hint}\n")
    assert inside(imported, *mark, "--scope", "acme") == Done(0, "", "1  marked  delivered now\n")


def test_export_says_how_many(imported: Path, inside: Call) -> None:
    (imported / "sent.txt").write_text("gift-0001-aaaa\n")
    inside(imported, "registry", "mark", "delivered", "sent.txt", "--reason", "test")
    assert inside(imported, "registry", "export", "all.parquet", "--run", run_id(imported)) == Done(0, "", "2 codes in all.parquet\n")
    assert pl.read_parquet(imported / "all.parquet")["code"].to_list() == ["GIFT-0001-AAAA", "gift-0001-aaaa"]
    done = inside(imported, "registry", "export", "todo.csv", "--scope", "voucherify", "--status", "undelivered")
    assert done == Done(0, "", "1 code in todo.csv\n")
    assert stat.S_IMODE((imported / "todo.csv").stat().st_mode) == 0o600
    done = inside(imported, "registry", "export", "todo.txt")
    assert done.err == "error: todo.txt: its ending says neither Parquet nor CSV\nhint: let the name end with .parquet or .csv\n"


def test_check_names_what_is_wrong(imported: Path, inside: Call) -> None:
    assert inside(imported, "registry", "check") == Done(0, "", "codes.duckdb is sound\n")
    with duckdb.connect(str(imported / "codes.duckdb")) as con:
        con.execute("DELETE FROM codes WHERE code = 'gift-0001-aaaa'")
    done = inside(imported, "registry", "check")
    finding = "codes unlike the report: run <run id> has 1, and its report says 2: 1\n"
    assert done == Done(1, finding, "1 finding in codes.duckdb\n")
