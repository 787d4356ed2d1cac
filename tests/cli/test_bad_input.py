"""What cannot be done is two lines and an exit code; nothing is published and nothing registered."""

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest
from conftest import CLEAN, Call, Done

from vbatch.cli.code_file import LIST

FILES = {
    "ok.csv": CLEAN,
    "empty.csv": "",
    "header.csv": "Code,Gift Amount\n",
    "lacking.csv": "Code,Gift Amonut\nA-1,5.00\n",
    "stray.csv": '"Code",Gift "Amount\nA-1,5.00\n',
    "twice.csv": "Code,Code,Gift Amount\nA-1,B-1,5.00\n",
    "none.duckdb": "this is not a database",
    "none.parquet": "this is not Parquet",
    "other.csv": "Voucher\nA-1\n",
    "other/file.txt": "something else",
    "broken.py": "from vbatch import GiftCart\n",
}
VALIDATE = ("validate", "ok.csv", "-p", "gift_cards")
LOAD = ("load", "ok.csv", "-p", "gift_cards")

CASES: Mapping[str, tuple[tuple[str, ...], str, str]] = {
    "missing file": (("validate", "nope.csv", "-p", "gift_cards"), "nope.csv: no such file", "check the path"),
    "folder without files": (("validate", "nothing", "-p", "gift_cards"), "nothing: there are no files", "check the path"),
    "empty file": (
        ("validate", "empty.csv", "-p", "gift_cards"),
        "empty.csv: is empty",
        "export again; even an export without vouchers has a header",
    ),
    "header only": (
        ("validate", "header.csv", "-p", "gift_cards"),
        "header.csv: has a header but no records",
        "export again, or leave the file out",
    ),
    "a quote inside a field of the header": (
        ("validate", "stray.csv", "-p", "gift_cards"),
        "stray.csv: line 1: the header cannot be read: a quote stands inside a field that does not start with one",
        "mend the header in a copy of the file, or check encoding, delimiter and quote in the layout's dialect",
    ),
    "doubled column": (
        ("validate", "twice.csv", "-p", "gift_cards"),
        "twice.csv: the column 'Code' stands 2 times in the header",
        "keep the right one",
    ),
    "another format": (
        ("validate", "ok.csv", "-p", "voucherify_json"),
        "ok.csv: is not JSON",
        "the layout voucherify_json reads an array of objects, or one object a line",
    ),
    "unknown pipeline": (
        ("validate", "ok.csv", "-p", "gift_card"),
        "no pipeline is called 'gift_card'",
        (
            "did you mean 'gift_cards'? shipped: code_list, discounts, gift_cards, loyalty_cards, standalone, voucherify_json; "
            "give one of your own by its path"
        ),
    ),
    "registry that is none": (
        (*LOAD, "--registry", "none.duckdb"),
        (
            'cannot use the registry none.duckdb: IO Error: The file "<folder>/none.duckdb" exists, '
            "but it is not a valid DuckDB database file!"
        ),
        "name a registry that vbatch made, or a file that does not exist yet, with --registry",
    ),
    "registry in a folder that is not there": (
        (*LOAD, "--registry", "no/such/dir.duckdb"),
        "cannot use the registry no/such/dir.duckdb: No such file or directory",
        "make its folder first, or name another one with --registry",
    ),
    "registry below a file": (
        (*LOAD, "--registry", "ok.csv/codes.duckdb"),
        "cannot use the registry ok.csv/codes.duckdb: Not a directory",
        "what should be its folder is a file: name another one with --registry",
    ),
    "registry that is a folder": (
        (*LOAD, "--registry", "other"),
        'cannot use the registry other: IO Error: Could not read from file "<folder>/other": Is a directory',
        "name a file, not a folder, with --registry",
    ),
    "out holds something else": (
        (*VALIDATE, "-o", "other"),
        "other: is not empty and holds no run",
        "choose another folder with -o",
    ),
    "out is a file": ((*VALIDATE, "-o", "ok.csv"), "ok.csv: is a file", "name a folder with -o"),
    "out where nobody can write": (
        (*VALIDATE, "-o", "/proc/vbatch/out"),
        "/proc/vbatch/out: cannot be written: No such file or directory",
        "choose another folder with -o; nothing was published",
    ),
    "verify without a run": (("verify", "other"), "other: is not empty and holds no run", "choose another folder with -o"),
    "verify nothing": (("verify", "nope"), "nope: holds no run", "name the output folder of a run, as in `vbatch verify runs/<run id>`"),
    "no registry": (
        ("registry", "info"),
        (
            'cannot use the registry codes.duckdb: IO Error: Cannot open database "<folder>/codes.duckdb" in read-only mode: '
            "database does not exist"
        ),
        "`vbatch load` makes it; or name another one with --registry",
    ),
    "unknown fault": (
        ("explain", "code.mask"),
        "no fault of a shipped pipeline is called 'code.mask'",
        "did you mean 'code.masked'? `vbatch explain` lists them",
    ),
    "corrects no run": (
        (*LOAD, "--corrects", "3f9c61d2a47b"),
        (
            'cannot use the registry codes.duckdb: IO Error: Cannot open database "<folder>/codes.duckdb" in read-only mode: '
            "database does not exist"
        ),
        "`vbatch load` makes it; or name another one with --registry",
    ),
    "import what is not there": (("registry", "import", "nope.csv", "-p", "gift_cards"), "nope.csv: no such file", "check the path"),
    "forget where nothing is": (
        ("registry", "forget", "3f9c61d2a47b", "--reason", "test"),
        (
            'cannot use the registry codes.duckdb: IO Error: Cannot open database "<folder>/codes.duckdb" in read-only mode: '
            "database does not exist"
        ),
        "`vbatch load` makes it; or name another one with --registry",
    ),
    "mark what is not there": (
        ("registry", "mark", "used", "nope.txt", "--reason", "test"),
        "nope.txt: cannot be read: No such file or directory",
        "check the path and its permissions",
    ),
    "mark without the column": (
        ("registry", "mark", "used", "other.csv", "--reason", "test"),
        "other.csv: has no column 'code' or 'Code'",
        f"name the column of the codes with --column, {LIST}",
    ),
    "mark without the column of the pipeline": (
        ("registry", "mark", "used", "other.csv", "-p", "gift_cards", "--reason", "test"),
        "other.csv: has no column 'Code'",
        f"name the column of the codes with --column, {LIST}",
    ),
    "mark like an export that is no table": (
        ("registry", "mark", "used", "ok.csv", "-p", "voucherify_json", "--reason", "test"),
        "ok.csv: cannot be read like voucherify_json, which is no plain CSV with a header",
        f"name --scope and --column instead of -p, {LIST}",
    ),
    "mark an empty table": (
        ("registry", "mark", "used", "empty.csv", "--reason", "test"),
        "empty.csv: is not a whole CSV with a header",
        f"export it again, {LIST}",
    ),
    "mark what is not Parquet": (
        ("registry", "mark", "used", "none.parquet", "--reason", "test"),
        "none.parquet: is not a whole Parquet file",
        f"export it again, {LIST}",
    ),
    # The remaining ones are mistakes in the command line itself.
    "no reason": (
        ("registry", "forget", "3f9c61d2a47b"),
        "missing option '--reason'",
        "`vbatch registry forget --help` shows how it is used",
    ),
    "a reason that says nothing": (
        ("registry", "forget", "3f9c61d2a47b", "--reason", " "),
        "invalid value for '--reason': it is empty",
        "give it a text that others understand",
    ),
    "no such mark": (
        ("registry", "mark", "lost", "ok.csv", "--reason", "test"),
        "invalid value for 'delivered|used|disabled': 'lost' is not one of 'delivered', 'used', 'disabled'",
        "`vbatch registry mark --help` shows how it is used",
    ),
    "no source": (("validate",), "missing argument 'SOURCE...'", "`vbatch validate --help` shows how it is used"),
    "no pipeline": (("load", "ok.csv"), "missing option '-p' / '--pipeline'", "`vbatch load --help` shows how it is used"),
    "no such verb": (("vaildate",), "no such command 'vaildate'", "did you mean 'validate'? `vbatch --help` shows how it is used"),
    "no such option": (
        (*VALIDATE, "--max-reject", "1"),
        "no such option '--max-reject'",
        "did you mean '--max-rejected'? `vbatch validate --help` shows how it is used",
    ),
    "no such format": (
        (*VALIDATE, "--format", "xml"),
        "invalid value for '--format': 'xml' is not one of 'text', 'json'",
        "`vbatch validate --help` shows how it is used",
    ),
    "no limit": (
        (*VALIDATE, "--max-rejected", "few"),
        "invalid value for '--max-rejected': 'few' is not a number of rows or a percentage",
        "write 100 or 2.5%",
    ),
    "a date is no instant": (
        (*VALIDATE, "--as-of", "2026-01-31"),
        "invalid value for '--as-of': '2026-01-31' has no zone",
        "write date, time and zone, as in 2026-01-31T00:00:00Z or 2026-01-31T00:00:00+01:00",
    ),
    "a time without a zone is no instant": (
        (*VALIDATE, "--as-of", "2026-01-31T00:00"),
        "invalid value for '--as-of': '2026-01-31T00:00' has no zone",
        "write date, time and zone, as in 2026-01-31T00:00:00Z or 2026-01-31T00:00:00+01:00",
    ),
    "not a date at all": (
        (*VALIDATE, "--as-of", "tomorrow"),
        "invalid value for '--as-of': 'tomorrow' is not an instant",
        "write date, time and zone, as in 2026-01-31T00:00:00Z or 2026-01-31T00:00:00+01:00",
    ),
    "memory without a unit": (
        (*VALIDATE, "--memory", "1000"),
        "invalid value for '--memory': '1000' is not a size",
        "write 512MiB, 1GiB or 1.5GB",
    ),
    "too little memory": ((*VALIDATE, "--memory", "100MiB"), "100 MiB of memory are not enough", "give it at least 256MiB"),
    "no records at a time": (
        (*VALIDATE, "--batch-rows", "0"),
        "invalid value for '--batch-rows': 0 is not in the range x>=1",
        "`vbatch validate --help` shows how it is used",
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_two_lines_and_nothing_left_behind(name: str, tmp_path: Path, inside: Call) -> None:
    (tmp_path / "nothing").mkdir()
    for file, text in FILES.items():
        (tmp_path / file).parent.mkdir(exist_ok=True)
        (tmp_path / file).write_text(text)
    arguments, error, hint = CASES[name]
    assert inside(tmp_path, *arguments) == Done(2, "", f"error: {error}\nhint: {hint}\n".replace("<folder>", str(tmp_path)))
    left = {path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*") if path.is_file()}
    assert left == set(FILES)


def test_a_process_ends_with_the_same_words(vbatch: Call) -> None:
    assert vbatch("validate", "nope.csv", "-p", "gift_cards") == Done(2, "", "error: nope.csv: no such file\nhint: check the path\n")


def test_a_broken_pipeline_file_is_named_with_its_line(inside: Call, exports: Path) -> None:
    (exports / "broken.py").write_text("from vbatch import GiftCart\n")
    done = inside(exports, "validate", "clean.csv", "-p", "broken.py")
    assert (done.code, done.out) == (2, "")
    assert done.err.startswith("error: broken.py:1: ImportError: cannot import name 'GiftCart'")
    assert "hint: did you mean 'GiftCard'? " in done.err


def test_a_misspelt_column_is_named(inside: Call, tmp_path: Path) -> None:
    (tmp_path / "lacking.csv").write_text(FILES["lacking.csv"])
    done = inside(tmp_path, "validate", "lacking.csv", "-p", "gift_cards")
    assert done.code == 2
    assert done.err.startswith("error: lacking.csv: the column 'Gift Amount' of the layout voucherify_campaign_csv is missing\nhint: ")
    assert "'Gift Amonut'" in done.err


def test_out_of_another_run_is_left_alone(loaded: tuple[Path, Done], inside: Call) -> None:
    folder, _ = loaded
    before = (folder / "out" / "report.json").read_bytes()
    (folder / "clean.csv").write_text(CLEAN)
    done = inside(folder, "validate", "clean.csv", "-p", "gift_cards", "-o", "out")
    assert done == Done(2, "", "error: out: holds another run, <run>\nhint: choose another folder with -o, or remove this one\n")
    assert (folder / "out" / "report.json").read_bytes() == before


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_no_permission(vbatch: Call, tmp_path: Path) -> None:
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o500)
    done = vbatch("validate", "clean.csv", "-p", "gift_cards", "-o", "closed/out")
    expected = "error: closed/out: cannot be written: Permission denied\nhint: choose another folder with -o; nothing was published\n"
    assert done == Done(2, "", expected)


def test_a_value_from_the_environment_is_said_to_come_from_there(vbatch: Call) -> None:
    done = vbatch("validate", "clean.csv", "-p", "gift_cards", VBATCH_FORMAT="xml")
    error = "error: invalid value for '--format': 'xml' is not one of 'text', 'json'\n"
    hint = "hint: the value comes from the environment variable VBATCH_FORMAT; `vbatch validate --help` lists the options\n"
    assert done == Done(2, "", error + hint)


HOLDER = """\
import sys
import duckdb

held = duckdb.connect(sys.argv[1])
print("held", flush=True)
sys.stdin.read()
"""


def test_a_registry_that_another_process_holds_is_tried_again_later(vbatch: Call, tmp_path: Path) -> None:
    file = tmp_path / "codes.duckdb"
    holder = subprocess.Popen([sys.executable, "-c", HOLDER, file], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        told = f"error: the registry {file} is held by process {holder.pid}\nhint: try again when it has ended, or wait for it with --wait"
        for line in (("load", "clean.csv", "-p", "gift_cards", "-o", "out"), ("registry", "runs")):
            done = vbatch(*line, "--wait", "0")
            assert (done.code, done.out) == (75, "")
            assert done.err.startswith(told)
        assert not (tmp_path / "out").exists()
    finally:
        holder.communicate("")
