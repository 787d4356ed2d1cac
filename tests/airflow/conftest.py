"""Real Airflow, with a home of its own. Airflow reads its settings when it is first imported, so they are made before that."""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
HOME = Path(tempfile.mkdtemp(prefix="vbatch-airflow-"))
DATA = HOME / "data"
LINEAGE = HOME / "lineage.ndjson"

os.environ |= {
    "AIRFLOW_HOME": str(HOME),
    "AIRFLOW__CORE__DAGS_FOLDER": str(HOME / "dags"),
    "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
    "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_ALL_ADMINS": "True",
    "AIRFLOW__USAGE_DATA_COLLECTION__ENABLED": "False",
    "AIRFLOW__API_AUTH__JWT_SECRET": "only for the tests of one machine",
    "AIRFLOW__OPENLINEAGE__TRANSPORT": json.dumps({"type": "file", "log_file_path": str(LINEAGE), "append": True}),
    "AIRFLOW__OPENLINEAGE__NAMESPACE": "tests",
    "AIRFLOW_CONN_VBATCH_DEFAULT": json.dumps({"conn_type": "fs", "extra": {"path": str(DATA)}}),
}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    # Airflow and its libraries warn about each other; what vbatch itself warns of is an error in the other tests.
    for item in items:
        item.add_marker(pytest.mark.filterwarnings("default"))


@pytest.fixture(scope="session", autouse=True)
def airflow_home() -> Iterator[Path]:
    """A migrated metadata database, and the example DAGs beside those of the tests."""
    DATA.mkdir(parents=True)
    shutil.copytree(ROOT / "pipelines" / "airflow", HOME / "dags", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copytree(ROOT / "tests" / "airflow" / "dags", HOME / "dags" / "tests", ignore=shutil.ignore_patterns("__pycache__"))
    subprocess.run([sys.executable, "-m", "airflow", "db", "migrate"], check=True, capture_output=True)
    yield HOME
    shutil.rmtree(HOME, ignore_errors=True)


@pytest.fixture
def data(airflow_home: Path) -> Iterator[Path]:
    """The folder of the connection, empty."""
    assert airflow_home
    yield DATA
    shutil.rmtree(DATA)
    DATA.mkdir()
