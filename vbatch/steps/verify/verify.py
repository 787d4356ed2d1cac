"""Recomputes what a report claims: first that the files are the ones that were written, then what they hold."""

import hashlib
from collections.abc import Iterator
from pathlib import Path

from vbatch.errors import OutputError
from vbatch.model.report import Output, Report
from vbatch.steps.verify.contents import contents
from vbatch.steps.verify.difference import Difference, compare

REPORT = "report.json"


def verify_run(out: Path) -> tuple[Difference, ...]:
    """Recompute every hash, size, count and sum of a report from the files.

    Args:
        out: the folder of a run.

    Returns:
        What is not as claimed. Contents are only counted when every file is the one that was written: that rows are missing in a damaged
        file is a consequence, not a finding.

    Raises:
        OutputError: the folder holds no report.
    """
    text = _report_in(out)
    try:
        report = Report.from_json(text.decode("utf-8"))
    except (ValueError, KeyError, TypeError) as error:
        return (Difference(REPORT, "the report as vbatch wrote it", str(error)),)
    damaged = tuple(difference for output in report.outputs for difference in _damage(out, output))
    return *damaged, *_strangers(out, report), *(() if damaged else contents(out, report))


def _report_in(out: Path) -> bytes:
    try:
        return (out / REPORT).read_bytes()
    except OSError as error:
        raise OutputError(f"{out / REPORT}: cannot be read: {error.strerror}", hint="name the output folder of a run") from error


def _damage(out: Path, output: Output) -> Iterator[Difference]:
    """Whether a file is there and, byte for byte, the one that was written."""
    try:
        with (out / output.path).open("rb") as file:
            sha256, size = hashlib.file_digest(file, "sha256").hexdigest(), file.tell()
    except OSError as error:
        yield Difference(output.path, "a file", f"cannot be read: {error.strerror}")
    else:
        yield from compare(f"{output.path}: bytes", output.bytes, size)
        yield from compare(f"{output.path}: sha256", output.sha256, sha256)


def _strangers(out: Path, report: Report) -> Iterator[Difference]:
    """Files that the report does not know."""
    known = {REPORT, *(output.path for output in report.outputs)}
    files = (path for path in sorted(out.rglob("*")) if path.is_symlink() or not path.is_dir())
    for name in (path.relative_to(out).as_posix() for path in files):
        if name not in known:
            yield Difference(name, "no such file", "a file")
