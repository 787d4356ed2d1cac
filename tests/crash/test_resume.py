"""A run that was stopped in its middle goes on there, and only there where nothing has changed."""

import json
import os
import re
import shutil
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from signal import SIGINT, SIGKILL, SIGTERM

import pytest
from cases import HEADER, cards
from processes import Ended, Zygote
from states import state

from vbatch import verify

BATCHES = 40
JOB = ("-p", "gift_cards", "-o", "out", "--registry", "codes.duckdb")
LOAD = ("load", "big.csv", *JOB, "--batch-rows", "25")
VALIDATE = ("validate", *LOAD[1:])
PAUSED = 24
"""Batches that are done when a run is stopped."""

STRICT = """
import pandera.polars as pa
from vbatch import GiftCard, Pipeline, layout, target

class Card(GiftCard):
    code: str = pa.Field(str_matches=r"^CARD-[0-9]{{{digits}}}$")

pipeline = Pipeline(name="strict", layout=layout("voucherify_campaign_csv"), schema=Card, target=target("voucherify"), scope="shop")
"""


def prepare(folder: Path) -> None:
    (folder / "big.csv").write_text(HEADER + cards(0, 25 * BATCHES))
    (folder / "first.csv").write_text(HEADER + cards(2000, 2030))
    (folder / "strict.py").write_text(STRICT.format(digits=4))


def noted(folder: Path) -> dict[str, tuple[int, int]]:
    """The files of parts that are done, with what would change if they were written again."""
    judged = folder / ".out.vbatch" / "judged"
    names = [name for note in judged.glob("*.json") for name in json.loads(note.read_text())["files"]]
    return {name: ((judged / name).stat().st_ino, (judged / name).stat().st_mtime_ns) for name in names}


RESUMING = re.compile(r"resuming [0-9a-f]{8}…: (\d+) of (\d+) batches done(?: \(\2 by the size of the sources\))?\n")


def resumed(end: Ended) -> int:
    """How many batches a run says it found done."""
    found = RESUMING.match(end.told)
    return int(found[1]) if found else 0


@pytest.mark.parametrize(("how", "code"), [(SIGKILL, -9), (SIGTERM, 143), (SIGINT, 130)])
def test_it_goes_on_where_it_was_stopped(zygote: Zygote, tmp_path: Path, how: signal.Signals, code: int) -> None:
    prepare(tmp_path)
    whole = Path(shutil.copytree(tmp_path, tmp_path.with_name(f"{tmp_path.name}-whole")))
    assert zygote.run(whole, *LOAD).code == 0
    end = zygote.start(tmp_path, *LOAD, pause_after=PAUSED).paused().stop(how)
    assert end.code == code
    assert how == SIGKILL or "same command again" in end.told
    assert not (tmp_path / "codes.duckdb").exists()
    before = noted(tmp_path)
    begun = len(list(tmp_path.glob(".out.vbatch/judged/*.arrow"))) // 2
    again = zygote.start(tmp_path, *LOAD, pause_after=1).paused()
    now = noted(tmp_path)
    again.go_on()
    ended = again.wait()
    assert {name: now[name] for name in before} == before
    done = resumed(ended)
    assert f": {done} of {BATCHES} batches done (" in ended.told
    assert done == len(before) // 2 >= PAUSED
    assert done + len(ended.batches) == BATCHES
    assert (begun - done) * 10 <= begun, "at most a tenth is done twice"
    assert state(tmp_path) == state(whole)


@pytest.fixture(scope="module")
def stopped(zygote: Zygote, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which a run was killed. Tests work in copies of it."""
    folder = tmp_path_factory.mktemp("stopped")
    prepare(folder)
    zygote.start(folder, *VALIDATE, "--csv", pause_after=PAUSED).paused().stop(SIGKILL)
    return folder


class TestNothingIsReused:
    """After a run was stopped, something changes."""

    @pytest.fixture
    def place(self, stopped: Path, tmp_path: Path) -> Path:
        return Path(shutil.copytree(stopped, tmp_path / "copy"))

    @pytest.mark.parametrize(
        "arguments",
        [
            (*VALIDATE, "--restart"),
            (*VALIDATE[:-1], "50"),
            (*VALIDATE, "--as-of", "2030-01-01T00:00:00Z"),
            (*VALIDATE, "--scope", "other"),
            (*VALIDATE, "--allow-truncated"),
            (*VALIDATE, "-p", "strict.py"),
            ("validate", "first.csv", *VALIDATE[1:]),
        ],
        ids=lambda arguments: " ".join(arguments[-2:]),
    )
    def test_other_options(self, zygote: Zygote, place: Path, arguments: tuple[str, ...]) -> None:
        end = zygote.run(place, *arguments)
        assert end.code in {0, 1}, end.told
        assert resumed(end) == 0
        assert end.batches[0] == (50 if "50" in arguments else 25)
        assert not (place / ".out.vbatch").exists()

    @pytest.mark.parametrize(
        "arguments", [(*VALIDATE, "--max-rejected", "5"), ("load", *VALIDATE[1:]), (*VALIDATE, "--registry", "r.duckdb")]
    )
    def test_options_that_judge_no_row_change_nothing(self, zygote: Zygote, place: Path, arguments: tuple[str, ...]) -> None:
        assert resumed(zygote.run(place, *arguments)) >= PAUSED

    def test_another_version(self, zygote: Zygote, place: Path) -> None:
        assert resumed(zygote.run(place, *VALIDATE, version="9.9.9")) == 0

    def test_another_rule(self, zygote: Zygote, tmp_path: Path) -> None:
        prepare(tmp_path)
        strict = (*VALIDATE, "-p", "strict.py")
        zygote.start(tmp_path, *strict, pause_after=PAUSED).paused().stop(SIGKILL)
        (tmp_path / "strict.py").write_text(STRICT.format(digits=5))
        end = zygote.run(tmp_path, *strict)
        assert (resumed(end), end.code) == (0, 1)
        assert json.loads((tmp_path / "out" / "report.json").read_text())["accepted"] == 0

    def test_another_boot_of_the_machine(self, zygote: Zygote, place: Path) -> None:
        (place / "boot").write_text("of another life")
        assert resumed(zygote.run(place, *VALIDATE, boot=str(place / "boot"))) == 0

    @pytest.mark.parametrize(
        ("file", "damage"),
        [
            ("part-00007.arrow", Path.unlink),
            ("part-00007.findings.arrow", lambda file: file.write_bytes(file.read_bytes() + b"\0")),
            ("part-00007.json", lambda file: os.truncate(file, 100)),
        ],
    )
    def test_what_is_not_as_it_was_noted_is_done_again(
        self, zygote: Zygote, place: Path, file: str, damage: Callable[[Path], None]
    ) -> None:
        damage(place / ".out.vbatch" / "judged" / file)
        end = zygote.run(place, *VALIDATE)
        assert resumed(end) == 7
        assert 7 + len(end.batches) == BATCHES
        assert verify(place / "out") == ()


class TestAnotherContent:
    """A source whose size, time, beginning and end are what they were."""

    @pytest.fixture
    def large(self, tmp_path: Path) -> Iterator[Path]:
        filler = "x" * 1500
        lines = (f"CARD-{number:04d},{number}.50,,{filler}\n" for number in range(2400))
        (tmp_path / "big.csv").write_text(HEADER + "".join(lines))
        yield tmp_path
        shutil.rmtree(tmp_path)

    @pytest.mark.parametrize("line", [1000, 1600], ids=["in what was done", "in what was not done"])
    def test_a_change_in_the_middle(self, zygote: Zygote, large: Path, line: int) -> None:
        arguments = (*VALIDATE[:-1], "100")
        zygote.start(large, *arguments, pause_after=12).paused().stop(SIGKILL)
        source = large / "big.csv"
        facts, content = source.stat(), source.read_bytes()
        changed = content.replace(f"CARD-{line:04d},{line}.50".encode(), f"CARD-{line:04d},{line}.XX".encode())
        assert len(changed) == len(content) > 3 << 20
        source.write_bytes(changed)
        os.utime(source, ns=(facts.st_atime_ns, facts.st_mtime_ns))
        end = zygote.run(large, *arguments)
        assert resumed(end) >= 12
        assert "big.csv: changed since the interrupted run; starting over\n" in end.told or line == 1600
        report = json.loads((large / "out" / "report.json").read_text())
        assert (report["accepted"], report["faults"]) == (2399, {"gift_amount.unreadable": 1})
        assert verify(large / "out") == ()
