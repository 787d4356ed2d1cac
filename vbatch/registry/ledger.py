"""The runs of a registry: written, undone, named and listed. Whoever writes holds the transaction."""

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import polars as pl

from vbatch.errors import RegistryError
from vbatch.model.registered import Kind, RegisteredRun
from vbatch.registry.connect import Connection, first, now
from vbatch.registry.lookup import patterns

_SHORTEST = 8


def stored(con: Connection, run_id: str) -> RegisteredRun | None:
    """The run of exactly this identity."""
    query = "SELECT scope, pipeline, registered_at, sources, report, kind, corrects, outputs FROM runs WHERE run_id = ?"
    row = first(con, query, [run_id])
    if not row:
        return None
    scope, pipeline, at, sources, report, kind, corrects, outputs = row
    return RegisteredRun(
        run_id=run_id,
        scope=scope,
        pipeline=pipeline,
        registered_at=at.replace(tzinfo=UTC),
        sources=tuple(sources),
        report=report,
        kind=kind,
        corrects=corrects,
        outputs=outputs,
    )


def has_sizes(con: Connection, scope: str, kind: Kind, sizes: Sequence[int]) -> bool:
    """Whether the sources of a registered run had these sizes, in ascending order; a report that says nothing of them is none."""
    query = """
        SELECT 1 FROM runs WHERE scope = $scope AND kind = $kind AND len(sources) = len($sizes)
        AND list_sort(TRY(CAST(json_extract(report, '$.sources[*].bytes') AS UBIGINT[]))) = CAST($sizes AS UBIGINT[]) LIMIT 1
    """
    return bool(first(con, query, {"scope": scope, "kind": kind, "sizes": list(sizes)}))


def resolve(con: Connection, name: str) -> str:
    """The identity of a registered run.

    Args:
        con: an open registry.
        name: the identity, or its beginning of at least eight digits that no other run shares.

    Raises:
        RegistryError: no run is named so, or several are.
    """
    if first(con, "SELECT 1 FROM runs WHERE run_id = ?", [name]):
        return name
    query = "SELECT run_id FROM runs WHERE starts_with(run_id, ?) ORDER BY run"
    found: list[str] = [run_id for (run_id,) in con.execute(query, [name]).fetchall()] if len(name) >= _SHORTEST else []
    if len(found) > 1:
        raise RegistryError(f"{name} is the beginning of {len(found)} runs", hint=f"name one of {', '.join(found)}")
    if not found:
        raise RegistryError(f"the registry holds no run {name}", hint=_where_it_is(con, name))
    return found[0]


def append(con: Connection, run: RegisteredRun, parts: Sequence[Path]) -> None:
    """Adds a run and its codes, in the order of the parts and their rows."""
    (number,) = first(con, "SELECT coalesce(max(run), 0) + 1 FROM ever")
    values = {
        "run": number,
        "run_id": run.run_id,
        "scope": run.scope,
        "pipeline": run.pipeline,
        "at": _as_kept(run.registered_at),
        "sources": list(run.sources),
        "report": run.report,
        "kind": run.kind,
        "corrects": run.corrects and resolve(con, run.corrects),
        "outputs": run.outputs,
    }
    con.execute(
        """
        INSERT INTO runs (run, run_id, scope, pipeline, registered_at, sources, report, kind, corrects, outputs)
        VALUES ($run, $run_id, $scope, $pipeline, $at, $sources, $report, $kind, $corrects, $outputs)
        """,
        values,
    )
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


def append_attempts(con: Connection, run: RegisteredRun, rows: Path) -> None:
    """Adds what a run was refused because it was registered or used; `rows` has `code`, `_source`, `_record` and `fault`."""
    # Unlike codes, these rows repeat the same words.
    con.execute("SET force_compression = 'auto'")
    con.execute(
        """
        INSERT INTO attempts (h, code, scope, run_id, source, record, fault, attempted_at)
        SELECT hash(lower(code)), code, $scope, $run_id, _source, _record, fault, $at
        FROM read_parquet($rows, hive_partitioning = false)
        """,
        {"scope": run.scope, "run_id": run.run_id, "at": _as_kept(run.registered_at), "rows": patterns([rows])},
    )


def forget(con: Connection, name: str, *, by: str, reason: str) -> int:
    """Undoes a run, whose codes are no longer registered then.

    Args:
        con: an open registry.
        name: the run, as `resolve` takes it.
        by: who.
        reason: why.

    Returns:
        How many codes it had.

    Raises:
        RegistryError: there is no such run, or another one corrects it.
    """
    run_id = resolve(con, name)
    query = "SELECT run_id FROM runs WHERE corrects = ? ORDER BY run"
    if correcting := [other for (other,) in con.execute(query, [run_id]).fetchall()]:
        raise RegistryError(f"run {run_id} is corrected by {', '.join(correcting)}", hint="forget what corrects it first")
    (codes,) = first(con, "SELECT count(*) FROM codes WHERE run = (SELECT run FROM runs WHERE run_id = ?)", [run_id])
    values = {"run_id": run_id, "codes": codes, "at": now(), "by": by, "reason": reason}
    con.execute(
        """
        INSERT INTO forgotten BY NAME
        SELECT *, $codes AS codes, $at AS forgotten_at, $by AS forgotten_by, $reason AS reason FROM runs WHERE run_id = $run_id
        """,
        values,
    )
    con.execute("DELETE FROM runs WHERE run_id = ?", [run_id])
    return int(codes)


def runs(con: Connection) -> pl.DataFrame:
    """One row a run, in the order of registration."""
    return in_utc(
        con.sql("""
            SELECT
                run_id, pipeline, scope, registered_at, CAST(coalesce(codes, 0) AS UBIGINT) AS codes, sources, kind, corrects, outputs
            FROM runs LEFT JOIN (SELECT run, count(*) AS codes FROM codes GROUP BY run) USING (run)
            ORDER BY run
        """).pl()
    )


def forgotten(con: Connection) -> pl.DataFrame:
    """One row for each time that a run was undone, in that order."""
    return in_utc(
        con.sql("""
            SELECT
                run_id, pipeline, scope, registered_at, codes, sources, kind, corrects, outputs, forgotten_at, forgotten_by AS by, reason
            FROM forgotten ORDER BY rowid
        """).pl()
    )


def chain(con: Connection, name: str) -> pl.DataFrame:
    """The runs that correct this one or one another of them, in the order of registration."""
    query = """
        WITH RECURSIVE mending AS (
            SELECT $run_id AS run_id UNION SELECT runs.run_id FROM runs JOIN mending ON runs.corrects = mending.run_id
        )
        SELECT run_id FROM mending WHERE run_id <> $run_id
    """
    found = con.execute(query, {"run_id": resolve(con, name)}).fetchall()
    return runs(con).filter(pl.col("run_id").is_in([run_id for (run_id,) in found]))


def in_utc(frame: pl.DataFrame) -> pl.DataFrame:
    """The instants of a frame with their zone."""
    return frame.with_columns(pl.col(pl.Datetime).dt.replace_time_zone("UTC"))


def _as_kept(at: datetime) -> datetime:
    return at.astimezone(UTC).replace(tzinfo=None)


def _where_it_is(con: Connection, name: str) -> str:
    if len(name) >= _SHORTEST and first(con, "SELECT 1 FROM forgotten WHERE starts_with(run_id, ?) LIMIT 1", [name]):
        return "it was forgotten; load its input again to have it back"
    return f"`vbatch registry runs` lists them; the first {_SHORTEST} digits are enough"
