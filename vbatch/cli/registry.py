"""The bodies of `registry info`, `runs`, `find`, `check` and `export`: questions to the registry, answered on stdout or in a file."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Any

from rich.text import Text

from vbatch.cli.mask import masked, visible
from vbatch.cli.screen import answer, counted, data, table, tell
from vbatch.engines.correction import correction
from vbatch.registry import Registry, Status

Row = tuple[str, ...]

SHORT = 12
"""How many digits of a run id are shown."""


def info(path: Path, *, wait: float, as_json: bool) -> int:
    """The registry at a glance."""
    found = Registry(path, wait=wait).info()
    if as_json:
        _json({**asdict(found), "path": str(found.path)})
    else:
        facts = [
            ("registry", str(found.path)),
            ("size", f"{found.bytes:,} bytes"),
            ("codes", f"{found.codes:,}"),
            ("runs", f"{found.runs:,}"),
        ]
        facts += [(f"scope {scope}", counted(codes, "code")) for scope, codes in found.scopes.items()]
        facts += [("format", f"{found.format}, read by duckdb {found.duckdb}")]
        answer(table([[Text(visible(name), "dim"), Text(visible(fact))] for name, fact in facts], indent=0))
    return 0


def runs(path: Path, *, wait: float, as_json: bool) -> int:
    """Every run that registered codes, oldest first, with those that were forgotten."""
    asked = Registry(path, wait=wait)
    known = [*map(_undone, asked.forgotten().to_dicts()), *({**one, "forgotten": None} for one in asked.runs().to_dicts())]
    mended = {one["corrects"] for one in known if not one["forgotten"]}
    found = [{**one, "mended": _mended(asked, one, mended)} for one in sorted(known, key=lambda one: one["registered_at"])]
    if as_json:
        _json(found)
    else:
        head = ("registered at", "run", "kind", "pipeline", "scope", "codes", "corrects", "open", "sources", "forgotten")
        _table([head, *map(_run, found)], right=(5,), struck=[bool(one["forgotten"]) for one in found])
    return 0


def _mended(asked: Registry, one: Mapping[str, Any], mended: set[str | None]) -> dict[str, Any] | None:
    """How far the rejected records of a run are accepted by now, if runs mend it."""
    held = one["run_id"] in mended and not one["forgotten"]
    return correction(asked, one["run_id"], one["scope"], ()).told() if held else None


def _undone(one: dict[str, Any]) -> dict[str, Any]:
    """A run that was forgotten, as one that is registered, with what is said about its end in one value."""
    end = {"at": one.pop("forgotten_at"), "by": one.pop("by"), "reason": one.pop("reason")}
    return {**one, "forgotten": end}


def _run(one: Mapping[str, Any]) -> Row:
    at, run, gone = _when(one["registered_at"]), one["run_id"][:SHORT], one["forgotten"]
    corrects = (one["corrects"] or "")[:SHORT]
    mended = one["mended"]
    still = "" if mended is None else "unknown" if mended["open"] is None else f"{mended['open']:,} of {mended['rejected']:,}"
    forgotten = f"{_when(gone['at'])} by {gone['by']}: {gone['reason']}" if gone else ""
    return (at, run, one["kind"], one["pipeline"], one["scope"], f"{one['codes']:,}", corrects, still, ", ".join(one["sources"]), forgotten)


def find(path: Path, code: str, *, wait: float, as_json: bool) -> int:
    """Everything that happened to a code; 1 if only codes that differ in case are registered, or none."""
    found = [{**one, "code": masked(one["code"])} for one in Registry(path, wait=wait).timeline(code).to_dicts()]
    if as_json:
        _json(found)
    elif found:
        _table([("at", "event", "code", "match", "scope", "run", "record", "by", "detail"), *map(_event, found)])
    exact, twins = ([one["event"] for one in found if one["exact"] is same] for same in (True, False))
    if _held(exact):
        return 0
    used = "; it is used, and can never be loaded again" if "used" in exact else ""
    tell([Text(f"not registered{used}{'; a code that differs only in case is' if _held(twins) else ''}")])
    return 1


def _event(one: Mapping[str, Any]) -> Row:
    match = "exact" if one["exact"] else "other case"
    run, place = (one["run_id"] or "")[:SHORT], f"{one['record']:,} of {one['source']}"
    return (_when(one["at"]), one["event"], one["code"], match, one["scope"], run, place, one["by"] or "", one["detail"] or "")


def _held(events: Sequence[str]) -> bool:
    """Whether a code of which this is the history is registered: not every registration was undone."""
    return events.count("registered") + events.count("imported") > events.count("forgotten")


def check(path: Path, *, wait: float) -> int:
    """Write each finding as a line of data; 0 if there is none."""
    found = Registry(path, wait=wait).check()
    data("".join(f"{visible(f'{one.what}: {one.detail}: {one.count:,}')}\n" for one in found))
    tell([Text(visible(f"{counted(len(found), 'finding')} in {path}" if found else f"{path} is sound"))])
    return 1 if found else 0


def export(path: Path, file: Path, *, wait: float, scope: str | None, run: str | None, status: Status | None) -> int:
    """Write codes to a file, and say how many."""
    rows = Registry(path, wait=wait).export(file, scope=scope, run=run, status=status)
    tell([Text(visible(f"{counted(rows, 'code')} in {file}"))])
    return 0


def _when(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M:%S} UTC"


def _table(rows: Sequence[Row], *, right: tuple[int, ...] = (), struck: Sequence[bool] = ()) -> None:
    """A head and what stands below it, with lines through what is struck."""
    styles = ["dim", *(("strike" if one else "") for one in struck or [False] * (len(rows) - 1))]
    styled = [[Text(visible(cell), style) for cell in row] for row, style in zip(rows, styles, strict=True)]
    answer(table(styled, right=right, indent=0))


def _json(value: Any) -> None:
    data(json.dumps(value, indent=2, ensure_ascii=False, default=lambda one: one.isoformat()) + "\n")
