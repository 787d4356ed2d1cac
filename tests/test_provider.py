"""The Airflow provider where Airflow is not installed: it can be found, and says what it is."""

from importlib.metadata import entry_points
from importlib.util import find_spec

import pytest

import vbatch.airflow
from vbatch.airflow import get_provider_info


def test_airflow_finds_the_provider() -> None:
    (found,) = [one for one in entry_points(group="apache_airflow_provider") if one.value.startswith("vbatch.")]
    assert found.load() is get_provider_info


def test_every_module_it_names_is_there() -> None:
    info = get_provider_info()
    modules = [module for part in ("operators", "sensors", "triggers") for one in info[part] for module in one["python-modules"]]
    modules += [link.rpartition(".")[0] for link in info["extra-links"]]
    assert len(modules) == 5
    assert [module for module in modules if find_spec(module) is None] == []


def test_unknown_names_are_told() -> None:
    with pytest.raises(AttributeError, match="has no attribute 'VbatchUnloadOperator'"):
        _ = vbatch.airflow.VbatchUnloadOperator
