"""What became of codes at the platforms: delivered, used, disabled. Marks are a history: nothing is ever changed or deleted."""

from dataclasses import dataclass
from typing import Literal

import polars as pl

from vbatch.registry.connect import Connection, first, now

Mark = Literal["delivered", "used", "disabled"]
"""What a code can be; the latest mark is the one that holds, and `used` is the last."""

_GIVEN = pl.Schema({"code": pl.String(), "_source": pl.String(), "_record": pl.UInt64()})


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
    _judge(con, status, codes, scope)
    con.execute(
        """
        INSERT INTO marks (h, code, scope, marking, status, marked_at, marked_by, source, record, reason)
        SELECT h, code, $scope, (SELECT coalesce(max(marking), 0) + 1 FROM marks), $status, $at, $by, _source, _record, $reason
        FROM judged WHERE verdict = 'marked' ORDER BY row
        """,
        {"scope": scope, "status": status, "at": now(), "by": by, "reason": reason},
    )
    return MarkResult(
        marked=_count(con, "marked"), already=_count(con, "already"), unknown=_rows(con, codes, "unknown"), used=_rows(con, codes, "used")
    )


def _judge(con: Connection, status: Mark, codes: pl.DataFrame, scope: str) -> None:
    """Fills the table `judged`: one line for each row, with its verdict."""
    con.register("given", codes.select(_GIVEN.names()).cast(_GIVEN).with_row_index("row"))
    con.execute("CREATE OR REPLACE TEMP TABLE wanted AS SELECT *, hash(lower(code)) AS h FROM given")
    con.execute(
        """
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
        """,
        {"status": status, "scope": scope},
    )


def _count(con: Connection, verdict: str) -> int:
    return int(first(con, "SELECT count(*) FROM judged WHERE verdict = ?", [verdict])[0])


def _rows(con: Connection, codes: pl.DataFrame, verdict: str) -> pl.DataFrame:
    chosen: pl.Series = con.sql("SELECT row FROM judged WHERE verdict = $verdict ORDER BY row", params={"verdict": verdict}).pl()["row"]
    return codes[chosen]
