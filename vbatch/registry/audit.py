"""Whether a registry is sound: every code once in its scope, nothing without its origin, and all of it as the stored reports say."""

import json
from collections.abc import Iterator
from dataclasses import dataclass

from vbatch.registry.connect import Connection


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that is wrong with a registry.

    Args:
        what: what is wrong.
        detail: where: a scope, a run or a table.
        count: how many codes, marks or runs are so.
    """

    what: str
    detail: str
    count: int


_QUERIES = {
    # Only codes whose hash occurs twice can be there twice: most of the table is never grouped as strings.
    "codes registered more than once": """
        WITH live AS (SELECT run FROM runs), twice AS (SELECT h FROM known WHERE run IN (FROM live) GROUP BY h HAVING count(*) > 1)
        SELECT 'scope ' || scope, count(*) FROM (
            SELECT scope, code FROM known JOIN runs USING (run) WHERE h IN (FROM twice) GROUP BY scope, code HAVING count(*) > 1
        ) GROUP BY scope ORDER BY scope
    """,
    "codes without a run": "SELECT 'number ' || run, count(*) FROM codes WHERE run NOT IN (SELECT run FROM ever) GROUP BY run ORDER BY run",
    "codes without a source": """
        SELECT 'run ' || run_id, count(*) FROM codes JOIN ever USING (run) WHERE source >= len(sources) GROUP BY run, run_id ORDER BY run
    """,
    "marks on codes that were never registered": """
        SELECT 'scope ' || scope, count(*) FROM marked
        ANTI JOIN (SELECT h, code, scope FROM known JOIN ever USING (run) WHERE h IN (SELECT h FROM marked)) USING (h, code, scope)
        GROUP BY scope ORDER BY scope
    """,
    "marks on codes that were used before": """
        SELECT 'scope ' || scope, count(*) FROM marked AS late
        SEMI JOIN (SELECT * FROM marked WHERE status = 'used') AS used
        ON late.h = used.h AND late.code = used.code AND late.scope = used.scope AND late.marking > used.marking
        GROUP BY scope ORDER BY scope
    """,
    "runs registered more than once": "SELECT 'run ' || run_id, count(*) FROM runs GROUP BY run_id HAVING count(*) > 1 ORDER BY run_id",
    "runs under the number of another": "SELECT 'number ' || run, count(*) FROM ever GROUP BY run HAVING count(*) > 1 ORDER BY run",
    "runs that correct one that is not registered": """
        SELECT 'run ' || corrects, count(*) FROM runs WHERE corrects NOT IN (SELECT run_id FROM runs) GROUP BY corrects ORDER BY corrects
    """,
    "rows under the hash of another code": """
        SELECT 'table codes', count(*) FROM known WHERE h <> hash(lower(code)) HAVING count(*) > 0
        UNION ALL SELECT 'table marks', count(*) FROM marked WHERE h <> hash(lower(code)) HAVING count(*) > 0
        UNION ALL SELECT 'table attempts', count(*) FROM attempted WHERE h <> hash(lower(code)) HAVING count(*) > 0
    """,
}
"""What can be wrong, and the query that answers with one line for each place and how often."""


def check(con: Connection) -> tuple[Finding, ...]:
    """Everything that is wrong with a registry; empty if it is sound."""
    found = (
        Finding(what=what, detail=detail, count=count)
        for what, query in _QUERIES.items()
        for detail, count in con.execute(query).fetchall()
    )
    return (*found, *_unlike_their_reports(con))


def _unlike_their_reports(con: Connection) -> Iterator[Finding]:
    answer = con.execute("""
        SELECT run_id, report, coalesce(codes, 0)
        FROM runs LEFT JOIN (SELECT run, count(*) AS codes FROM codes GROUP BY run) USING (run) ORDER BY run
    """)
    # One at a time: the report of a run with many sources is large.
    while row := answer.fetchone():
        run_id, report, codes = row
        try:
            accepted = _accepted(report)
        except (ValueError, AttributeError):
            yield Finding(what="runs whose report cannot be read", detail=f"run {run_id}", count=1)
            continue
        if accepted not in {None, codes}:
            detail = f"run {run_id} has {codes}, and its report says {accepted}"
            yield Finding(what="codes unlike the report", detail=detail, count=abs(codes - int(accepted)))


def _accepted(report: str) -> int | None:
    return json.loads(report).get("accepted") if report else None
