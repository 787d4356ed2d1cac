"""vbatch as its users meet it: the installed console script in a process of its own."""

import os
import re
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import NamedTuple

import pytest

from vbatch.cli.shell import run

SCRIPT = Path(sys.executable).with_name("vbatch")

EXPORT = """\
Code,Active,Gift Amount,Redeemed Amount,Start Date,Region
GIFT-0001-AAAA,true,10.00,1.00,2025-01-01,EU
GIFT-0002-BBBB,true,"10,50",,2025-01-01,EU
GIFT-0003-CCCC,true,10.00,1.00,2025-02-30,EU
GIFT-0001-AAAA,true,10.00,1.00,2025-01-01,EU
,true,2000.00,,,EU
broken GIFT-0009-ZZZZ
gift-0001-aaaa,true,1000.00,0.00,,EU
"""

CLEAN = "Code,Gift Amount\nGIFT-0101-DDDD,5.00\nGIFT-0102-EEEE,7.50\n"

CODES = ("GIFT-", "gift-", "0001-AAAA", "0009-ZZZZ")
"""Parts of codes in EXPORT that masking hides."""


class Done(NamedTuple):
    """How a process ended, with run ids and times made the same for every run."""

    code: int
    out: str
    err: str


Call = Callable[..., Done]


def environment(**more: str) -> Mapping[str, str]:
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("VBATCH_", "FORCE_COLOR"))}
    return inherited | {"COLUMNS": "100"} | more


def steady(text: str) -> str:
    text = re.sub(r"\b[0-9a-f]{32}\b", "<run id>", text)
    text = re.sub(r"(\brun,?|--corrects) [0-9a-f]{12}\b", r"\1 <run>", text)
    text = re.sub(r"mended-[0-9a-f]{6}", "mended-<run>", text)
    text = re.sub(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC", "<time>", text)
    return re.sub(r", \d+\.\d s(, [\d,]+ records/s)?\n", ", <seconds>\n", text)


def call(folder: Path, *arguments: str | Path, stdin: str = "", **more: str) -> Done:
    done = subprocess.run(
        [SCRIPT, *arguments], cwd=folder, env=environment(**more), input=stdin, capture_output=True, text=True, timeout=60, check=False
    )
    return Done(done.returncode, steady(done.stdout), steady(done.stderr))


@pytest.fixture
def exports(tmp_path: Path) -> Path:
    """A folder with an export that has faults and one that has none."""
    (tmp_path / "cards.csv").write_text(EXPORT)
    (tmp_path / "clean.csv").write_text(CLEAN)
    return tmp_path


@pytest.fixture
def vbatch(exports: Path) -> Call:
    """Starts vbatch in that folder."""
    return lambda *arguments, **more: call(exports, *arguments, **more)


@pytest.fixture
def inside(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Call:
    """Runs a command line in this process, which has imported everything already: for all that the process itself adds nothing to."""

    def call_inside(folder: Path, *arguments: str) -> Done:
        monkeypatch.chdir(folder)
        code = run(arguments)
        told = capsys.readouterr()
        return Done(code, steady(told.out), steady(told.err))

    return call_inside


@pytest.fixture(scope="session")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Done]:
    """A folder in which cards.csv was loaded into OUT, and how that ended. Tests leave it as it is."""
    folder = tmp_path_factory.mktemp("loaded")
    (folder / "cards.csv").write_text(EXPORT)
    return folder, call(folder, "load", "cards.csv", "-p", "gift_cards", "-o", "out")
