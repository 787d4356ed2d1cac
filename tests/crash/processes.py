"""Real processes that run vbatch, in a folder of their own, and what they leave there."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

ZYGOTE = Path(__file__).with_name("zygote.py")


@dataclass(frozen=True)
class Ended:
    """How a process ended.

    Args:
        code: its exit code; the number of a signal that killed it, negative.
        told: what it wrote to stderr.
        steps: what it did to the disk and the registry, if it was watched and lived.
        batches: records judged after each batch that its progress was told of, if it lived.
    """

    code: int
    told: str
    steps: list[str] = field(default_factory=list)
    batches: list[int] = field(default_factory=list)


class Running:
    """A process that was started."""

    def __init__(self, zygote: "Zygote", process: int, log: Path, go: Path) -> None:
        self._zygote, self.process, self._log, self._go = zygote, process, log, go

    def wait(self) -> Ended:
        """Its end."""
        self._zygote.order(wait=self.process)
        code = int(self._zygote.answer("ended", self.process)["code"])
        file = Path(f"{self._log}.json")
        more = json.loads(file.read_text()) if file.exists() else {}
        file.unlink(missing_ok=True)
        return Ended(code, Path(f"{self._log}.err").read_text(), **more)

    def stop(self, how: signal.Signals) -> Ended:
        """Its end, by a signal."""
        os.kill(self.process, how)
        return self.wait()

    def paused(self) -> "Running":
        """Itself, when it has come to its pause."""
        self._zygote.answer("paused", self.process)
        return self

    def go_on(self) -> None:
        """Ends its pause."""
        self._go.write_bytes(b"go")


class Zygote:
    """Forks processes that have imported everything already.

    Args:
        logs: a folder for what the processes say.
        inside: a command that it is started by.
    """

    def __init__(self, logs: Path, inside: Sequence[str] = ()) -> None:
        self.logs, self.count = logs, 0
        self._answers: list[dict[str, Any]] = []
        self._server = subprocess.Popen(
            [*inside, sys.executable, ZYGOTE], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment(), cwd=logs
        )

    @property
    def process(self) -> int:
        """Its number."""
        return self._server.pid

    def start(self, folder: Path, *arguments: str, **order: Any) -> Running:
        """Start `vbatch ARGUMENTS` in a folder.

        Args:
            folder: its working directory, whose `tmp` it uses for temporary files.
            arguments: of the command line.
            order: fault and at (what `disk_steps.Steps` takes), watched, pause_after (batches), version, boot (a file that names it).
        """
        self.count += 1
        log, go = self.logs / str(self.count), self.logs / f"{self.count}.go"
        if "pause_after" in order:
            os.mkfifo(go)
        if "fault" in order:
            order["watched"] = True
        self.order(folder=str(folder), log=str(log), go=str(go), arguments=arguments, **order)
        return Running(self, int(self.answer("started")["started"]), log, go)

    def run(self, folder: Path, *arguments: str, **order: Any) -> Ended:
        """Start it and wait for it."""
        return self.start(folder, *arguments, **order).wait()

    def mount(self, folder: Path, how: str) -> None:
        """Mount a file system in memory, which only its processes see, or change it.

        Args:
            folder: where.
            how: the options of the mount.
        """
        self.order(mount=str(folder), how=how)
        error = self.answer("mounted")["error"]
        if error:
            pytest.skip(f"nothing can be mounted here: {error.strip()}")

    def seen(self, folder: Path) -> Path:
        """A folder as its processes see it."""
        return Path(f"/proc/{self.process}/root", folder.relative_to("/"))

    def order(self, **what: Any) -> None:
        """Send one line."""
        assert self._server.stdin is not None
        self._server.stdin.write(json.dumps(what) + "\n")
        self._server.stdin.flush()

    def answer(self, kind: str, process: int | None = None) -> dict[str, Any]:
        """The next line of a kind; others are kept for who asks for them."""
        assert self._server.stdout is not None
        while True:
            for one in self._answers:
                if kind in one and process in {None, one[kind]}:
                    self._answers.remove(one)
                    return one
            line = self._server.stdout.readline()
            assert line, "the zygote died"
            self._answers.append(json.loads(line))

    def close(self) -> None:
        """End it."""
        self._server.communicate()


def environment() -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("VBATCH_")}
    # A fork keeps only the thread that it was made by, so the fewer there are the better; and the machine is small.
    return kept | {"OPENBLAS_NUM_THREADS": "1", "COLUMNS": "100", "NO_COLOR": "1"}
