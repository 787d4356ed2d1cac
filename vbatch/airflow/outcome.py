"""What a task returns of a run, and how a run that could not be is told to Airflow. Never a code of a voucher."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from airflow.providers.common.compat.sdk import AirflowException, AirflowFailException

from vbatch.errors import RegistryBusyError, RegistryError, VbatchError

if TYPE_CHECKING:
    from vbatch.model.report import Report

COUNTS = ("records", "accepted", "rejected", "discarded")
NO_REGISTRY = ("not a valid DuckDB database", "Extension", "s a directory", "does not exist", "No such file or directory")
MISUSE = (FileNotFoundError, IsADirectoryError, NotADirectoryError)


def outcome(report: "Report", exports: Sequence[dict[str, Any]], *, before: bool, passed: bool) -> dict[str, Any]:
    """The report as small as downstream tasks need it, ready for JSON.

    Args:
        report: the account of the run.
        exports: path, size and time of each file that was read.
        before: whether the run was loaded before, and this is its stored report.
        passed: whether what comes after may use it.
    """
    out = Path(report.path) if report.path else None
    return {
        "run_id": report.run_id,
        "verb": report.verb,
        "status": report.status,
        "before": before,
        "passed": passed,
        "over_limit": report.over_limit,
        "pipeline": report.pipeline,
        "scope": report.scope,
        "target": report.target,
        **{name: getattr(report, name) for name in COUNTS},
        "warned": report.warned,
        "faults": dict(report.faults),
        "totals": {column: dict(sums) for column, sums in report.totals.items()},
        "exports": list(exports),
        "sources": [
            {name: getattr(source, name) for name in ("path", "bytes", "sha256", *COUNTS)}
            | {"replay": str(out / source.replay) if out and source.rejected else None}
            for source in report.sources
        ],
        "out": str(out) if out else None,
        "report": str(out / "report.json") if out else None,
        "errors": str(out / "errors.csv") if out else None,
        "registry": report.options["registry"],
        "seconds": report.seconds,
    }


def asset_extra(told: dict[str, Any]) -> dict[str, Any]:
    """What an asset event carries: the run, its counts and its sums."""
    return {name: told[name] for name in ("run_id", "before", *COUNTS, "warned", "faults", "totals", "report")}


def failure(error: Exception) -> AirflowException:
    """The error that makes Airflow do what fits: fail for good where a person has to mend something, else try again."""
    # The command line's own words: of an unforeseen error only its kind and place, because its message may quote codes.
    from vbatch.cli.shell import explained  # noqa: PLC0415 - reading a DAG file must not import it

    told = explained(error)
    kind = AirflowFailException if isinstance(error, VbatchError) and not passing(error) else AirflowException
    return kind(f"{told.error}; hint: {told.hint}")


def passing(error: VbatchError) -> bool:
    """Whether the same call may succeed later: another run, or the machine, was in the way of what was asked for."""
    causes: list[BaseException] = [error]
    while cause := causes[-1].__cause__:
        causes.append(cause)
    if isinstance(error, RegistryError):
        return isinstance(error, RegistryBusyError) or (len(causes) > 1 and not any(words in error.message for words in NO_REGISTRY))
    return any(isinstance(one, OSError) and not isinstance(one, MISUSE) for one in causes)
