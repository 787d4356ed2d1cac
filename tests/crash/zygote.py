"""Starts processes that have imported vbatch already, as fast as a fork; each runs one command line, with a fault in it or watched.

Orders come as lines of JSON on stdin. What a process has to say goes to files and, so that tests need not sleep, to stdout.

A fork keeps only the thread that it was made by, and every lock as it was: one that another thread holds just then is held for ever, and
what is forked hangs, now and then. So nothing here uses polars or DuckDB before the fork, and none happens while another thread works.
"""

import ctypes
import faulthandler
import json
import os
import select
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from importlib import import_module
from pathlib import Path
from time import monotonic
from typing import Any, NoReturn

import disk_steps

import vbatch
from vbatch.cli import judge, shell
from vbatch.steps.workspace import journal

USED = (
    *("duckdb", "numpy.ma", "pyarrow.compute", "pyarrow.parquet", "vbatch.registry", "vbatch.run"),
    *("pandera.polars", "pandera.api.pandas", "pandera.backends.polars.builtin_checks", "pandera.backends.polars.register"),
    *("pandera.backends.polars.components", "pandera.backends.polars.container"),
)
"""What a run imports when it needs it."""

TOLD = os.dup(1)
PATIENCE = 120
"""Seconds after which a process hangs."""
IDLE = {"polars-ooc-clea"}
"""Threads that wait, without holding anything, for orders that nobody gives here: one that would remove what polars spilled."""


def tell(**values: Any) -> None:
    """One line to the tests; short enough to be written in one piece."""
    os.write(TOLD, json.dumps(values).encode() + b"\n")


def serve() -> None:
    """Start and wait for processes until stdin ends."""
    sys.modules["hypothesis"] = None  # type: ignore[assignment] # as vbatch itself does
    for name in USED:
        import_module(name)
    # Started in the background it would ignore this, and so would all whom it starts.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    # How many batches are judged at a time must not depend on the machine.
    os.cpu_count = lambda: 2
    for line in sys.stdin:
        order = json.loads(line)
        if "wait" in order:
            tell(ended=order["wait"], code=ended(order["wait"]))
        elif "mount" in order:
            done = subprocess.run(["mount", "-t", "tmpfs", "-o", order["how"], "tmpfs", order["mount"]], capture_output=True, check=False)
            tell(mounted=order["mount"], error=done.stderr.decode())
        elif process := fork():
            tell(started=process)
        else:
            obey(order)


def fork() -> int:
    """Fork as soon as nobody else works."""
    until = monotonic() + PATIENCE
    while working := [one for one in others() if one.split("(")[1].split(")")[0] not in IDLE or one.rpartition(") ")[2][0] != "S"]:
        assert monotonic() < until, f"a fork would be dangerous now: {working}"
        os.sched_yield()
    return os.fork()


def others() -> Iterator[str]:
    """The state of each other thread; one may end meanwhile."""
    for thread in os.listdir("/proc/self/task"):
        if int(thread) != os.getpid():
            with suppress(FileNotFoundError, ProcessLookupError):
                yield Path("/proc/self/task", thread, "stat").read_text()


def ended(process: int) -> int:
    """The exit code of a process; one that hangs writes to its stderr where, and is ended."""
    descriptor = os.pidfd_open(process)
    for how in (signal.SIGABRT, signal.SIGKILL):
        if not select.select([descriptor], [], [], PATIENCE if how == signal.SIGABRT else 10)[0]:
            os.kill(process, how)
    os.close(descriptor)
    _, status = os.waitpid(process, 0)
    return os.waitstatus_to_exitcode(status)


def obey(order: dict[str, Any]) -> NoReturn:
    """Be the process."""
    folder, log = Path(order["folder"]), Path(order["log"])
    os.chdir(folder)
    for stream, name in ((0, os.devnull), (1, f"{log}.out"), (2, f"{log}.err")):
        os.dup2(os.open(name, os.O_RDWR | os.O_CREAT | (os.O_TRUNC if stream else 0)), stream)
    faulthandler.enable()
    tempfile.tempdir = str(folder / "tmp")
    Path(tempfile.tempdir).mkdir(exist_ok=True)
    journal.BOOT = Path(order.get("boot", journal.BOOT))
    vbatch.__version__ = order.get("version", vbatch.__version__)
    judge.progress = told(order, batches := [])  # type: ignore[assignment]

    native = ctypes.CDLL(None) if "native" in order else None

    def last_words() -> None:
        calls = native.native_seen() if native else 0
        told = {"steps": steps.seen, "batches": batches, "durable": steps.durable, "calls": calls}
        Path(f"{log}.json").write_bytes(json.dumps(told).encode())

    steps = disk_steps.Steps(folder, order.get("fault", ""), order.get("at", 0), last_words)
    sys.argv = ["vbatch", *order["arguments"]]
    # It would end the process before its last words.
    shell._end = sys.exit
    code = 99
    try:
        if order.get("watched"):
            steps.watch()
        if native:
            native.native_arm(ctypes.c_long(order["native"]), order["what"])
        shell.main()
    except SystemExit as end:
        code = int(end.code or 0)
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        last_words()
        os._exit(code)


def told(order: dict[str, Any], batches: list[int]) -> Any:
    """In place of the progress bar: keeps what it is told, and after some batches waits until the test writes into a pipe."""

    @contextmanager
    def progress(_total: int, *, quiet: bool) -> Iterator[Any]:  # noqa: ARG001
        def tell_batch(_done: int, records: int, _rejected: int) -> None:
            batches.append(records)
            if len(batches) == order.get("pause_after"):
                tell(paused=os.getpid())
                Path(order["go"]).read_bytes()

        yield tell_batch

    return progress


if __name__ == "__main__":
    serve()
