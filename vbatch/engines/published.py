"""Folders of runs: what report is in them."""

from pathlib import Path

from vbatch.errors import OutputError
from vbatch.model.report import Report

REPORT = "report.json"


def finished_in(out: Path) -> Report | None:
    """The report in a workspace's output, if there is one and it is whole."""
    try:
        return Report.from_json((out / REPORT).read_bytes().decode())
    except (OSError, ValueError, KeyError, TypeError):
        return None


def report_in(out: Path) -> Report | None:
    """The report of the run in a folder; None if the folder does not exist or is empty.

    Raises:
        OutputError: the folder holds something else.
    """
    try:
        if not out.exists() or not any(out.iterdir()):
            return None
        return Report.from_json((out / REPORT).read_bytes().decode(), str(out))
    except NotADirectoryError as error:
        raise OutputError(f"{out}: is a file", hint="name a folder with -o") from error
    except FileNotFoundError as error:
        raise OutputError(f"{out}: is not empty and holds no run", hint="choose another folder with -o") from error
    except OSError as error:
        raise OutputError(f"{out}: cannot be read: {error.strerror}", hint="check the path and its permissions") from error
    except (ValueError, KeyError, TypeError) as error:
        raise OutputError(
            f"{out / REPORT}: was changed after it was written, or is of another version", hint="choose another folder with -o"
        ) from error


def free(out: Path, run_id: str) -> Path:
    """The folder, for this run to be published in; OutputError if another run or something else is there."""
    if (earlier := report_in(out)) and earlier.run_id != run_id:
        raise OutputError(f"{out}: holds another run, {earlier.run_id[:12]}", hint="choose another folder with -o, or remove this one")
    return out
