"""What can be asked about the codes of a registry."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from vbatch.registry.connect import Connection, first
from vbatch.registry.ledger import in_utc, resolve, runs


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


def info(con: Connection, path: Path) -> RegistryInfo:
    """The registry at a glance."""
    entries = runs(con)
    scopes = entries.group_by("scope").agg(pl.col("codes").sum()).sort("scope")
    (version,) = first(con, "SELECT value FROM meta WHERE key = 'format'")
    import duckdb  # noqa: PLC0415 - late, see connect

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
    return in_utc(
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


def timeline(con: Connection, code: str) -> pl.DataFrame:
    """One row for each event of a code, in any scope; exact ones first, then those that differ in case, each in time order."""
    # `turn` puts what happened at one instant into the order in which it can have happened.
    return in_utc(
        con.sql(
            """
            WITH held AS (
                SELECT code, sources[source + 1] AS file, * EXCLUDE (code, source)
                FROM known JOIN ever USING (run) WHERE h = hash(lower($code))
            ),
            events AS (
                SELECT
                    registered_at AS instant, if(kind = 'import', 'imported', 'registered') AS event, code, scope, run_id, file AS source,
                    record, CAST(NULL AS VARCHAR) AS who, pipeline AS detail, 0 AS turn
                FROM held
                UNION ALL SELECT forgotten_at, 'forgotten', code, scope, run_id, file, record, forgotten_by, reason, 2000000000
                FROM held WHERE forgotten_at IS NOT NULL
                UNION ALL SELECT marked_at, status, code, scope, NULL, source, record, marked_by, reason, marking
                FROM marked WHERE h = hash(lower($code))
                UNION ALL SELECT attempted_at, 'attempt', code, scope, run_id, source, record, NULL, fault, 0
                FROM attempted WHERE h = hash(lower($code))
            )
            SELECT instant AS at, event, code, code = $code AS exact, scope, run_id, source, record, who AS by, detail
            FROM events WHERE lower(code) = lower($code)
            ORDER BY exact DESC, instant, turn, record
            """,
            params={"code": code},
        ).pl()
    )


def records(con: Connection, run: str) -> pl.DataFrame:
    """One row for each code of a run."""
    query = "SELECT sources[source + 1] AS source, record, code FROM known JOIN runs USING (run) WHERE run_id = $run"
    found: pl.DataFrame = con.sql(query, params={"run": resolve(con, run)}).pl()
    return found


def since_accepted(con: Connection, scope: str, codes: pl.Series, *, after: str | None) -> pl.Series:
    """Which codes are registered in a scope, by a run that is later than `after` if that is given."""
    (number,) = first(con, "SELECT run FROM runs WHERE run_id = ?", [resolve(con, after)]) if after else (0,)
    con.register("given", codes.alias("code").to_frame())
    # Equal hashes are only candidates, and polars is at hand to compare the strings.
    found = con.sql(
        """
        SELECT code FROM known
        WHERE run IN (SELECT run FROM runs WHERE scope = $scope AND run > $number) AND h IN (SELECT hash(lower(code)) FROM given)
        """,
        params={"scope": scope, "number": number},
    ).pl()["code"]
    return codes.is_in(found.implode()).fill_null(value=False).alias("accepted")
