"""The body of `verify`: the files of a run against its report."""

from pathlib import Path

from rich.text import Text

from vbatch import run
from vbatch.cli.mask import visible
from vbatch.cli.screen import counted, data, tell
from vbatch.engines.published import report_in
from vbatch.errors import OutputError


def verify(out: Path, against: tuple[str, ...]) -> int:
    """Write each difference as a line of data; 0 if there is none."""
    report = report_in(out)
    if report is None:
        raise OutputError(f"{out}: holds no run", hint="name the output folder of a run, as in `vbatch verify runs/<run id>`")
    differences = run.verify(out, against)
    data("".join(f"{visible(f'{what}: the report says {claimed}, found {found}')}\n" for what, claimed, found in differences))
    if differences:
        tell([Text(visible(f"{counted(len(differences), 'difference')} in {out}"))])
        return 1
    proved = ", and every byte of the sources has one fate" if against else ""
    tell([Text(f"{counted(len(report.outputs), 'file')}, all as the report says{proved}")])
    return 0
