"""What a process takes."""

import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from threading import Event, Thread
from time import perf_counter
from typing import NamedTuple, Self

PROC = Path("/proc")
OFTEN = 0.01
"""Seconds between two looks at the memory."""

FINE = {0, 1}
"""Exit codes of a process that did its work; vbatch ends with 1 where some records are rejected."""


class Cost(NamedTuple):
    """What a process took: seconds on the clock, seconds of all cores, and the most memory at once, in MiB.

    Memory is what is the process's own: mapped files do not count, since the system can take their pages back at any time. Where the system
    does not tell, which is everywhere but on Linux, they count.
    """

    wall: float
    cpu: float
    memory: float


def cost(command: Sequence[str], folder: Path) -> Cost:
    """Run a command in an empty folder."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    began = perf_counter()
    process = subprocess.Popen(command, cwd=folder, stdout=subprocess.DEVNULL)
    with _Watch(process.pid) as watch:
        _, status, usage = os.wait4(process.pid, 0)
        wall = perf_counter() - began
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode not in FINE:
        raise SystemExit(f"failed: {' '.join(command)}")
    most = usage.ru_maxrss / (1 << 20 if sys.platform == "darwin" else 1 << 10)
    return Cost(wall, usage.ru_utime + usage.ru_stime, watch.most / (1 << 10) or most)


class _Watch:
    """Looks at a process's memory until it is gone: a thread, so that the wait for its end is exact.

    Args:
        pid: the process.
    """

    def __init__(self, pid: int) -> None:
        self.most = 0
        self._status = PROC / str(pid) / "status"
        self._gone = Event()
        self._thread = Thread(target=self._look)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._gone.set()
        self._thread.join()

    def _look(self) -> None:
        while not self._gone.wait(OFTEN):
            with suppress(OSError):
                self.most = max(self.most, _anonymous(self._status.read_text()))


def _anonymous(status: str) -> int:
    """KiB of anonymous memory; 0 for a process that has ended."""
    _, found, rest = status.partition("RssAnon:")
    return int(rest.split(maxsplit=1)[0]) if found else 0
