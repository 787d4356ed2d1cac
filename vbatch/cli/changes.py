"""The bodies of `registry forget` and `registry mark`."""

import json
import shlex
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from rich.text import Text

from vbatch.catalog import available, pipeline
from vbatch.cli.code_file import is_list, read_codes
from vbatch.cli.mask import masked, visible
from vbatch.cli.screen import counted, table, tell
from vbatch.errors import RegistryError
from vbatch.model.options import Options
from vbatch.model.registered import RegisteredRun
from vbatch.registry import Mark, MarkResult, Registry

FIRST = 5
"""How many places of unknown codes are shown."""


def forget(path: Path, name: str, *, wait: float, reason: str, by: str) -> int:
    """Undo a run, and say how it is loaded again."""
    registry = Registry(path, wait=wait)
    registry.upgrade()
    run_id = registry.resolve(name)
    run = registry.stored(run_id)
    codes = registry.forget(run_id, by=by, reason=reason)
    tell([Text(f"forgot run {run_id[:12]}: {counted(codes, 'code')} no longer registered")])
    if run:
        again = _again(run, path)
        tell([Text("  next", "bold"), *table([[Text("load it again"), Text(visible(again), "cyan")]], indent=4)])
    return 0


def _again(run: RegisteredRun, registry: Path) -> str:
    """The command line that registers a run, as far as the registry knows it: not where a pipeline of the user's own is."""
    shipped = run.pipeline in available()
    options = _options(run.report)
    given = [
        ("-p", run.pipeline if shipped else f"{run.pipeline}.py"),
        ("--registry", str(registry) if registry != Options().registry else None),
        ("--scope", run.scope if not shipped or pipeline(run.pipeline).scope != run.scope else None),
        ("--as-of", options.get("as_of")),
        ("--corrects", run.corrects and run.corrects[:12]),
    ]
    chosen = [word for name, value in given if value for word in (name, value)]
    flags = ["--allow-truncated"] if options.get("allow_truncated") else []
    verb = ["registry", "import"] if run.kind == "import" else ["load"]
    return shlex.join(["vbatch", *verb, *run.sources, *chosen, *flags])


def _options(report: str) -> Mapping[str, Any]:
    """What a run was asked for; nothing where its report does not say so, because it is forgotten all the same."""
    try:
        found = json.loads(report)["options"]
    except (ValueError, KeyError, TypeError):
        return {}
    return found if isinstance(found, dict) else {}


def mark(
    path: Path, status: Mark, file: Path, *, given: str | None, column: str | None, scope: str | None, wait: float, reason: str, by: str
) -> int:
    """Give the codes of a file a status; 1 if some of them are not registered."""
    used = pipeline(given) if given else None
    codes = read_codes(file, used.layout if used else None, column)
    registry = Registry(path, wait=wait)
    registry.upgrade()
    where = scope or (used.scope if used else _only_scope(registry))
    result = registry.mark(status, codes, scope=where, by=by, reason=reason)
    tell(_told(result, status, where, listed=is_list(file, column)))
    return 1 if result.unknown.height else 0


def _only_scope(registry: Registry) -> str:
    scopes = registry.info().scopes
    if len(scopes) != 1:
        raise RegistryError(
            f"the registry {registry.path} has {counted(len(scopes), 'scope')}",
            hint=f"say where the codes are registered with --scope or -p{': ' if scopes else ''}{', '.join(scopes)}",
        )
    return next(iter(scopes))


def _told(result: MarkResult, status: Mark, scope: str, *, listed: bool) -> Iterator[Text]:
    rows = [
        ("marked", result.marked, f"{status} now"),
        ("already", result.already, f"{status} before"),
        ("unknown", result.unknown.height, f"not registered in scope {scope}; not marked"),
        ("used", result.used.height, "used, which is final; not marked"),
    ]
    # A code that is marked as used once more was so already.
    shown = [row for row in rows if row[1] or row[0] == "marked"]
    yield from table(
        [[Text(f"{count:,}", "bold"), Text(what), Text(visible(why), "dim")] for what, count, why in shown], right=(0,), indent=0
    )
    for code, source, record in result.unknown.head(FIRST).select("code", "_source", "_record").iter_rows():
        place = f"{source}:{record}" if listed else f"record {record:,} of {source}"
        yield Text.assemble(("  unknown  ", "yellow"), visible(place), f"  '{masked(code)}'" if code else "  empty")
    if result.unknown.height > FIRST:
        yield Text(f"  … and {result.unknown.height - FIRST:,} more")
