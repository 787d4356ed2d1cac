"""The body of `explain`: the faults of pipelines, in a list or one in full."""

from collections.abc import Iterable, Mapping
from textwrap import wrap

from rich.text import Text

from vbatch.catalog import available, pipeline
from vbatch.catalog.shelf import did_you_mean
from vbatch.cli.screen import answer, table
from vbatch.errors import PipelineError
from vbatch.model.fault import Fault, Severity
from vbatch.model.rulebook import rulebook

Known = Mapping[Fault, tuple[str, ...]]
"""Every fault, and the names of the pipelines that can report it. Pipelines may give one code different words or severities."""

STYLES = {Severity.ERROR: "red", Severity.DISCARD: "yellow", Severity.WARNING: "yellow"}
MEANING = {
    Severity.ERROR: "the row is rejected",
    Severity.DISCARD: "the row is set aside on purpose",
    Severity.WARNING: "the row is accepted all the same",
}


def explain(code: str | None, given: str | None) -> int:
    """List the faults of one or of all shipped pipelines, or explain one."""
    known = _known([given] if given else available())
    if code is None:
        answer(_listed(known))
    else:
        answer(_told(_called(code, known, given)))
    return 0


def _known(names: Iterable[str]) -> Known:
    found: dict[Fault, tuple[str, ...]] = {}
    for name in names:
        for fault in rulebook(pipeline(name)).book:
            found[fault] = (*found.get(fault, ()), name)
    return found


def _listed(known: Known) -> list[Text]:
    # The structure of a record comes first, as it does when a file is read.
    faults = sorted(known, key=lambda fault: (fault.column is not None, fault.code, fault.severity))
    once = {(fault.code, fault.severity): fault for fault in reversed(faults)}
    rows = [[Text(fault.code), Text(fault.severity, STYLES[fault.severity]), Text(fault.title)] for fault in reversed(once.values())]
    return table(rows, indent=0)


def _called(code: str, known: Known, given: str | None) -> Known:
    found = {fault: pipelines for fault, pipelines in known.items() if fault.code == code}
    if not found:
        where = f"the pipeline {given}" if given else "a shipped pipeline"
        again = f"`vbatch explain{f' -p {given}' if given else ''}` lists them"
        raise PipelineError(f"no fault of {where} is called {code!r}", hint=did_you_mean(code, {fault.code for fault in known}) + again)
    return found


def _told(known: Known) -> Iterable[Text]:
    for number, (fault, pipelines) in enumerate(known.items()):
        if number:
            yield Text()
        style = STYLES[fault.severity]
        yield Text.assemble((fault.code, "bold"), "  ", (fault.title, style))
        yield from _entry("severity", f"{fault.severity}: {MEANING[fault.severity]}")
        yield from _entry("says", fault.message)
        yield from _entry("mend", fault.hint)
        yield from _entry("reported by", ", ".join(pipelines))


def _entry(name: str, text: str) -> Iterable[Text]:
    for number, line in enumerate(wrap(text, 84)):
        yield Text.assemble((f"  {name if number == 0 else '':<13}", "dim"), line)
