"""A registry that another process holds."""

import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb
import pytest

from vbatch.errors import RegistryBusyError
from vbatch.model.registered import RegisteredRun
from vbatch.registry import Registry, connect

Part = Callable[..., Path]
Run = Callable[..., RegisteredRun]
Holder = subprocess.Popen[str]

HOLD = """
import sys, duckdb
con = duckdb.connect(sys.argv[1], read_only=sys.argv[2] == "reader")
print("held", flush=True)
sys.stdin.readline()
con.close()
print("released", flush=True)
"""


@contextmanager
def held(registry: Registry, how: str = "writer") -> Iterator[Holder]:
    command = [sys.executable, "-c", HOLD, str(registry.path), how]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert says(process) == "held"
        try:
            yield process
        finally:
            process.kill()


def says(process: Holder) -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


def let_go(process: Holder) -> None:
    assert process.stdin is not None
    process.stdin.write("\n")
    process.stdin.flush()
    assert says(process) == "released"


@pytest.fixture
def filled(registry: Registry, part: Part, run: Run) -> Registry:
    registry.register(run("r1"), [part("old.parquet", "A")])
    return registry


def test_a_held_registry_is_busy_and_its_holder_named(filled: Registry, part: Part, run: Run) -> None:
    one = part("new.parquet", "B")
    with held(filled) as process:
        with pytest.raises(RegistryBusyError, match=f"held by process {process.pid}$") as caught:
            filled.runs()
        assert caught.value.exit_code == 75
        assert "--wait" in caught.value.hint
        assert "died on another host" in caught.value.hint
        with pytest.raises(RegistryBusyError):
            filled.lookup("shop", [one], apart_from="")
        with pytest.raises(RegistryBusyError):
            filled.register(run("r2"), [one])
        let_go(process)
    assert filled.runs().height == 1


def test_readers_share_the_registry_but_stop_a_writer(filled: Registry, run: Run) -> None:
    with held(filled, "reader"):
        assert filled.runs().height == 1
        with pytest.raises(RegistryBusyError):
            filled.register(run("r2"), [])


def test_a_waiting_call_goes_on_when_the_holder_lets_go(filled: Registry, part: Part, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    with held(filled) as process:
        monkeypatch.setattr(connect, "sleep", lambda _: let_go(process))
        Registry(filled.path, wait=3600).register(run("r2"), [part("new.parquet", "B")])
    assert filled.runs()["run_id"].to_list() == ["r1", "r2"]


def test_readers_wait_for_a_writer_too(filled: Registry, monkeypatch: pytest.MonkeyPatch) -> None:
    with held(filled) as process:
        monkeypatch.setattr(connect, "sleep", lambda _: let_go(process))
        assert Registry(filled.path, wait=3600).timeline("A").height == 1


def test_a_waiting_call_gives_up_after_growing_pauses(filled: Registry, monkeypatch: pytest.MonkeyPatch) -> None:
    pauses: list[float] = []
    monkeypatch.setattr(connect, "monotonic", lambda: sum(pauses))
    monkeypatch.setattr(connect, "sleep", pauses.append)
    with held(filled), pytest.raises(RegistryBusyError):
        Registry(filled.path, wait=5).runs()
    assert sum(pauses) == pytest.approx(5)
    assert pauses[:-1] == sorted(pauses[:-1])
    assert max(pauses) <= 1


def test_another_connection_of_this_process_counts_too(filled: Registry) -> None:
    with duckdb.connect(str(filled.path)), pytest.raises(RegistryBusyError, match="another connection"):
        filled.runs()
