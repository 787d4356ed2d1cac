"""Which of these codes are registered or used: hashes for all, strings for the few whose hash is there."""

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

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
        "used": pl.Boolean(),
    }
)
"""The columns of what a lookup finds."""

MATCHES = pl.Schema(
    {"part": pl.UInt32(), "row": pl.UInt64(), "exact": pl.Boolean(), "run": pl.UInt32(), "position": pl.UInt32(), "record": pl.UInt64()}
)
"""The columns of a match: the row, how it is equal, and the registration by number of the run and position of the source in it.

Without a run it is no registration: the code is used."""


class Standing(NamedTuple):
    """How a registry stands. What is added to it later, a run or a mark, makes it another one.

    Args:
        number, run_id: the last run that was registered, forgotten or not; None if there was none.
        marking: the last marking of codes.
        anything: whether a lookup can find something.
    """

    number: int | None = None
    run_id: str | None = None
    marking: int | None = None
    anything: bool = False


_ORIGINS = pl.Schema(
    {"run": pl.UInt32(), "position": pl.UInt32(), "run_id": pl.String(), "registered_at": pl.Datetime("us"), "source": pl.String()}
)
_BATCH = 262_144
_SLICE = 2_000_000
_THREAD, _EACH, _MOST = 32 << 20, 64, 512 << 20
"""Bytes that DuckDB may use for each thread of a lookup, for each of its codes, and in all. Each block of the registry is wanted once: to
keep more of them only takes time."""


def patterns(parts: Sequence[Path]) -> list[str]:
    """Paths as DuckDB takes them: it reads every path as a glob, and `part[1].parquet` would silently be another file."""
    return [re.sub(r"([*?\[])", r"[\1]", str(part.absolute())) for part in parts]


def matches(con: Connection, scope: str, parts: Sequence[Path], *, apart_from: str) -> Iterator[pl.DataFrame]:
    """Every pair of a row of the parts and a code that is registered or used; equal exactly, or but for case if registered.

    Args:
        con: an open registry.
        scope: where codes must be unique.
        parts: Parquet files with a column `code`.
        apart_from: the run whose own codes do not count.

    Yields:
        Frames as MATCHES says, in no order; all pairs of a part are in one of them, and one is about as large as that of _SLICE rows.
    """
    slices = list(_slices(con, parts))
    largest = max((rows for *_, rows in slices), default=0)
    # What cannot be done in so little goes through files; with less for a thread, DuckDB fails.
    (threads,) = first(con, "SELECT current_setting('threads')")
    con.execute(f"SET memory_limit = '{min(_THREAD * max(threads, 2) + _EACH * largest, _MOST)}B'")
    for start, some, _ in slices:
        if _gather_hits(con, scope, some, apart_from=apart_from):
            yield _pairs(con, start, some)


def _slices(con: Connection, parts: Sequence[Path]) -> Iterator[tuple[int, Sequence[Path], int]]:
    """The parts, as many at a time as have about _SLICE rows, what bounds the memory; the index of the first, and the number of rows."""
    query = "SELECT file_name, num_rows FROM parquet_file_metadata($parts)"
    rows = dict(con.execute(query, {"parts": patterns(parts)}).fetchall()) if parts else {}
    start, together = 0, 0
    for index, part in enumerate(parts):
        together += rows[str(part.absolute())]
        if together >= _SLICE or index + 1 == len(parts):
            yield start, parts[start : index + 1], together
            start, together = index + 1, 0


def _pairs(con: Connection, start: int, parts: Sequence[Path]) -> pl.DataFrame:
    # The first comparison is implied by the second, and keeps DuckDB from hashing the strings once more for the join.
    pairs = con.sql(
        """
        SELECT
            CAST(part + $start AS UINTEGER) AS part, CAST(row AS UBIGINT) AS row, codes.code = hits.code AS exact,
            hits.run, hits.source AS position, hits.record
        FROM hits JOIN (
            SELECT file_index AS part, file_row_number AS row, code, hash(lower(code)) AS h
            FROM read_parquet($parts, hive_partitioning = false)
        ) AS codes USING (h)
        WHERE codes.code = hits.code OR (lower(codes.code) = lower(hits.code) AND hits.run IS NOT NULL)
        """,
        params={"start": start, "parts": patterns(parts)},
    )
    # As a stream: a whole result has to fit into DuckDB's memory limit.
    return pl.DataFrame(pairs.to_arrow_reader(_BATCH), schema=MATCHES)


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
    ordered = matches.sort("part", "row", pl.col("exact").not_(), "run", "position", "record", nulls_last=True)
    kind = ("part", "row", "exact")
    first_of_kind = pl.any_horizontal(pl.col(name).ne_missing(pl.col(name).shift()) for name in kind)
    last_of_kind = pl.any_horizontal(pl.col(name).ne_missing(pl.col(name).shift(-1)) for name in kind)
    used = ordered.filter(last_of_kind)["run"].is_null()
    # Joined here and not in SQL, because polars lets all rows of a source share one copy of its names.
    named = ordered.filter(first_of_kind).with_columns(used=used).join(origins, on=["run", "position"], how="left", maintain_order="left")
    return named.select(LOOKUP.names()).cast(LOOKUP)


def taken(con: Connection, scope: str, parts: Sequence[Path], *, apart_from: str) -> int:
    """How many codes of the parts another run of the scope has registered exactly, or are used; arguments as for `matches`."""
    query = "SELECT count(*) FROM read_parquet($parts, hive_partitioning = false) WHERE code IN (SELECT code FROM hits)"
    return sum(
        int(first(con, query, {"parts": patterns(some)})[0])
        for _, some, _ in _slices(con, parts)
        if _gather_hits(con, scope, some, apart_from=apart_from)
    )


def standing(con: Connection, scope: str, *, apart_from: str) -> Standing:
    """How the registry stands; arguments as for `matches`."""
    number, run_id = first(con, "SELECT max(run), max_by(run_id, run) FROM ever")
    (marking,) = first(con, "SELECT max(marking) FROM marks")
    who = {"scope": scope, "apart_from": apart_from}
    return Standing(number, run_id, marking, anything=bool(first(con, _OTHER_RUN, who) or first(con, _USED_CODE, [scope])))


def _gather_hits(con: Connection, scope: str, parts: Sequence[Path], *, apart_from: str) -> bool:
    """Fills the table `hits` with the codes whose hash is one of the parts'; False if it stays empty."""
    who = {"scope": scope, "apart_from": apart_from}
    con.execute("CREATE OR REPLACE TEMP TABLE hits (h UBIGINT, code VARCHAR, run UINTEGER, source UINTEGER, record UBIGINT)")
    if first(con, _OTHER_RUN, who):
        # Most codes are new, and that can be told from one column of the registry.
        con.execute(_FOUND, {"parts": patterns(parts)})
        con.execute(_REGISTERED, who)
    if first(con, _USED_CODE, [scope]):
        con.execute(_USED, {**who, "parts": patterns(parts)})
    return bool(first(con, "SELECT 1 FROM hits LIMIT 1"))


_OTHER_RUN = "SELECT 1 FROM runs WHERE scope = $scope AND run_id <> $apart_from LIMIT 1"
_USED_CODE = "SELECT 1 FROM marks WHERE scope = ? AND status = 'used' LIMIT 1"
_FOUND = """
    CREATE OR REPLACE TEMP TABLE found AS SELECT place FROM known
    WHERE h IN (SELECT hash(lower(code)) FROM read_parquet($parts, hive_partitioning = false))
"""
_REGISTERED = """
    INSERT INTO hits SELECT h, code, run, source, record FROM known
    WHERE run IN (SELECT run FROM runs WHERE scope = $scope AND run_id <> $apart_from) AND place IN (SELECT place FROM found)
"""
# A code that was used after the run itself had registered it does not count against that run, whose verdicts would change.
_USED = """
    INSERT INTO hits SELECT h, code, NULL, NULL, NULL FROM marked
    ANTI JOIN (SELECT h, code FROM known JOIN runs USING (run) WHERE scope = $scope AND run_id = $apart_from) USING (h, code)
    WHERE scope = $scope AND status = 'used'
    AND h IN (SELECT hash(lower(code)) FROM read_parquet($parts, hive_partitioning = false))
"""
