"""Starts processes that have imported vbatch already, as fast as a fork; each runs one command line, with a fault in it or watched.

Orders come as lines of JSON on stdin. What a process has to say goes to files and, so that tests need not sleep, to stdout.
Nothing here has used polars or DuckDB before the fork: their threads would not survive it.
"""

import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NoReturn

import disk_steps
import duckdb  # noqa: F401 - everything is imported before the first fork
import pandera.backends.polars.builtin_checks
import pandera.polars  # noqa: F401
import pyarrow.parquet  # noqa: F401

import vbatch
import vbatch.registry
import vbatch.run
from vbatch.cli import explain, judge, registry, shell  # noqa: F401
from vbatch.steps.workspace import journal

TOLD = os.dup(1)


def tell(**values: Any) -> None:
    """One line to the tests; short enough to be written in one piece."""
    os.write(TOLD, json.dumps(values).encode() + b"\n")


def serve() -> None:
    """Start and wait for processes until stdin ends."""
    # Started in the background it would ignore this, and so would all whom it starts.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    # How many batches are judged at a time must not depend on the machine.
    os.cpu_count = lambda: 2
    for line in sys.stdin:
        order = json.loads(line)
        if "wait" in order:
            _, status = os.waitpid(order["wait"], 0)
            tell(ended=order["wait"], code=os.waitstatus_to_exitcode(status))
        elif "mount" in order:
            done = subprocess.run(["mount", "-t", "tmpfs", "-o", order["how"], "tmpfs", order["mount"]], capture_output=True, check=False)
            tell(mounted=order["mount"], error=done.stderr.decode())
        elif process := os.fork():
            tell(started=process)
        else:
            obey(order)


def obey(order: dict[str, Any]) -> NoReturn:
    """Be the process."""
    folder, log = Path(order["folder"]), Path(order["log"])
    os.chdir(folder)
    for stream, name in ((0, os.devnull), (1, f"{log}.out"), (2, f"{log}.err")):
        os.dup2(os.open(name, os.O_RDWR | os.O_CREAT | (os.O_TRUNC if stream else 0)), stream)
    tempfile.tempdir = str(folder / "tmp")
    Path(tempfile.tempdir).mkdir(exist_ok=True)
    journal.BOOT = Path(order.get("boot", journal.BOOT))
    vbatch.__version__ = order.get("version", vbatch.__version__)
    steps = disk_steps.Steps(folder, order.get("fault", ""), order.get("at", 0))
    judge.progress = told(order, batches := [])  # type: ignore[assignment]
    sys.argv = ["vbatch", *order["arguments"]]
    code = 99
    try:
        if order.get("watched"):
            steps.watch()
        shell.main()
    except SystemExit as end:
        code = int(end.code or 0)
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        Path(f"{log}.json").write_bytes(json.dumps({"steps": steps.seen, "batches": batches}).encode())
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
