"""The entries of a registry: runs written, and what can be asked about them and their codes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC
from pathlib import Path

import duckdb
import polars as pl

from vbatch.model.registered import RegisteredRun
from vbatch.registry.connect import Connection, first
from vbatch.registry.lookup import patterns


@dataclass(frozen=True, slots=True, kw_only=True)
class RegistryInfo:
    """A registry at a glance.

    Args:
        path: the file.
        bytes: its size.
        runs, codes: how many it holds.
        scopes: codes of each scope, by name.
        format: version of the tables.
        duckdb: version of the library that answered.
    """

    path: Path
    bytes: int
    runs: int
    codes: int
    scopes: Mapping[str, int]
    format: str
    duckdb: str


def stored(con: Connection, run_id: str) -> RegisteredRun | None:
    """The run of this identity."""
    row = first(con, "SELECT scope, pipeline, registered_at, sources, report FROM runs WHERE run_id = ?", [run_id])
    if not row:
        return None
    scope, pipeline, at, sources, report = row
    return RegisteredRun(
        run_id=run_id, scope=scope, pipeline=pipeline, registered_at=at.replace(tzinfo=UTC), sources=tuple(sources), report=report
    )


def append(con: Connection, run: RegisteredRun, parts: Sequence[Path]) -> None:
    """Adds a run and its codes, in the order of the parts and their rows; the caller holds the transaction."""
    (number,) = first(con, "SELECT coalesce(max(run), 0) + 1 FROM runs")
    at = run.registered_at.astimezone(UTC).replace(tzinfo=None)
    values = [number, run.run_id, run.scope, run.pipeline, at, list(run.sources), run.report]
    con.execute("INSERT INTO runs (run, run_id, scope, pipeline, registered_at, sources, report) VALUES (?, ?, ?, ?, ?, ?, ?)", values)
    if not parts:
        return
    con.execute(
        """
        INSERT INTO codes (h, code, run, source, record)
        SELECT hash(lower(code)), code, $run, list_position(CAST($sources AS VARCHAR[]), _source) - 1, _record
        FROM read_parquet($parts, hive_partitioning = false)
        """,
        {"run": number, "sources": list(run.sources), "parts": patterns(parts)},
    )


def runs(con: Connection) -> pl.DataFrame:
    """One row a run, in the order of registration."""
    return _in_utc(
        con.sql("""
            SELECT run_id, pipeline, scope, registered_at, CAST(coalesce(codes, 0) AS UBIGINT) AS codes, sources
            FROM runs LEFT JOIN (SELECT run, count(*) AS codes FROM codes GROUP BY run) USING (run)
            ORDER BY run
        """).pl()
    )


def info(con: Connection, path: Path) -> RegistryInfo:
    """The registry at a glance."""
    entries = runs(con)
    scopes = entries.group_by("scope").agg(pl.col("codes").sum()).sort("scope")
    (version,) = first(con, "SELECT value FROM meta WHERE key = 'format'")
    return RegistryInfo(
        path=path,
        bytes=path.stat().st_size,
        runs=entries.height,
        codes=int(entries["codes"].sum()),
        scopes=dict(scopes.iter_rows()),
        format=version,
        duckdb=duckdb.__version__,
    )


def find(con: Connection, code: str) -> pl.DataFrame:
    """One row for each registration of a code, in any scope; exact ones first, then those that differ in case."""
    return _in_utc(
        con.sql(
            """
            SELECT code, code = $code AS exact, scope, run_id, registered_at, sources[source + 1] AS source, record
            FROM known JOIN runs USING (run)
            WHERE h = hash(lower($code)) AND lower(code) = lower($code)
            ORDER BY exact DESC, run, known.source, record
            """,
            params={"code": code},
        ).pl()
    )


def check(con: Connection) -> int:
    """How many codes a scope holds more than once."""
    # Only codes whose hash occurs twice can: most of the table is never grouped as strings.
    query = """
        WITH twice AS (SELECT h FROM known GROUP BY h HAVING count(*) > 1)
        SELECT count(*) FROM (
            SELECT scope, code FROM known JOIN runs USING (run) WHERE h IN (FROM twice) GROUP BY scope, code HAVING count(*) > 1
        )
    """
    (count,) = first(con, query)
    return int(count)


def _in_utc(frame: pl.DataFrame) -> pl.DataFrame:
    return frame.with_columns(pl.col("registered_at").dt.replace_time_zone("UTC"))
