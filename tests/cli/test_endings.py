"""How a run ends that is stopped, is not listened to, or meets a bug; and how it looks on a terminal."""

import os
import pty
import re
import signal
import subprocess
from contextlib import suppress
from pathlib import Path

import pytest
from conftest import SCRIPT, environment, steady

from vbatch.cli import judge
from vbatch.cli.shell import run
from vbatch.errors import OutputError

VALIDATE = ("validate", "cards.csv", "-p", "gift_cards", "-o", "out")


@pytest.mark.parametrize(
    ("stop", "told", "code"), [(signal.SIGINT, "interrupted", 130), (signal.SIGTERM, "terminated", 143), (signal.SIGHUP, "terminated", 129)]
)
def test_a_stopped_run_leaves_nothing(stop: signal.Signals, told: str, code: int, tmp_path: Path) -> None:
    pipe = tmp_path / "endless.csv"
    os.mkfifo(pipe)
    command = [SCRIPT, "load", pipe, "-p", "gift_cards", "-o", "out"]
    # A process that was started in the background ignores SIGINT, and its children would inherit that.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        running = subprocess.Popen(command, cwd=tmp_path, env=environment(), stderr=subprocess.PIPE, text=True)
    finally:
        signal.signal(signal.SIGINT, before)
    try:
        with pipe.open("wb"):  # opens only when the other side reads
            err = told_when_stopped(running, stop)
    finally:
        running.kill()
    assert err.strip() == f"error: {told}\nhint: run the same command again to continue; what is finished is kept"
    assert running.returncode == code
    assert {path.name for path in tmp_path.iterdir()} <= {"endless.csv", ".out.vbatch"}


def told_when_stopped(running: "subprocess.Popen[str]", stop: signal.Signals) -> str:
    """What a process says at its end. A signal between Python's look at its signals and a read that blocks is only seen with the next."""
    for patience in (15, 30, 60):
        running.send_signal(stop)
        with suppress(subprocess.TimeoutExpired):
            return running.communicate(timeout=patience)[1]
    raise AssertionError("it does not stop")


def test_a_reader_that_leaves_early_is_no_error(exports: Path) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "wb") as closed:
        done = subprocess.run(
            [SCRIPT, *VALIDATE, "--format", "json", "-q"],
            cwd=exports,
            env=environment(),
            stdout=closed,
            stderr=subprocess.PIPE,
            check=False,
        )
    assert (done.returncode, done.stderr) == (1, b"")
    assert (exports / "out" / "report.json").exists()


def test_data_that_cannot_be_written_is_an_error_and_a_summary_is_not(exports: Path) -> None:
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(
            [SCRIPT, "explain", "-p", "code_list"],
            cwd=exports,
            env=environment(),
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
        expected = "error: stdout cannot be written: No space left on device\nhint: check where it is redirected to\n"
        assert (done.returncode, done.stderr) == (2, expected)
        silent = subprocess.run([SCRIPT, *VALIDATE], cwd=exports, env=environment(), stdout=subprocess.PIPE, stderr=full, check=False)
        assert (silent.returncode, silent.stdout) == (1, b"")


def test_on_a_terminal_it_has_colours_and_no_progress_stays(exports: Path) -> None:
    ours, theirs = pty.openpty()
    running = subprocess.Popen([SCRIPT, *VALIDATE], cwd=exports, env=environment(TERM="xterm-256color"), stderr=theirs)
    os.close(theirs)
    shown = b""
    try:
        while piece := os.read(ours, 1 << 16):
            shown += piece
    except OSError:  # the other side is closed
        pass
    finally:
        os.close(ours)
    assert running.wait(timeout=30) == 1
    text = shown.decode()
    assert "reading" in text
    assert "\x1b[1;33mVALIDATED\x1b[0m" in text
    # What erases the bar comes before the summary.
    summary = text[text.rindex("\x1b[2K") :]
    plain = steady(re.sub(r"\x1b\[[\d;?]*[A-Za-z]", "", summary).replace("\r", ""))
    assert plain.lstrip("\n").startswith(
        "VALIDATED  2 of 7 records accepted; 5 rejected, and --max-rejected allows 0\n  gift_cards to voucherify,"
    )


class TestFailures:
    """Errors of a verb's body, whatever they are, in the words of the command line."""

    def _fail(self, monkeypatch: pytest.MonkeyPatch, error: BaseException) -> None:
        def body(*_: object) -> int:
            raise error

        monkeypatch.setattr(judge, "judge", body)

    def test_a_bug_shows_where_and_not_what(self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
        self._fail(monkeypatch, ValueError("GIFT-0001-AAAA"))
        assert run(["validate", "a.csv", "-p", "gift_cards"]) == 2
        told = capsys.readouterr().err
        assert re.fullmatch(
            r"error: internal error: ValueError at vbatch/cli/app\.py:\d+\nhint: this is a bug in vbatch: .*--debug.*\n", told
        )

    @pytest.mark.parametrize("how", ["option", "variable"])
    def test_debug_shows_the_traceback_too(self, how: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
        self._fail(monkeypatch, ValueError("GIFT-0001-AAAA"))
        if how == "variable":
            monkeypatch.setenv("VBATCH_DEBUG", "1")
        assert run(["validate", "a.csv", "-p", "gift_cards", *(["--debug"] if how == "option" else [])]) == 2
        told = capsys.readouterr().err
        assert told.startswith("Traceback (most recent call last):\n")
        assert "ValueError: GIFT-0001-AAAA\nerror: internal error: ValueError at " in told

    @pytest.mark.parametrize(
        ("error", "told"),
        [
            (MemoryError(), "error: there is not enough memory\nhint: judge fewer records at a time with --batch-rows\n"),
            (
                OSError(5, "Input/output error", "x.csv"),
                "error: x.csv: Input/output error\nhint: check the path, its permissions and the disk\n",
            ),
            (OutputError("two\nlines", hint="\x1b[2J"), "error: two\\nlines\nhint: \\x1b[2J\n"),
        ],
    )
    def test_others_are_told_as_what_they_are(
        self, error: Exception, told: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        self._fail(monkeypatch, error)
        assert run(["load", "a.csv", "-p", "gift_cards"]) == 2
        assert capsys.readouterr().err == told

    def test_an_interruption_outside_a_run(self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
        self._fail(monkeypatch, KeyboardInterrupt())
        assert run(["load", "a.csv", "-p", "gift_cards"]) == 130
        assert capsys.readouterr().err.strip() == "error: interrupted\nhint: run the same command again"
