"""What became of codes at the platforms: delivered, used, disabled. Marks are a history: nothing is ever changed or deleted."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import polars as pl

from vbatch.registry.connect import Connection, first, now

Mark = Literal["delivered", "used", "disabled"]
"""What a code can be; the latest mark is the one that holds, and `used` is the last."""

_GIVEN = pl.Schema({"code": pl.String(), "_source": pl.String(), "_record": pl.UInt64()})
_VERDICT = pl.Enum(["marked", "already", "unknown", "used"])
_SLICE = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class MarkResult:
    """What became of the rows that were to be marked: each is in one of the four.

    Args:
        marked: rows whose code has the status now.
        already: rows whose code had it before, or has it from an earlier row.
        unknown: rows whose code no run of the scope has registered.
        used: rows whose code is used, which is final.
    """

    marked: int
    already: int
    unknown: pl.DataFrame
    used: pl.DataFrame


def mark(con: Connection, status: Mark, codes: pl.DataFrame, *, scope: str, by: str, reason: str) -> MarkResult:
    """Gives codes of a scope a status; the caller holds the transaction.

    Args:
        con: an open registry.
        status: what they are.
        codes: `code`, `_source` and `_record`.
        scope: where they are registered.
        by: who says so.
        reason: why.
    """
    # Unlike codes, these rows repeat the same words.
    con.execute("SET force_compression = 'auto'")
    (marking,) = first(con, "SELECT coalesce(max(marking), 0) + 1 FROM marks")
    values = {"status": status, "scope": scope, "marking": marking, "at": now(), "by": by, "reason": reason}
    given = codes.select(_GIVEN.names()).cast(_GIVEN)
    # A slice sees the marks of those before it, so a code that stands in two of them is marked by the first.
    verdict = pl.concat([pl.Series(dtype=_VERDICT), *(_mark_slice(con, some, values) for some in given.iter_slices(_SLICE))])
    return MarkResult(
        marked=int((verdict == "marked").sum()),
        already=int((verdict == "already").sum()),
        unknown=codes.filter(verdict == "unknown"),
        used=codes.filter(verdict == "used"),
    )


def _mark_slice(con: Connection, given: pl.DataFrame, values: Mapping[str, object]) -> pl.Series:
    """Adds the marks of some rows; the verdict of each, in their order."""
    con.register("given", given.with_row_index("row"))
    con.execute("CREATE OR REPLACE TEMP TABLE wanted AS SELECT *, hash(lower(code)) AS h FROM given")
    con.execute(_JUDGE, {"status": values["status"], "scope": values["scope"]})
    con.execute(_MARK, values)
    verdict: pl.Series = con.sql("SELECT verdict FROM judged ORDER BY row").pl()["verdict"]
    return verdict.cast(_VERDICT)


_JUDGE = """
    CREATE OR REPLACE TEMP TABLE judged AS
    SELECT wanted.*, CASE
        WHEN status = 'used' AND $status <> 'used' THEN 'used'
        WHEN status IS DISTINCT FROM 'used' AND held.code IS NULL THEN 'unknown'
        WHEN status = $status OR row NOT IN (SELECT min(row) FROM wanted GROUP BY code) THEN 'already'
        ELSE 'marked'
    END AS verdict
    FROM wanted
    LEFT JOIN (
        SELECT code, arg_max(status, marking) AS status FROM marked WHERE scope = $scope AND h IN (SELECT h FROM wanted) GROUP BY code
    ) AS standing ON standing.code = wanted.code
    LEFT JOIN (
        SELECT DISTINCT code FROM known
        WHERE run IN (SELECT run FROM runs WHERE scope = $scope) AND h IN (SELECT h FROM wanted)
    ) AS held ON held.code = wanted.code
"""
_MARK = """
    INSERT INTO marks (h, code, scope, marking, status, marked_at, marked_by, source, record, reason)
    SELECT h, code, $scope, $marking, $status, $at, $by, _source, _record, $reason FROM judged WHERE verdict = 'marked' ORDER BY row
"""
