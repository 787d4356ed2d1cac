"""The registry as the rest of vbatch knows it. Each change is one transaction: afterwards it is on the disk, or nothing has changed."""

# As text, because annotations that outlive the interpreter keep the types of DuckDB alive, and it reports them as leaks on stderr.
from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import polars as pl

from vbatch.errors import RegistryError
from vbatch.model.registered import RegisteredRun
from vbatch.registry import ledger
from vbatch.registry.connect import Connection, transaction
from vbatch.registry.durable import draft_name, held_folder
from vbatch.registry.errors import named_errors
from vbatch.registry.lookup import Standing, standing, taken
from vbatch.registry.marks import Mark, MarkResult, mark
from vbatch.registry.reader import RegistryReader
from vbatch.registry.session import create, writing


class CodesTakenError(RegistryError):
    """Another run has registered some of the codes since they were looked up, or they were used; look them up again."""


class RunKnownError(RegistryError):
    """The run itself is registered already: another process with the same input was faster."""


class Registry(RegistryReader):
    """The DuckDB file of the codes that exist.

    Every method raises RegistryError for a file that is no registry of this version or cannot be used, and RegistryBusyError when
    another process holds it for too long. What a signal handler raises meanwhile comes out as itself, and nothing has changed then
    unless the commit was made already.

    Args:
        path: the file; it need not exist.
        wait: seconds that a call waits for another process to let go of it.
    """

    def upgrade(self) -> None:
        """Brings an existing registry into the shape of this version, which readers only refuse; if there is none, it can be made."""
        # That it cannot be made should not turn out when all else is done.
        untried = held_folder(self._file.parent, draft_name(self._file))
        with named_errors(self.path), writing(self._file, wait=self.wait) if self.exists() else untried:
            pass

    def register(self, run: RegisteredRun, parts: Sequence[Path], *, attempts: Path | None = None, since: Standing | None = None) -> None:
        """Adds a run and all its codes.

        Args:
            run: the run; what it corrects may be named by the beginning of its identity.
            parts: its accepted rows: Parquet files with `code` (String), `_record` (UInt64) and `_source` (String, one of `run.sources`).
            attempts: the rows that it was refused because their code is registered or used: a Parquet file with `code` (String),
                `_source` (String), `_record` (UInt64) and `fault` (String).
            since: how the registry stood when the codes were looked up; they are not looked up again if it still does.

        Raises:
            RegistryError: the run that it corrects is not registered.
            RunKnownError: the run is registered already.
            CodesTakenError: another run has registered some of the codes in this scope, or they are used there.
        """

        def fill(con: Connection) -> None:
            with transaction(con):
                _refuse_doubles(con, run, parts, since)
                ledger.append(con, run, parts)
                if attempts is not None:
                    ledger.append_attempts(con, run, attempts)

        with named_errors(self.path):
            if not self._file.exists() and create(self._file, fill):
                return
            with writing(self._file, wait=self.wait) as con:
                fill(con)

    def forget(self, run: str, *, by: str, reason: str) -> int:
        """Undoes a RUN: exactly its codes are no longer registered, and it can be registered again. Marks and attempts stay.

        Args:
            run: which.
            by: who, for `forgotten` and the timelines.
            reason: why.

        Returns:
            How many codes it had.

        Raises:
            RegistryError: there is no such run, or another one corrects it.
        """
        with self._changing() as con:
            return ledger.forget(con, run, by=by, reason=reason)

    def mark(self, status: Mark, codes: pl.DataFrame, *, scope: str, by: str, reason: str) -> MarkResult:
        """Records what became of codes at the platform.

        Args:
            status: what they are; used is final.
            codes: `code` (String), and where it says so: `_source` (String) and `_record` (UInt64).
            scope: where they are registered.
            by: who says so, for the timelines.
            reason: why.
        """
        with self._changing() as con:
            return mark(con, status, codes, scope=scope, by=by, reason=reason)

    @contextmanager
    def _changing(self) -> Iterator[Connection]:
        """A transaction on a registry that has to exist already."""
        if not self.exists():
            raise RegistryError(f"there is no registry {self.path}", hint="`vbatch load` makes it; or name another one with --registry")
        with named_errors(self.path), writing(self._file, wait=self.wait) as con, transaction(con):
            yield con


def _refuse_doubles(con: Connection, run: RegisteredRun, parts: Sequence[Path], since: Standing | None) -> None:
    if ledger.stored(con, run.run_id) is not None:
        raise RunKnownError(f"run {run.run_id} is registered already", hint="its report is in the registry; nothing is left to load")
    if since == standing(con, run.scope, apart_from=run.run_id):
        return
    if count := taken(con, run.scope, parts, apart_from=run.run_id):
        raise CodesTakenError(f"another run has registered {count} of these codes meanwhile, or they were used", hint="run it again")
