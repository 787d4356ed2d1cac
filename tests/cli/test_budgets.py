"""What a run may use of the machine, and what it tells of it."""

import json
import re
import shutil
from pathlib import Path

from conftest import CLEAN, Call

PHASES = ["read", "parse", "examine", "split", "keep", "look up", "settle", "write"]


def test_a_disk_that_is_too_small_is_found_out_before_anything_is_read(vbatch: Call, tmp_path: Path) -> None:
    """The export has a hole of more bytes than the disk has room for."""
    with (tmp_path / "huge.csv").open("w") as export:
        export.write(CLEAN)
        export.truncate(shutil.disk_usage(tmp_path).free)
    done = vbatch("load", "huge.csv", "-p", "gift_cards", "-o", "out")
    assert (done.code, done.out) == (2, "")
    told = r"error: the run needs about [\d,]+ MiB on the disk of the output folder, and [\d,]+ are free\n"
    assert re.fullmatch(told + "hint: free some, or name another output folder\n", done.err)
    assert not (tmp_path / "out").exists()


def test_timings_tell_the_seconds_of_each_phase(vbatch: Call, tmp_path: Path) -> None:
    assert vbatch("validate", "clean.csv", "-p", "gift_cards", "-o", "out", "--timings").code == 0
    timings = json.loads((tmp_path / "out" / "report.json").read_text())["timings"]
    assert list(timings) == PHASES
    assert all(seconds >= 0 for seconds in timings.values())
    assert vbatch("verify", "out").code == 0


def test_without_being_asked_a_report_has_no_timings(loaded: tuple[Path, object]) -> None:
    folder, _ = loaded
    assert "timings" not in json.loads((folder / "out" / "report.json").read_text())


def test_a_small_budget_changes_nothing_but_the_pace(vbatch: Call, tmp_path: Path) -> None:
    """With one row a batch, and memory for one batch at a time."""
    assert vbatch("validate", "cards.csv", "-p", "gift_cards", "-o", "one", "--batch-rows", "1").code == 1
    assert vbatch("validate", "cards.csv", "-p", "gift_cards", "-o", "two", "--batch-rows", "1", "--memory", "256MiB").code == 1
    one, two = ({file.name: file.read_bytes() for file in (tmp_path / name / "accepted").iterdir()} for name in ("one", "two"))
    assert one == two


def test_every_verb_that_judges_takes_a_budget(vbatch: Call) -> None:
    """It has to be known before anything is read."""
    for verb in ("validate", "load", "registry import"):
        assert "--memory SIZE" in vbatch(*verb.split(), "--help").out
        little = vbatch(*verb.split(), "clean.csv", "-p", "gift_cards", VBATCH_MEMORY="100MiB")
        assert (little.code, little.err) == (2, "error: 100 MiB of memory are not enough\nhint: give it at least 256MiB\n")
        done = vbatch(*verb.split(), "clean.csv", "-p", "gift_cards", "--memory", "256MiB", "--registry", f"{verb}.duckdb")
        assert done.code == 0
