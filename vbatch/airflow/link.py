"""A link from a task to the report of its run."""

from typing import Any

from airflow.providers.common.compat.sdk import BaseOperatorLink


class VbatchReportLink(BaseOperatorLink):
    """The report, where the task says it can be read."""

    name = "vbatch report"

    def get_link(self, operator: Any, *, ti_key: Any) -> str:  # noqa: ARG002 - Airflow calls it so
        """The link; asked for in the worker when the task ends, and kept by Airflow. Empty if there is no report."""
        return str(getattr(operator, "report_link", ""))
