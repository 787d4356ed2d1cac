"""README is true: its example runs, its commands exist, its map names what is there."""

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from vbatch import Options, validate

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")


def block(language: str, start: str) -> str:
    found = [text for text in re.findall(rf"```{language}\n(.*?)```", README, flags=re.DOTALL) if text.startswith(start)]
    assert len(found) == 1
    return str(found[0])


def test_the_pipeline_of_ones_own_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("acme.py").write_text(block("python", '"""ACME'), encoding="utf-8")
    Path("acme_2019.toml").write_text(block("toml", "name"), encoding="utf-8")
    lines = [
        "Card;Betrag;Valid until;Internal note;Filiale",
        "ACME-0000BEEF;25,00;31.12.2027;x;Köln",
        "ACME-0000CAFE;1.500,00;31.12.9999;x;Köln",
        "ACME-0000CAFÉ;25,00;31.12.2027;x;Köln",
    ]
    Path("export.csv").write_bytes("\r\n".join(lines).encode("cp1252"))
    report = validate(["export.csv"], "acme.py", Options(out=Path("out")))
    assert (report.records, report.accepted) == (3, 1)
    assert report.faults == {"code.str_matches": 1, "code.not_ascii": 1, "gift_amount.too_high": 1}
    assert report.totals["gift_amount"]["accepted"] == "25.00"


def test_the_commands_of_the_tour_exist_and_do_what_it_shows(tmp_path: Path) -> None:
    (tmp_path / "sample_data").symlink_to(ROOT / "sample_data")
    console = "\n".join(re.findall(r"```console\n(.*?)```", README, flags=re.DOTALL))
    commands = [shlex.split(line.removeprefix("$ vbatch ")) for line in console.splitlines() if line.startswith("$ vbatch ")]
    assert [command[0] for command in commands] == ["validate", "explain", "load", "load", "verify"]
    told = ""
    for command in commands:
        run = subprocess.run([sys.executable, "-m", "vbatch", *command], cwd=tmp_path, capture_output=True, text=True, check=False)
        assert run.returncode == (1 if command[0] == "validate" else 0)
        told += run.stdout + run.stderr
    shown = [line for line in console.splitlines() if line.strip() and not line.startswith("$") and line.strip() != "…"]
    times = re.compile(r"\d+\.\d s|\d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC")
    written = times.sub("T", told + (tmp_path / "checked" / "errors.csv").read_text(encoding="utf-8"))
    assert [line for line in shown if times.sub("T", line) not in written] == []


def test_the_map_names_what_is_there() -> None:
    named = re.findall(r"^\| `([a-z_./]+)`", README.partition("## Map of the code")[2], flags=re.MULTILINE)
    assert len(named) > 15
    assert [place for place in named if not (ROOT / place).exists()] == []
