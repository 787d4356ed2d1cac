"""Routes a DAG by the faults of a run."""

from collections.abc import Iterable, Mapping, Sequence
from fnmatch import fnmatchcase
from typing import Any

from airflow.providers.common.compat.sdk import BaseBranchOperator, Context


class VbatchBranchOperator(BaseBranchOperator):
    """Follows the first route whose fault some record has.

    Args:
        report: what a vbatch task returned; a list of them if it was mapped.
        routes: task ids by fault, in the order of importance. A fault is a code such as "code.registered" or a pattern such as "code.*";
            "over_limit" stands for more rejected rows than allowed.
        otherwise: task ids if no route fits; None to skip everything.
    """

    template_fields: Sequence[str] = ("report",)
    ui_color = "#f4ead2"

    def __init__(
        self, *, report: Any, routes: Mapping[str, str | list[str]], otherwise: str | list[str] | None = None, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.report = report
        self.routes = dict(routes)
        self.otherwise = otherwise

    def choose_branch(self, context: Context) -> str | Iterable[str] | None:  # noqa: ARG002 - Airflow calls it so
        """The task ids to follow."""
        reports = [self.report] if isinstance(self.report, Mapping) else list(self.report)
        seen = {fault for report in reports for fault, rows in report["faults"].items() if rows}
        seen |= {"over_limit" for report in reports if report["over_limit"]}
        return next((route for pattern, route in self.routes.items() if any(fnmatchcase(one, pattern) for one in seen)), self.otherwise)
