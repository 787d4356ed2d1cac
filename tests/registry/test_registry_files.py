"""Codes are bearer money: no file of the registry may be read by others, whatever the umask."""

import os
import signal
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import duckdb
import pytest

from vbatch.model.registered import RegisteredRun
from vbatch.registry import Registry, session
from vbatch.registry.connect import Connection, opened, transaction

Part = Callable[..., Path]
Run = Callable[..., RegisteredRun]

KILLED = """
import os, sys
from pathlib import Path
from vbatch.registry import Registry
from vbatch.registry.connect import transaction
from vbatch.registry.session import writing

os.umask(0)
with writing(Registry(Path(sys.argv[1]))._file, wait=0) as con:
    with transaction(con):
        con.execute("INSERT INTO codes SELECT hash('late'), 'late', 1, 0, 2")
    os.kill(os.getpid(), 9)
"""


@pytest.fixture(autouse=True)
def _permissive_umask() -> Iterator[None]:
    before = os.umask(0)
    yield
    os.umask(before)


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_a_new_registry_belongs_to_its_owner_alone(registry: Registry, part: Part, run: Run) -> None:
    one = part("p.parquet", "A")
    registry.register(run("r1"), [one])
    assert mode(registry.path) == 0o600
    assert sorted(registry.path.parent.iterdir()) == [registry.path, one]


def test_while_it_is_made_it_stands_in_a_folder_of_its_own(registry: Registry) -> None:
    seen: list[int] = []

    def look(_: Connection) -> None:
        (folder,) = registry.path.parent.iterdir()
        seen.extend([mode(folder), mode(folder / registry.path.name)])

    assert session.create(registry.path, look)
    assert seen == [0o700, 0o600]


def test_permissions_of_an_existing_registry_are_kept(registry: Registry, run: Run) -> None:
    registry.register(run("r1"), [])
    registry.path.chmod(0o660)
    registry.register(run("r2"), [])
    assert mode(registry.path) == 0o660


@pytest.mark.parametrize("linked", [False, True], ids=["file", "link"])
def test_the_log_of_a_killed_run_is_private_and_is_read(registry: Registry, part: Part, run: Run, *, linked: bool) -> None:
    registry.register(run("r1"), [part("p.parquet", "A")])
    link = registry.path.with_name("link.duckdb")
    link.symlink_to(registry.path)
    command = [sys.executable, "-c", KILLED, str(link if linked else registry.path)]
    killed = subprocess.run(command, check=False, env={**os.environ, "TMPDIR": str(registry.path.parent)})
    assert killed.returncode == -signal.SIGKILL
    log = Path(f"{registry.path}.wal")
    assert mode(log) == 0o600
    assert registry.find("late")["record"].to_list() == [2]
    assert log.exists()
    Registry(link).register(run("r2"), [part("q.parquet", "B")])
    assert not log.exists()
    assert registry.runs()["codes"].to_list() == [2, 1]


def test_spilled_codes_stay_private_and_go(registry: Registry, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    registry.register(run("r1"), [])
    spill = tmp_path / "spill"
    spill.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(spill))
    with opened(registry.path.resolve(), writable=False, wait=0) as con:
        (folder,) = spill.iterdir()
        assert mode(folder) == 0o700
        assert con.execute("SELECT current_setting('temp_directory')").fetchall() == [(str(folder),)]
    assert list(spill.iterdir()) == []


def test_no_query_may_fetch_an_extension(registry: Registry, run: Run) -> None:
    registry.register(run("r1"), [])
    with opened(registry.path.resolve(), writable=False, wait=0) as con:
        query = "SELECT current_setting('autoinstall_known_extensions'), current_setting('autoload_known_extensions')"
        assert con.execute(query).fetchall() == [(False, False)]


def test_a_transaction_that_met_an_error_never_commits(registry: Registry, run: Run) -> None:
    registry.register(run("r1"), [])
    with session.writing(registry.path.resolve(), wait=0) as con:
        with pytest.raises(duckdb.CatalogException), transaction(con):
            con.execute("DELETE FROM runs; SELECT no_such_function()")
        assert con.execute("SELECT count(*) FROM runs").fetchall() == [(1,)]
