from collections.abc import Iterator
from pathlib import Path

import pytest
from cases import sources
from processes import Zygote


@pytest.fixture(scope="session")
def zygote(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Zygote]:
    """What starts all processes of these tests."""
    zygote = Zygote(tmp_path_factory.mktemp("logs"))
    yield zygote
    zygote.close()


@pytest.fixture
def exports(tmp_path: Path) -> Path:
    """A folder with the two exports and nothing else."""
    sources(tmp_path)
    return tmp_path
