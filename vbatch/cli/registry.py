"""The bodies of `registry info`, `runs` and `find`: questions to the registry, answered on stdout."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Any

from rich.text import Text

from vbatch.cli.mask import masked, visible
from vbatch.cli.screen import answer, counted, data, table, tell
from vbatch.registry import Registry

Row = tuple[str, ...]


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
    """Every run that registered codes, oldest first."""
    found = Registry(path, wait=wait).runs().to_dicts()
    if as_json:
        _json(found)
        return 0
    _table([("registered at", "run", "pipeline", "scope", "codes", "sources"), *map(_run, found)], right=(4,))
    return 0


def _run(one: Mapping[str, Any]) -> Row:
    return (_when(one["registered_at"]), one["run_id"][:12], one["pipeline"], one["scope"], f"{one['codes']:,}", ", ".join(one["sources"]))


def find(path: Path, code: str, *, wait: float, as_json: bool) -> int:
    """Every registration of a code; 1 if only codes that differ in case are there, or none."""
    found = [{**one, "code": masked(one["code"])} for one in Registry(path, wait=wait).find(code).to_dicts()]
    if as_json:
        _json(found)
    elif found:
        _table([("code", "match", "registered at", "scope", "run", "record"), *map(_registration, found)])
    if any(one["exact"] for one in found):
        return 0
    tell([Text("not registered; a code that differs only in case is" if found else "not registered")])
    return 1


def _registration(one: Mapping[str, Any]) -> Row:
    match = "exact" if one["exact"] else "other case"
    return (one["code"], match, _when(one["registered_at"]), one["scope"], one["run_id"][:12], f"{one['record']:,} of {one['source']}")


def _when(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M:%S} UTC"


def _table(rows: Sequence[Row], *, right: tuple[int, ...] = ()) -> None:
    styled = [[Text(visible(cell), "" if number else "dim") for cell in row] for number, row in enumerate(rows)]
    answer(table(styled, right=right, indent=0))


def _json(value: Any) -> None:
    data(json.dumps(value, indent=2, ensure_ascii=False, default=lambda one: one.isoformat()) + "\n")
