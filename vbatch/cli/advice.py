"""What to do after a run, as command lines to copy."""

import shlex
from collections.abc import Iterator, Sequence

from vbatch.cli.outcome import REPLAY, Outcome

Step = tuple[str, str]
"""What for, and the command line."""


def advice(outcome: Outcome) -> list[Step]:
    """The next steps, most useful first; none if there is nothing left to do."""
    return [*_rejected(outcome), *_accepted(outcome), *_faults(outcome)]


def _rejected(outcome: Outcome) -> Iterator[Step]:
    """Rejected records are mended in a copy: the run's own files are evidence."""
    if outcome.folder is None or not outcome.report.rejected:
        return
    loaded = outcome.report.status == "loaded"
    verb, corrects = ("load", outcome.report.run_id[:12]) if loaded else ("validate", None)
    mended = f"mended-{outcome.report.run_id[:6]}"
    yield "copy the rejected records", shlex.join(["cp", "-r", str(outcome.folder / REPLAY), mended])
    yield f"mend them, then {verb} them", command(verb, [f"{mended}/{name}" for name in outcome.replays], outcome, corrects=corrects)


def _accepted(outcome: Outcome) -> Iterator[Step]:
    report = outcome.report
    if report.verb == "import" and report.status == "refused" and "-" not in outcome.asked.sources:
        yield "see each rejected record", command("validate", outcome.asked.sources, outcome)
    if "-" in outcome.asked.sources:  # standard input is gone
        return
    if report.status == "refused":
        verb = "registry import" if report.verb == "import" else report.verb
        again = command(verb, outcome.asked.sources, outcome, limit=str(report.rejected), corrects=outcome.asked.options.corrects)
        yield f"or register the {report.accepted:,} accepted rows all the same", again
    elif report.status == "validated" and report.accepted:
        what = "or register what was accepted now" if report.rejected else "register what was accepted"
        yield what, command("load", outcome.asked.sources, outcome)


def _faults(outcome: Outcome) -> Iterator[Step]:
    faults = outcome.report.faults
    if faults and not outcome.before:
        most = max(faults, key=lambda code: faults[code])
        pipeline = () if outcome.asked.pipeline == outcome.pipeline.name else ("-p", outcome.asked.pipeline)
        yield "what a fault means", shlex.join(["vbatch", "explain", most, *pipeline])


def command(verb: str, sources: Sequence[str], outcome: Outcome, *, limit: str | None = None, corrects: str | None = None) -> str:
    """A command line like the one that was typed, with what decides verdicts and where codes are registered."""
    options = outcome.asked.options
    given = [("--registry", str(options.registry) if options.registry != type(options)().registry else None), ("--scope", options.scope)]
    given += [("--as-of", options.as_of.isoformat().replace("+00:00", "Z") if options.as_of else None), ("--max-rejected", limit)]
    given += [("--corrects", corrects)]
    chosen = [word for name, value in given if value for word in (name, value)]
    return shlex.join(["vbatch", *verb.split(), *sources, "-p", outcome.asked.pipeline, *chosen])
