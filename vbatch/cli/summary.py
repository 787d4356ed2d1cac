"""A run at a glance: the verdict, counts and sums, the commonest faults with an example each, the files, and what to do next."""

from collections.abc import Iterator, Mapping
from decimal import Decimal

from rich.text import Text

from vbatch.cli.advice import advice
from vbatch.cli.examples import examples
from vbatch.cli.mask import visible
from vbatch.cli.outcome import Outcome
from vbatch.cli.screen import counted, table
from vbatch.model.fault import Severity
from vbatch.model.rulebook import rulebook

FATES = {"accepted": "green", "rejected": "red", "discarded": "yellow"}
STYLES = {Severity.ERROR: "red", Severity.DISCARD: "yellow", Severity.WARNING: "yellow"}
TOP = 10


def summary(outcome: Outcome) -> Iterator[Text]:
    """The lines of the summary."""
    for section in (_headline, _fates, _mended, _faults, _notes, _files, _next):
        lines = section(outcome)
        if lines and section is not _headline:
            yield Text()
        yield from lines


def _headline(outcome: Outcome) -> list[Text]:
    report = outcome.report
    verdict, style, what = _verdict(outcome)
    badge = Text.assemble((verdict, f"bold {style}"), "  ", (what, "bold"))
    about = f"  {report.pipeline} to {report.target}, scope {report.scope}, {report.seconds:,.1f} s"
    pace = f", {round(report.records / report.seconds):,} records/s" if report.seconds > 1 else ""
    return [badge, Text(about + pace, "dim")]


def _verdict(outcome: Outcome) -> tuple[str, str, str]:
    """One word, its colour, and the sentence behind it."""
    report = outcome.report
    too_many = f"{report.rejected:,} rejected, and --max-rejected allows {report.options['max_rejected']}"
    done = "IMPORTED" if report.verb == "import" else "LOADED"
    if outcome.before:
        return f"{done} BEFORE", "cyan", f"this very run was registered at {_when(report.finished_at)}; nothing was registered again"
    if report.status == "refused":
        return "REFUSED", "red", f"nothing was registered: {too_many}"
    counts = f"{report.accepted:,} of {report.records:,} records accepted"
    if report.status in {"loaded", "imported"}:
        return done, "green", f"{counts} and registered in {visible(str(outcome.asked.options.registry))}"
    if report.over_limit:
        return "VALIDATED", "yellow", f"{counts}; {too_many}"
    return "VALIDATED", "green", counts


def _when(instant: str) -> str:
    return instant[:19].replace("T", " ") + " UTC"


def _fates(outcome: Outcome) -> list[Text]:
    """Counts, percentages and sums over the fates: each line adds up."""
    report = outcome.report
    counts = [report.accepted, report.rejected, report.discarded, report.records]
    rows = [
        [Text(), *(Text(fate, style) for fate, style in FATES.items()), Text("total", "dim")],
        [Text("records"), *(Text(f"{count:,}", "bold") for count in counts)],
        [Text(), *(Text(percent(count, report.records), "dim") for count in counts[:-1]), Text()],
        *([Text(column), *map(Text, _sums(sums))] for column, sums in report.totals.items()),
    ]
    lines = table(rows, right=(1, 2, 3, 4))
    if any(f"{column}.unreadable" in report.faults for column in report.totals):
        lines.append(Text("  Amounts that cannot be read are in no sum.", "dim"))
    if report.warned:
        lines.append(Text(f"  Accepted with a warning: {report.warned:,}", "yellow"))
    return lines


def _sums(sums: Mapping[str, str]) -> list[str]:
    values = [Decimal(sums[fate]) for fate in FATES]
    decimals = max(-int(value.as_tuple().exponent) for value in values)
    return [f"{value:,.{decimals}f}" for value in (*values, sum(values))]


def percent(part: int, whole: int) -> str:
    """A percentage that is 0 or 100 only if it is exactly so."""
    if part in {0, whole}:
        return "100 %" if part and whole else "0 %"
    share = 100 * part / whole
    return "< 0.1 %" if share < 0.1 else "> 99.9 %" if share > 99.9 else f"{share:.1f} %"  # noqa: PLR2004 - one decimal is shown


def _mended(outcome: Outcome) -> list[Text]:
    """What became of the run that this one corrects."""
    mended = outcome.report.corrects
    if mended is None:
        return []
    since = "its outputs are gone, so nobody can say which of its rejected records are open"
    if mended["open"] is not None:
        since = f"{mended['since_accepted']:,} of {counted(mended['rejected'], 'rejected record')} accepted since, {mended['open']:,} open"
    return [Text.assemble((f"  corrects run {mended['run'][:12]}: ", "bold"), since)]


def _faults(outcome: Outcome) -> list[Text]:
    faults = sorted(outcome.report.faults.items(), key=lambda item: -item[1])
    if not faults or outcome.before:
        return []
    top = dict(faults[:TOP])
    severities = {fault.code: fault.severity for fault in rulebook(outcome.pipeline).book}
    first = examples(outcome.folder / "errors.parquet", top) if outcome.folder else {}
    rows = [[Text("rows", "dim"), Text("fault", "bold"), Text("first at" if first else "", "dim"), Text()]]
    for code, count in top.items():
        severity = severities.get(code, Severity.ERROR)
        mark = "" if severity is Severity.ERROR else f" ({severity})"
        place, found = first.get(code, ("", ""))
        rows.append([Text(f"{count:,}", "bold"), Text(code + mark, STYLES[severity]), Text(place), Text(found, "dim")])
    more = [Text(f"  … and {len(faults) - TOP} more faults in report.json", "dim")] if len(faults) > TOP else []
    return table(rows, right=(0,)) + more


def _notes(outcome: Outcome) -> list[Text]:
    sources = outcome.report.sources
    notes = [f"{source.path}: {note}" for source in sources for note in source.notes]
    notes += [f"{source.path}: ends early; what came before was judged" for source in sources if source.truncated]
    return [Text.assemble(("  note  ", "yellow"), visible(note)) for note in notes]


def _files(outcome: Outcome) -> list[Text]:
    if outcome.report.verb == "import":
        return []
    if outcome.folder is None:
        return [Text("  Its files are where that run wrote them; only the report is kept in the registry.")]
    accepted, parts = outcome.rows("accepted")
    named = [("accepted/", f"{counted(accepted, 'row')} in {counted(parts, 'part')}")]
    if outcome.report.rejected:
        named.append(("rejected/replay/", f"{counted(outcome.report.rejected, 'rejected record')} as in the source, to be mended"))
    if outcome.report.discarded:
        named.append(("discarded/", f"{counted(outcome.report.discarded, 'record')} set aside on purpose"))
    if outcome.report.faults:
        named.append(("errors.csv", "a line for each fault; exact in errors.parquet"))
    if outcome.report.corrects and outcome.report.corrects["open"]:
        named.append(("still_open.csv", f"the faults of the records of run {outcome.report.corrects['run'][:12]} that are open"))
    named.append(("report.json", "the account: counts, sums and hashes"))
    rows = [[Text(name), Text(what, "dim")] for name, what in named]
    return [
        Text.assemble((f"  files of run {outcome.report.run_id[:12]} in ", "bold"), (visible(str(outcome.folder)), "bold underline")),
        *table(rows, indent=4),
    ]


def _next(outcome: Outcome) -> list[Text]:
    steps = advice(outcome)
    rows = [[Text(what), Text(visible(command), "cyan")] for what, command in steps]
    return [Text("  next", "bold"), *table(rows, indent=4)] if rows else []
