"""Real processes that run vbatch, in a folder of their own, and what they leave there."""

import json
import os
import select
import signal
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

ZYGOTE = Path(__file__).with_name("zygote.py")
PATIENCE = 150
"""Seconds that an answer may take; what runs for too long says where it stands and dies before that."""


@dataclass(frozen=True)
class Ended:
    """How a process ended.

    Args:
        code: its exit code; the number of a signal that killed it, negative.
        told: what it wrote to stderr.
        data: what it wrote to stdout.
        steps: what it did to the disk and the registry, if it was watched and lived.
        batches: records judged after each batch that its progress was told of, if it lived.
        calls: system calls that changed files, if they were counted and it lived.
        durable: what it had synced to the disk, if it lived or the power failed.
    """

    code: int
    told: str
    data: str = ""
    steps: list[str] = field(default_factory=list)
    batches: list[int] = field(default_factory=list)
    calls: int = 0
    durable: dict[str, Any] = field(default_factory=dict)


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
        return Ended(code, Path(f"{self._log}.err").read_text(), Path(f"{self._log}.out").read_text(), **more)

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
        preloaded: a library that all its processes have.
    """

    def __init__(self, logs: Path, inside: Sequence[str] = (), preloaded: Path | None = None) -> None:
        self.logs, self.count = logs, 0
        self._answers: list[dict[str, Any]] = []
        self._rest = b""
        settings = environment() | ({"LD_PRELOAD": str(preloaded)} if preloaded else {})
        self._server = subprocess.Popen(
            [*inside, sys.executable, ZYGOTE], stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=settings, cwd=logs
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
        self._server.stdin.write(json.dumps(what).encode() + b"\n")
        self._server.stdin.flush()

    def answer(self, kind: str, process: int | None = None) -> dict[str, Any]:
        """The next line of a kind; others are kept for who asks for them."""
        while True:
            for one in self._answers:
                if kind in one and process in {None, one[kind]}:
                    self._answers.remove(one)
                    return one
            self._answers += self._lines(f"{kind} {process or ''}")

    def _lines(self, awaited: str) -> list[dict[str, Any]]:
        """What the processes have told meanwhile, whole lines only."""
        assert self._server.stdout is not None
        descriptor = self._server.stdout.fileno()
        assert select.select([descriptor], [], [], PATIENCE)[0], f"it was not told in time: {awaited}"
        told = os.read(descriptor, 1 << 16)
        assert told, "the zygote died"
        *lines, self._rest = (self._rest + told).split(b"\n")
        return [json.loads(line) for line in lines]

    def close(self) -> None:
        """End it."""
        self._server.communicate()


def environment() -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("VBATCH_")}
    # The allocators of polars and Arrow work in threads of their own, and no fork may happen while another thread works.
    alone = dict.fromkeys(["_RJEM_MALLOC_CONF", "JE_ARROW_MALLOC_CONF"], "background_thread:false")
    return kept | alone | {"OPENBLAS_NUM_THREADS": "1"} | {"COLUMNS": "100", "NO_COLOR": "1"}
