"""`validate` and `load`: what they print, where they print it, and how they end."""

import json
import stat
from pathlib import Path

from conftest import CODES, EXPORT, Call, Done

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

  rows  fault                          first at
     2  code.case_collision (warning)  cards.csv:2  '****AAAA'
     1  record.field_count             cards.csv:7
     1  code.missing                   cards.csv:6
     1  gift_amount.unreadable         cards.csv:3  '****BBBB'  '10,50'
     1  starts_at.unreadable           cards.csv:4  '****CCCC'  '2025-02-30'
     1  code.duplicate                 cards.csv:5  '****AAAA'
"""

FILES = """\

  files of run <run> in out
    accepted/         2 rows in 1 part
    rejected/replay/  5 rejected records as in the source, to be mended
    errors.csv        a line for each fault; exact in errors.parquet
    report.json       the account: counts, sums and hashes
"""

VALIDATED = """\

  next
    copy the rejected records          cp -r out/rejected/replay mended-<run>
    mend them, then validate them      vbatch validate mended-<run>/cards.csv -p gift_cards
    or register what was accepted now  vbatch load cards.csv -p gift_cards
    what a fault means                 vbatch explain code.case_collision
"""

LOADED = """\

  next
    copy the rejected records  cp -r out/rejected/replay mended-<run>
    mend them, then load them  vbatch load mended-<run>/cards.csv -p gift_cards --corrects <run>
    what a fault means         vbatch explain code.case_collision
"""

REFUSED = """\

  next
    copy the rejected records                     cp -r out/rejected/replay mended-<run>
    mend them, then validate them                 vbatch validate mended-<run>/cards.csv -p gift_cards
    or register the 2 accepted rows all the same  vbatch load cards.csv -p gift_cards --max-rejected 5
    what a fault means                            vbatch explain code.case_collision
"""

BEFORE = """\

  next
    copy the rejected records  cp -r out/rejected/replay mended-<run>
    mend them, then load them  vbatch load mended-<run>/cards.csv -p gift_cards --corrects <run>
"""


def test_validate_tells_all_and_registers_nothing(vbatch: Call, tmp_path: Path) -> None:
    done = vbatch("validate", "cards.csv", "-p", "gift_cards", "-o", "out")
    headline = "VALIDATED  2 of 7 records accepted; 5 rejected, and --max-rejected allows 0\n"
    assert done == Done(1, "", headline + FATES + FAULTS + FILES + VALIDATED)
    assert not any(part in done.err for part in CODES)
    assert not (tmp_path / "codes.duckdb").exists()
    assert {stat.S_IMODE(path.stat().st_mode) for path in (tmp_path / "out").rglob("*") if path.is_file()} == {0o600}


def test_a_clean_export_is_validated_as_json_and_in_the_default_folder(vbatch: Call, tmp_path: Path) -> None:
    done = vbatch("validate", "clean.csv", "-p", "gift_cards", "--format", "json", "--csv", "--max-rejected", "0")
    (folder,) = (tmp_path / "runs").iterdir()
    text = (folder / "report.json").read_text()
    report = json.loads(text)
    assert done.code == 0
    assert json.loads(done.out) == report | {"run_id": "<run id>"}
    assert (report["run_id"], report["status"], report["options"]["csv"]) == (folder.name, "validated", True)
    assert "  Accepted" not in done.err
    assert done.err.startswith("VALIDATED  2 of 2 records accepted\n")
    assert done.err.endswith(
        """
  files of run <run> in runs/<run id>
    accepted/    2 rows in 1 part
    report.json  the account: counts, sums and hashes

  next
    register what was accepted  vbatch load clean.csv -p gift_cards
"""
    )


def test_load_registers(loaded: tuple[Path, Done]) -> None:
    folder, done = loaded
    assert done == Done(0, "", "LOADED  2 of 7 records accepted and registered in codes.duckdb\n" + FATES + FAULTS + FILES + LOADED)
    assert stat.S_IMODE((folder / "codes.duckdb").stat().st_mode) == 0o600


def test_loaded_before_changes_nothing(loaded: tuple[Path, Done], inside: Call) -> None:
    folder, _ = loaded
    before = (folder / "codes.duckdb").read_bytes()
    done = inside(folder, "load", "cards.csv", "-p", "gift_cards", "-o", "out")
    headline = "LOADED BEFORE  this very run was registered at <time>; nothing was registered again\n"
    assert done == Done(0, "", headline + FATES + FILES + BEFORE)
    assert (folder / "codes.duckdb").read_bytes() == before


def test_loaded_before_with_another_folder_leaves_that_folder_alone(loaded: tuple[Path, Done], inside: Call) -> None:
    folder, _ = loaded
    done = inside(folder, "load", "cards.csv", "-p", "gift_cards", "-o", "elsewhere")
    assert done.code == 0
    assert done.err.endswith("\n\n  Its files are where that run wrote them; only the report is kept in the registry.\n")
    assert not (folder / "elsewhere").exists()


def test_a_load_over_the_limit_is_refused(vbatch: Call, tmp_path: Path) -> None:
    done = vbatch("load", "cards.csv", "-p", "gift_cards", "-o", "out", "--max-rejected", "50%")
    headline = "REFUSED  nothing was registered: 5 rejected, and --max-rejected allows 50%\n"
    assert done == Done(1, "", headline + FATES + FAULTS + FILES + REFUSED)
    assert not (tmp_path / "codes.duckdb").exists()
    assert json.loads((tmp_path / "out" / "report.json").read_text())["status"] == "refused"


def test_every_option_comes_from_the_environment_too(vbatch: Call, tmp_path: Path) -> None:
    settings = {
        "VBATCH_PIPELINE": "gift_cards",
        "VBATCH_OUT": "out",
        "VBATCH_REGISTRY": "other.duckdb",
        "VBATCH_SCOPE": "acme",
        "VBATCH_MAX_REJECTED": "80%",
        "VBATCH_AS_OF": "2026-01-31T01:00:00+01:00",
        "VBATCH_CSV": "1",
        "VBATCH_ALLOW_TRUNCATED": "1",
        "VBATCH_RESTART": "1",
        "VBATCH_BATCH_ROWS": "3",
        "VBATCH_WAIT": "5",
        "VBATCH_FORMAT": "json",
        "VBATCH_QUIET": "1",
    }
    done = vbatch("load", "cards.csv", **settings)
    assert (done.code, done.err) == (0, "")
    report = json.loads(done.out)
    assert report["scope"] == "acme"
    assert report["options"] == {
        "registry": "other.duckdb",
        "scope": "acme",
        "max_rejected": "80%",
        "as_of": "2026-01-31T00:00:00+00:00",
        "csv": True,
        "allow_truncated": True,
        "batch_rows": 3,
        "format": "csv",
    }
    assert (tmp_path / "other.duckdb").exists()


def test_the_advice_keeps_what_decides_verdicts(inside: Call, exports: Path) -> None:
    told = inside(
        exports,
        *("validate", "cards.csv", "clean.csv", "-p", "gift_cards", "-o", "my out"),
        *("--registry", "r.duckdb", "--scope", "a b", "--as-of", "2026-01-31T00:00Z"),
    ).err
    kept = "-p gift_cards --registry r.duckdb --scope 'a b' --as-of 2026-01-31T00:00:00Z\n"
    assert "cp -r 'my out/rejected/replay' mended-<run>\n" in told
    assert f"vbatch validate mended-<run>/cards.csv {kept}" in told, "only the source that has rejected records"
    assert f"vbatch load cards.csv clean.csv {kept}" in told


def test_standard_input_is_a_source(vbatch: Call) -> None:
    done = vbatch("validate", "-", "-p", "gift_cards", "-o", "out", stdin=EXPORT)
    assert done.code == 1
    assert "gift_amount.unreadable         -:3       '****BBBB'  '10,50'\n" in done.err
    assert "mended-<run>/stdin" in done.err
    assert "vbatch load" not in done.err, "it cannot be read twice"


def test_a_refused_load_that_corrects_is_advised_to_correct_still(exports: Path, inside: Call) -> None:
    inside(exports, "load", "clean.csv", "-p", "gift_cards", "-o", "out", "-q")
    first = json.loads((exports / "out" / "report.json").read_text())["run_id"][:12]
    done = inside(exports, "load", "cards.csv", "-p", "gift_cards", "--max-rejected", "1", "--corrects", first)
    assert done.code == 1
    assert "vbatch load cards.csv -p gift_cards --max-rejected 5 --corrects <run>\n" in done.err
