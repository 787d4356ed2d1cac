"""The codes of a registry as one file."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

from vbatch.errors import OutputError
from vbatch.registry.connect import Connection, first
from vbatch.registry.durable import drafted
from vbatch.registry.ledger import resolve

Form = Literal["parquet", "csv"]
Status = Literal["registered", "undelivered", "delivered", "used", "disabled"]

_FORMS: dict[Form, str] = {
    "parquet": "FORMAT parquet, COMPRESSION zstd, COMPRESSION_LEVEL 1",
    "csv": "FORMAT csv, HEADER true, TIMESTAMPFORMAT '%Y-%m-%dT%H:%M:%S.%fZ'",
}
# A used code that no run holds any more is blocked all the same, so it is listed, without a run.
_ROWS = """
    SELECT code, scope, run_id, registered_at AT TIME ZONE 'UTC' AS registered_at, sources[position + 1] AS source, record, status
    FROM (SELECT run, run_id, scope, registered_at, sources, code, source AS position, record FROM known JOIN runs USING (run))
    FULL JOIN (SELECT scope, code, arg_max(status, marking) AS status FROM marked GROUP BY scope, code) USING (scope, code)
    WHERE ($scope IS NULL OR scope = $scope) AND ($run IS NULL OR run_id = $run) AND CASE
        WHEN $status IS NULL THEN run IS NOT NULL OR status = 'used'
        WHEN $status = 'registered' THEN run IS NOT NULL
        WHEN $status = 'undelivered' THEN run IS NOT NULL AND status IS NULL
        ELSE status = $status AND (run IS NOT NULL OR status = 'used')
    END
    ORDER BY run NULLS LAST, position, record, scope, code
"""


def form_of(path: Path) -> Form:
    """The form that the ending of a name asks for; OutputError if it asks for none."""
    form = next((form for form in _FORMS if path.suffix.lower() == f".{form}"), None)
    if form is None:
        raise OutputError(f"{path}: its ending says neither Parquet nor CSV", hint="let the name end with .parquet or .csv")
    return form


def export(con: Connection, path: Path, form: Form, *, scope: str | None, run: str | None, status: Status | None) -> int:
    """Writes codes to a file that appears whole under its name, readable by its owner only, or not at all.

    Args:
        con: an open registry.
        path: the file; replaced if it is there.
        form: how it is written.
        scope: only codes of this scope.
        run: only codes of this run.
        status: only codes that are so.

    Returns:
        How many rows it has.

    Raises:
        OutputError: the file cannot be written.
    """
    values = {"scope": scope, "run": run and resolve(con, run), "status": status}
    # CSV has no zones: instants are written in that of the connection.
    con.execute("SET TimeZone = 'UTC'")
    with _output_errors(path), drafted(path.absolute()) as draft:
        (rows,) = first(con, f"COPY ({_ROWS}) TO $draft ({_FORMS[form]}, USE_TMP_FILE false)", {**values, "draft": str(draft)})
    return int(rows)


@contextmanager
def _output_errors(path: Path) -> Iterator[None]:
    import duckdb  # noqa: PLC0415 - late, see connect

    try:
        yield
    except OSError as error:
        raise _output_error(path, error.strerror or str(error)) from error
    except duckdb.IOException as error:
        # Else it is the registry that cannot be read.
        if f".{path.name}." not in str(error):
            raise
        raise _output_error(path, str(error).partition("\n")[0].rpartition(": ")[2]) from error


def _output_error(path: Path, reason: str) -> OutputError:
    return OutputError(f"{path}: cannot be written: {reason}", hint="free some space or name another file; nothing was exported")
