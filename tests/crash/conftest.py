import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from cases import FIRST, REPLACING, VALIDATING, Undisturbed, sources
from processes import Zygote

Folders = pytest.TempPathFactory
Tried = Callable[[str, int, int], None]


@pytest.fixture
def tried(record_property: Callable[[str, object], None]) -> Tried:
    """Keeps at how many steps of how many a fault was tried, to be told in the end."""
    return lambda what, points, total: record_property("tried", f"{what}: at {points} of {total}, each followed by a second run")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Tell what was tried, since that a test has passed says little of it."""
    for report in terminalreporter.getreports("passed"):
        for line in [value for name, value in report.user_properties if name == "tried"]:
            terminalreporter.write_line(str(line))


@pytest.fixture(scope="session")
def zygote(tmp_path_factory: Folders) -> Iterator[Zygote]:
    """What starts the processes of these tests."""
    zygote = Zygote(tmp_path_factory.mktemp("logs"))
    yield zygote
    zygote.close()


@pytest.fixture(scope="session")
def private(tmp_path_factory: Folders) -> Iterator[Zygote]:
    """What starts processes that see mounts of their own."""
    if os.geteuid() != 0 or shutil.which("unshare") is None:
        pytest.skip("only root can mount a small disk, and only in a namespace of its own")
    zygote = Zygote(tmp_path_factory.mktemp("private"), ["unshare", "--mount"])
    yield zygote
    zygote.close()


@pytest.fixture(scope="session")
def native(tmp_path_factory: Folders) -> Iterator[Zygote]:
    """What starts processes whose system calls are counted, and can fail."""
    compiler = shutil.which("cc")
    if compiler is None or sys.platform != "linux":
        pytest.skip("there is no C compiler, or nothing that can be preloaded")
    folder = tmp_path_factory.mktemp("native")
    library = folder / "native_steps.so"
    subprocess.run([compiler, "-shared", "-fPIC", "-O1", "-o", library, Path(__file__).with_name("native_steps.c"), "-ldl"], check=True)
    zygote = Zygote(folder, preloaded=library)
    yield zygote
    zygote.close()


@pytest.fixture(scope="session")
def first(zygote: Zygote, tmp_path_factory: Folders) -> Undisturbed:
    return Undisturbed(FIRST, zygote, tmp_path_factory.mktemp("first"))


@pytest.fixture(scope="session")
def replacing(zygote: Zygote, tmp_path_factory: Folders) -> Undisturbed:
    return Undisturbed(REPLACING, zygote, tmp_path_factory.mktemp("replacing"))


@pytest.fixture(scope="session")
def validating(zygote: Zygote, tmp_path_factory: Folders) -> Undisturbed:
    return Undisturbed(VALIDATING, zygote, tmp_path_factory.mktemp("validating"))


@pytest.fixture(params=["first", "replacing", "validating"])
def undisturbed(request: pytest.FixtureRequest) -> Undisturbed:
    """Each case in turn."""
    return request.getfixturevalue(request.param)  # type: ignore[no-any-return]


@pytest.fixture
def exports(tmp_path: Path) -> Path:
    """A folder with the two exports and nothing else."""
    sources(tmp_path)
    return tmp_path
