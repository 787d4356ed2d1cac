"""A signal stops a query at once, undoes its transaction, and what its handler raised comes out as itself."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Thread

import pytest

from vbatch.model.registered import RegisteredRun
from vbatch.registry import Registry
from vbatch.registry.connect import opened, transaction
from vbatch.registry.session import writing
from vbatch.registry.signals import deferred

Part = Callable[..., Path]
Run = Callable[..., RegisteredRun]
ENDLESS = "SELECT count(*) FROM range(100000000000) WHERE hash(range) = 7"


class StoppedError(BaseException):
    """What a scheduler's handler may raise."""


@pytest.fixture
def handled() -> Iterator[Callable[[BaseException | None], list[int]]]:
    """Makes SIGALRM raise this, and lists the signals that arrived."""
    before = signal.getsignal(signal.SIGALRM)
    arrived: list[int] = []

    def arm(error: BaseException | None) -> list[int]:
        def handle(number: int, _: object) -> None:
            arrived.append(number)
            if error is not None:
                raise error

        signal.signal(signal.SIGALRM, handle)
        return arrived

    yield arm
    signal.setitimer(signal.ITIMER_REAL, 0)
    signal.signal(signal.SIGALRM, before)


@pytest.mark.parametrize("kind", [KeyboardInterrupt, SystemExit, StoppedError, OSError])
def test_what_a_handler_raises_comes_out_and_nothing_is_changed(
    registry: Registry, run: Run, handled: Callable[[BaseException | None], list[int]], kind: type[BaseException]
) -> None:
    registry.register(run("r1"), [])
    error = kind(143)
    handled(error)
    own = signal.getsignal(signal.SIGALRM)
    start = time.monotonic()

    def interrupted() -> None:
        with writing(registry.path, wait=0) as con, transaction(con):
            con.execute("DELETE FROM runs")
            signal.setitimer(signal.ITIMER_REAL, 0.1)
            con.execute(ENDLESS)

    with pytest.raises(kind) as caught:
        interrupted()
    assert caught.value is error
    assert time.monotonic() - start < 10
    assert signal.getsignal(signal.SIGALRM) is own
    assert registry.runs().height == 1


def test_a_handler_that_raises_nothing_stops_nothing(registry: Registry, handled: Callable[[BaseException | None], list[int]]) -> None:
    arrived = handled(None)
    signal.setitimer(signal.ITIMER_REAL, 0.05)
    with opened(registry.path, writable=True, wait=0) as con:
        assert con.execute("SELECT count(*) FROM range(300000000)").fetchall() == [(300_000_000,)]
        while not arrived:
            con.execute("SELECT 1")


def test_a_commit_is_finished_before_the_signal_counts(handled: Callable[[BaseException | None], list[int]]) -> None:
    arrived = handled(KeyboardInterrupt())
    seen: list[list[int]] = []

    def commit() -> None:
        with deferred():
            os.kill(os.getpid(), signal.SIGALRM)
            time.sleep(0.01)
            seen.append([*arrived])

    with pytest.raises(KeyboardInterrupt):
        commit()
    assert (seen, arrived) == ([[]], [signal.SIGALRM])


def test_an_interrupted_commit_is_made_before_the_interruption_is_told(
    registry: Registry, run: Run, handled: Callable[[BaseException | None], list[int]]
) -> None:
    registry.register(run("r1"), [])
    handled(KeyboardInterrupt())

    class Interrupted:
        """A connection that meets a signal in the middle of its commit."""

        def __getattr__(self, name: str) -> object:
            return getattr(con, name)

        def commit(self) -> None:
            os.kill(os.getpid(), signal.SIGALRM)
            time.sleep(0.01)
            con.commit()

    def change() -> None:
        with transaction(Interrupted()):  # type: ignore[arg-type]
            con.execute("DELETE FROM runs")

    with writing(registry.path, wait=0) as con, pytest.raises(KeyboardInterrupt):
        change()
    assert registry.runs().is_empty()


def test_a_runtime_error_without_a_signal_stays_one(registry: Registry) -> None:
    with pytest.raises(RuntimeError, match="mine"), opened(registry.path, writable=True, wait=0):
        raise RuntimeError("mine")


def test_other_threads_use_the_registry_without_touching_signals(registry: Registry, part: Part, run: Run) -> None:
    one = part("p.parquet", "A")
    thread = Thread(target=lambda: registry.register(run("r1"), [one]))
    thread.start()
    thread.join()
    assert registry.find("A").height == 1


TERMINATED = """
import signal, sys
from pathlib import Path
from vbatch.registry import Registry
from vbatch.registry.connect import transaction
from vbatch.registry.errors import named_errors
from vbatch.registry.session import writing

def main() -> int:
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    path = Path(sys.argv[1])
    with named_errors(path), writing(path, wait=0) as con, transaction(con):
        con.execute("DELETE FROM runs")
        print("started", flush=True)
        con.execute(sys.argv[2])
    return 0

sys.exit(main())
"""


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGINT, -signal.SIGINT)])
def test_a_process_ends_as_its_handlers_say(registry: Registry, run: Run, number: signal.Signals, code: int) -> None:
    registry.register(run("r1"), [])
    command = [sys.executable, "-c", TERMINATED, str(registry.path), ENDLESS]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "started\n"
        process.send_signal(number)
        assert process.wait(timeout=20) == code
    assert registry.runs().height == 1
    assert [path.name for path in registry.path.parent.iterdir()] == ["codes.duckdb"]
