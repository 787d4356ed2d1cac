"""The body of `verify`: the files of a run against its report."""

import sys
from pathlib import Path

from rich.text import Text

from vbatch import run
from vbatch.cli.mask import visible
from vbatch.cli.screen import data, show
from vbatch.errors import OutputError


def verify(out: Path) -> int:
    """Write each difference as a line of data; 0 if there is none."""
    report = run.report_in(out)
    if report is None:
        raise OutputError(f"{out}: holds no run", hint="name the output folder of a run, as in `vbatch verify runs/<run id>`")
    differences = run.verify(out)
    data("".join(f"{visible(f'{what}: the report says {claimed}, found {found}')}\n" for what, claimed, found in differences))
    if differences:
        show([Text(f"{len(differences)} difference{'s' * (len(differences) != 1)} in {out}")], on=sys.stderr)
        return 1
    show([Text(f"{len(report.outputs)} files, all as the report says")], on=sys.stderr)
    return 0
