"""All that a run leaves behind, as a value that is equal for two runs that ended alike."""

import hashlib
import json
from contextlib import suppress
from pathlib import Path
from typing import Any

import duckdb

TIMES = {"started_at", "finished_at", "seconds", "sha256"}
"""What differs between two reports of the same run; the last is the hash over the others."""

State = dict[str, Any]


def state(folder: Path) -> State:
    """Every file and folder under its name, whatever it is; of a registry the rows.

    Temporary files are not counted, `tmp` being where vbatch was told to have them.
    """
    return {
        path.relative_to(folder).as_posix(): _content(path)
        for path in sorted(folder.rglob("*"))
        if path.relative_to(folder).parts[0] != "tmp"
    }


def half_done(before: State, between: State, after: State) -> str:
    """Nothing, or what is visible without being whole."""
    out = [under(one, "out") for one in (before, between, after)]
    codes = [under(one, "codes.duckdb") for one in (before, between, after)]
    moving = not out[1] and under(between, ".out.vbatch/aside")
    if out[1] not in (out[0], out[2]) and not moving:
        return "half a result is visible"
    if codes[1] not in (codes[0], codes[2]):
        return "half of the codes are registered"
    return "it is visible and not registered" if out[1] == out[2] != out[0] and codes[1] != codes[2] else ""


def under(whole: State, name: str) -> State:
    """What a state holds under a name."""
    return {path: content for path, content in whole.items() if path == name or path.startswith(f"{name}/")}


def _content(path: Path) -> Any:
    mode = f"{path.stat().st_mode & 0o777:o}"
    if path.is_dir():
        return mode
    if path.name == "report.json":
        with suppress(ValueError):
            return mode, report(path.read_text())
    if path.suffix == ".duckdb" and path.parent.suffix != ".draft":
        return mode, tables(path)
    return mode, hashlib.sha256(path.read_bytes()).hexdigest()


def report(text: str) -> State:
    """A report without its times."""
    return {name: value for name, value in json.loads(text).items() if name not in TIMES}


def tables(path: Path) -> State:
    """Every table of a registry, row for row, without times and, as folders are copied, without the paths of folders."""
    with duckdb.connect(str(path), read_only=True) as con:
        names = con.execute("SELECT table_name FROM duckdb_tables() ORDER BY table_name").fetchall()
        return {name: [_row(row) for row in _rows(con, name)] for (name,) in names}


def _rows(con: duckdb.DuckDBPyConnection, table: str) -> list[State]:
    answer = con.execute(f"SELECT * FROM {table} ORDER BY rowid")  # noqa: S608 - the registry's own name
    columns = [name for name, *_ in answer.description or ()]
    return [dict(zip(columns, values, strict=True)) for values in answer.fetchall()]


def _row(values: State) -> State:
    kept = {name: value for name, value in values.items() if not name.endswith("_at")}
    if kept.get("report"):
        kept["report"] = report(kept["report"])
    if kept.get("outputs"):
        kept["outputs"] = Path(kept["outputs"]).name
    return kept
