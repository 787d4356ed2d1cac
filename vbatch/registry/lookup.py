"""Which of these codes are registered: hashes for all, strings for the few whose hash is there."""

import re
from collections.abc import Sequence
from pathlib import Path

import polars as pl

from vbatch.registry.connect import Connection, first

LOOKUP = pl.Schema(
    {
        "part": pl.UInt32(),
        "row": pl.UInt64(),
        "exact": pl.Boolean(),
        "run_id": pl.String(),
        "registered_at": pl.Datetime("us", "UTC"),
        "source": pl.String(),
        "record": pl.UInt64(),
    }
)
"""The columns of what a lookup finds."""

MATCHES = pl.Schema(
    {"part": pl.UInt32(), "row": pl.UInt64(), "exact": pl.Boolean(), "run": pl.UInt32(), "position": pl.UInt32(), "record": pl.UInt64()}
)
"""The columns of a match: the row, how it is equal, and the registration by number of the run and position of the source in it."""

_ORIGINS = pl.Schema(
    {"run": pl.UInt32(), "position": pl.UInt32(), "run_id": pl.String(), "registered_at": pl.Datetime("us"), "source": pl.String()}
)
_ROWS = 262_144


def patterns(parts: Sequence[Path]) -> list[str]:
    """Paths as DuckDB takes them: it reads every path as a glob, and `part[1].parquet` would silently be another file."""
    return [re.sub(r"([*?\[])", r"[\1]", str(part.absolute())) for part in parts]


def matches(con: Connection, scope: str, parts: Sequence[Path], *, apart_from: str) -> pl.DataFrame:
    """Every pair of a row of the parts and a registered code that is equal, exactly or but for case; as MATCHES says, in no order.

    Args:
        con: an open registry.
        scope: where codes must be unique.
        parts: Parquet files with a column `code`.
        apart_from: the run whose own codes do not count.
    """
    if not parts or not _gather_hits(con, scope, parts, apart_from=apart_from):
        return MATCHES.to_frame()
    # The first comparison is implied by the second, and keeps DuckDB from hashing the strings once more for the join.
    pairs = con.sql(
        """
        SELECT
            CAST(part AS UINTEGER) AS part, CAST(row AS UBIGINT) AS row, codes.code = hits.code AS exact,
            hits.run, hits.source AS position, hits.record
        FROM hits JOIN (
            SELECT file_index AS part, file_row_number AS row, code, hash(lower(code)) AS h
            FROM read_parquet($parts, hive_partitioning = false)
        ) AS codes USING (h)
        WHERE codes.code = hits.code OR lower(codes.code) = lower(hits.code)
        """,
        params={"parts": patterns(parts)},
    )
    # As a stream: a whole result has to fit into DuckDB's memory limit.
    return pl.DataFrame(pairs.to_arrow_reader(_ROWS), schema=MATCHES)


def origins(con: Connection) -> pl.DataFrame:
    """One row for each source of each run: `run`, `position`, `run_id`, `registered_at` (UTC), `source`."""
    query = "SELECT run, generate_subscripts(sources, 1) - 1, run_id, registered_at, unnest(sources) FROM runs"
    # Plain rows: they are few, and pyarrow takes longer to import than most lookups take.
    frame = pl.DataFrame(con.execute(query).fetchall(), schema=_ORIGINS, orient="row")
    return frame.with_columns(pl.col("registered_at").dt.replace_time_zone("UTC"))


def earliest(matches: pl.DataFrame, origins: pl.DataFrame) -> pl.DataFrame:
    """The first registration for each row and kind of match.

    Args:
        matches: as MATCHES says.
        origins: what their runs and positions stand for.

    Returns:
        A frame as LOOKUP says, by part and row, exact ones first.
    """
    ordered = matches.sort("part", "row", pl.col("exact").not_(), "run", "position", "record")
    kind = ("part", "row", "exact")
    first_of_kind = pl.any_horizontal(pl.col(name).ne_missing(pl.col(name).shift()) for name in kind)
    # Joined here and not in SQL, because polars lets all rows of a source share one copy of its names.
    named = ordered.filter(first_of_kind).join(origins, on=["run", "position"], how="left", maintain_order="left")
    return named.select(LOOKUP.names()).cast(LOOKUP)


def taken(con: Connection, scope: str, parts: Sequence[Path], *, apart_from: str) -> int:
    """How many codes of the parts another run of the scope has registered exactly; arguments as for `matches`."""
    if not parts or not _gather_hits(con, scope, parts, apart_from=apart_from):
        return 0
    query = "SELECT count(*) FROM read_parquet($parts, hive_partitioning = false) WHERE code IN (SELECT code FROM hits)"
    (count,) = first(con, query, {"parts": patterns(parts)})
    return int(count)


def _gather_hits(con: Connection, scope: str, parts: Sequence[Path], *, apart_from: str) -> bool:
    who = {"scope": scope, "apart_from": apart_from}
    if not first(con, "SELECT 1 FROM runs WHERE scope = $scope AND run_id <> $apart_from LIMIT 1", who):
        return False
    con.execute(
        """
        CREATE OR REPLACE TEMP TABLE hits AS
        SELECT h, code, run, source, record FROM known
        WHERE run IN (SELECT run FROM runs WHERE scope = $scope AND run_id <> $apart_from)
        AND h IN (SELECT hash(lower(code)) FROM read_parquet($parts, hive_partitioning = false))
        """,
        {**who, "parts": patterns(parts)},
    )
    return bool(first(con, "SELECT 1 FROM hits LIMIT 1"))
