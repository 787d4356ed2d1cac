"""`explain`, `verify` and `registry`: answers on stdout, and an exit code to branch on."""

import json
import shutil
from pathlib import Path

import pytest
from conftest import CODES, Call, Done, call

from vbatch.catalog import available, pipeline
from vbatch.cli.shell import run
from vbatch.model.faults import RECORD
from vbatch.model.rulebook import rulebook

USERS_OWN = '''\
"""Cards of ACME."""

import pandera.polars as pa

from vbatch import GiftCard, Pipeline, layout, target


class AcmeCard(GiftCard):
    """ACME printed its name."""

    code: str = pa.Field(str_matches=r"^ACME-")


pipeline = Pipeline(
    name="acme",
    layout=layout("voucherify_campaign_csv"),
    schema=AcmeCard,
    target=target("voucherify"),
    scope="acme",
    severities={"code.duplicate": "discard"},
)
'''


def test_explain_lists_every_fault_once(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["explain"]) == 0
    told = capsys.readouterr()
    codes = [line.split()[0] for line in told.out.splitlines()]
    known = {fault.code for name in available() for fault in rulebook(pipeline(name)).book}
    assert set(codes) == known
    assert {fault.code for fault in RECORD} <= known
    assert len(codes) == len(set(codes))
    assert told.err == ""
    assert any(line.split() == ["code.duplicate", "error", "Record", "twice"] for line in told.out.splitlines())


def test_explain_tells_one_fault_in_each_of_its_meanings(inside: Call, tmp_path: Path) -> None:
    done = inside(tmp_path, "explain", "gift_amount.missing")
    told = """\
gift_amount.missing  No gift_amount
  severity     error: the row is rejected
  says         gift_amount is required and empty
  mend         fill the value in at the source
  reported by  gift_cards

gift_amount.missing  Gift card without an amount
  severity     error: the row is rejected
  says         a gift card needs an amount
  mend         fill the value in at the source
  reported by  standalone, voucherify_json
"""
    assert done == Done(0, told, "")


def test_explain_knows_the_faults_of_a_pipeline_of_ones_own(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "acme.py"
    file.write_text(USERS_OWN)
    assert run(["explain", "-p", str(file), "code.str_matches"]) == 0
    told = capsys.readouterr().out
    assert told.startswith("code.str_matches  code: str_matches('^ACME-')\n  severity     error: the row is rejected\n")
    assert run(["explain", "-p", str(file), "code.duplicate"]) == 0
    assert "discard: the row is set aside on purpose" in capsys.readouterr().out
    assert run(["explain", "-p", str(file), "discount_type.unknown"]) == 2
    assert f"`vbatch explain -p {file}` lists them" in capsys.readouterr().err


def test_verify_counts_files_or_names_differences(loaded: tuple[Path, Done], tmp_path: Path, inside: Call) -> None:
    assert inside(loaded[0], "verify", "out") == Done(0, "", "6 files, all as the report says\n")
    copy = tmp_path / "copy"
    shutil.copytree(loaded[0] / "out", copy)
    file = copy / "errors.csv"
    file.write_bytes(file.read_bytes().replace(b"10,50", b"10;50"))
    done = inside(tmp_path, "verify", "copy")
    assert (done.code, done.err) == (1, "1 difference in copy\n")
    (line,) = done.out.splitlines()
    assert line.startswith("errors.csv: sha256: the report says ")


def test_the_registry_at_a_glance(loaded: tuple[Path, Done], capsys: pytest.CaptureFixture[str]) -> None:
    file = loaded[0] / "codes.duckdb"
    assert run(["registry", "info", "--registry", str(file)]) == 0
    lines = [" ".join(line.split()) for line in capsys.readouterr().out.splitlines()]
    assert lines[0] == f"registry {file}"
    assert lines[2:5] == ["codes 2", "runs 1", "scope voucherify 2 codes"]
    assert run(["registry", "info", "--registry", str(file), "--format", "json"]) == 0
    facts = json.loads(capsys.readouterr().out)
    assert (facts["codes"], facts["runs"], facts["scopes"]) == (2, 1, {"voucherify": 2})


def test_the_runs_of_a_registry(loaded: tuple[Path, Done], capsys: pytest.CaptureFixture[str]) -> None:
    file = str(loaded[0] / "codes.duckdb")
    report = json.loads((loaded[0] / "out" / "report.json").read_text())
    assert run(["registry", "runs", "--registry", file]) == 0
    head, line = (one.split() for one in capsys.readouterr().out.splitlines())
    assert head == ["registered", "at", "run", "kind", "pipeline", "scope", "codes", "corrects", "open", "sources", "forgotten"]
    assert line[2:] == ["UTC", report["run_id"][:12], "load", "gift_cards", "voucherify", "2", "cards.csv"]
    assert run(["registry", "runs", "--registry", file, "--format", "json"]) == 0
    (one,) = json.loads(capsys.readouterr().out)
    assert (one["run_id"], one["codes"], one["sources"]) == (report["run_id"], 2, ["cards.csv"])
    assert (one["kind"], one["corrects"], one["forgotten"], one["mended"]) == ("load", None, None, None)


def test_find_masks_what_it_finds(loaded: tuple[Path, Done], capsys: pytest.CaptureFixture[str]) -> None:
    found = call(loaded[0], "registry", "find", "GIFT-0001-AAAA")
    assert (found.code, found.err) == (0, "")
    head, exact, twin = (" ".join(line.split()) for line in found.out.splitlines())
    assert head == "at event code match scope run record by detail"
    assert exact.startswith("<time> registered ****AAAA exact voucherify ")
    assert exact.endswith(" 1 of cards.csv gift_cards")
    assert twin.startswith("<time> registered ****aaaa other case voucherify ")
    assert not any(part in found.out for part in CODES)
    assert run(["registry", "find", "GIFT-0001-AAAA", "--registry", str(loaded[0] / "codes.duckdb"), "--format", "json"]) == 0
    assert [one["code"] for one in json.loads(capsys.readouterr().out)] == ["****AAAA", "****aaaa"]


def test_a_code_that_is_not_registered(loaded: tuple[Path, Done], capsys: pytest.CaptureFixture[str]) -> None:
    file = str(loaded[0] / "codes.duckdb")
    assert run(["registry", "find", "GIFT-0404", "--registry", file]) == 1
    assert capsys.readouterr() == ("", "not registered\n")
    assert run(["registry", "find", "Gift-0001-Aaaa", "--registry", file]) == 1
    assert capsys.readouterr().err == "not registered; a code that differs only in case is\n"
    assert run(["registry", "find", "GIFT-\udcff", "--registry", file]) == 2
    assert "not valid UTF-8" in capsys.readouterr().err
