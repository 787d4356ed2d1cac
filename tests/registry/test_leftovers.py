"""What a killed process leaves in folders of its own is removed by the next; what somebody holds, or made himself, is not touched."""

import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from vbatch.model.registered import RegisteredRun
from vbatch.registry import Registry
from vbatch.registry.durable import held_folder, sweep

Part = Callable[..., Path]
Run = Callable[..., RegisteredRun]

DIE = "import os, duckdb; os.kill(os.getpid(), 9)"
KILLED = f"""
import sys
from pathlib import Path
from vbatch.registry import Registry, export, session

def die(*_):
    {DIE}

session._publish = die
export.first = die
registry = Registry(Path(sys.argv[1]))
registry.export(Path(sys.argv[2])) if registry.exists() else session.create(registry._file, lambda _: None)
"""


def killed(registry: Registry, target: Path) -> None:
    done = subprocess.run([sys.executable, "-c", KILLED, str(registry.path), str(target)], check=False, env={"TMPDIR": str(target.parent)})
    assert done.returncode == -signal.SIGKILL


@pytest.fixture
def target(registry: Registry) -> Path:
    return registry.path.with_name("export.csv")


def test_the_draft_of_a_registry(registry: Registry, target: Path, run: Run) -> None:
    killed(registry, target)
    assert not registry.exists()
    assert list(registry.path.parent.glob(".codes.duckdb.*.draft/codes.duckdb"))
    registry.upgrade()
    assert list(registry.path.parent.glob(".codes.duckdb.*")) == []
    registry.register(run("r1"), [])
    assert registry.runs().height == 1


def test_the_draft_of_an_export(registry: Registry, target: Path, run: Run, part: Part) -> None:
    registry.register(run("r1"), [part("p.parquet", "A")])
    killed(registry, target)
    assert list(target.parent.glob(".export.csv.*.draft/export.csv"))
    assert registry.export(target) == 1
    assert list(target.parent.glob(".export.csv.*")) == []


def test_where_duckdb_spills(registry: Registry, target: Path, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    registry.register(run("r1"), [])
    killed(registry, target)
    assert list(target.parent.glob("vbatch-registry-*"))
    monkeypatch.setattr("tempfile.tempdir", str(target.parent))
    registry.runs()
    assert list(target.parent.glob("vbatch-registry-*")) == []


def test_what_somebody_holds_is_left_alone(tmp_path: Path) -> None:
    with held_folder(tmp_path, ".codes.duckdb.") as folder:
        sweep(tmp_path, ".codes.duckdb.")
        with held_folder(tmp_path, ".codes.duckdb.") as other:
            assert sorted(tmp_path.iterdir()) == sorted([folder, other])
        assert list(tmp_path.iterdir()) == [folder]
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "name", [".codes.duckdb.mine", ".codes.duckdb.draft", ".codes.duckdb.csv.12345678.draft", "codes.duckdb.12345678.draft"]
)
def test_what_has_another_name_is_left_alone(tmp_path: Path, name: str) -> None:
    (tmp_path / name).mkdir()
    sweep(tmp_path, ".codes.duckdb.")
    assert (tmp_path / name).exists()


def test_a_link_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / ".codes.duckdb.12345678.draft").symlink_to(tmp_path / "mine")
    sweep(tmp_path, ".codes.duckdb.")
    assert (tmp_path / "mine").exists()
