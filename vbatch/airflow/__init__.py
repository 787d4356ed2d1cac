"""The Airflow provider: operators, a sensor and a branch. Needs `vbatch[airflow]`.

The names below are imported when they are first used: Airflow asks `get_provider_info` for what there is without needing any of it, and
reading a DAG file must not import what only running it needs.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from vbatch.airflow.branch import VbatchBranchOperator
    from vbatch.airflow.operators import VbatchLoadOperator, VbatchValidateOperator
    from vbatch.airflow.sensor import VbatchExportSensor

_HOMES = {
    "VbatchBranchOperator": "vbatch.airflow.branch",
    "VbatchExportSensor": "vbatch.airflow.sensor",
    "VbatchLoadOperator": "vbatch.airflow.operators",
    "VbatchValidateOperator": "vbatch.airflow.operators",
}

__all__ = ["VbatchBranchOperator", "VbatchExportSensor", "VbatchLoadOperator", "VbatchValidateOperator", "get_provider_info"]


def get_provider_info() -> dict[str, Any]:
    """What Airflow shows and looks up, in the form of its provider_info.schema.json. Does not need Airflow."""
    name = "vbatch"
    return {
        "package-name": "vbatch",
        "name": name,
        "description": "Migrates gift cards, discount codes and loyalty cards, and accounts for every record",
        "integrations": [{"integration-name": name, "tags": ["software"]}],
        "operators": [{"integration-name": name, "python-modules": ["vbatch.airflow.operators", "vbatch.airflow.branch"]}],
        "sensors": [{"integration-name": name, "python-modules": ["vbatch.airflow.sensor"]}],
        "triggers": [{"integration-name": name, "python-modules": ["vbatch.airflow.trigger"]}],
        "extra-links": ["vbatch.airflow.link.VbatchReportLink"],
    }


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(import_module(_HOMES[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
