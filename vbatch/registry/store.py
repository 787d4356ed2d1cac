"""The registry as the rest of vbatch knows it. Each call opens the file, answers, and lets it go."""

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
from vbatch.registry.errors import named_errors
from vbatch.registry.ledger import RegistryInfo
from vbatch.registry.lookup import LOOKUP, earliest, matches, origins, taken
from vbatch.registry.session import create, reading, writing


class CodesTakenError(RegistryError):
    """Another run registered some of the codes since they were looked up; look them up again."""


class Registry:
    """The DuckDB file of the codes that exist.

    Every method raises RegistryError for a file that is no registry of this version or cannot be used, and RegistryBusyError when
    another process holds it for too long.

    Args:
        path: the file; it need not exist.
        wait: seconds that a call waits for another process to let go of it.
    """

    def __init__(self, path: Path, *, wait: float = 0) -> None:
        self.path = path
        self._wait = wait
        with named_errors(path):
            # One name for the file and its log, whatever links and working folders come between the calls.
            self._file = path.resolve()

    def exists(self) -> bool:
        """Whether there is a file; it may still turn out to be no registry."""
        with named_errors(self.path):
            return self._file.exists()

    def upgrade(self) -> None:
        """Brings an existing registry into the shape of this version; the other readers only refuse an older one."""
        if self.exists():
            with named_errors(self.path), writing(self._file, wait=self._wait):
                pass

    def stored(self, run_id: str) -> RegisteredRun | None:
        """The run of this identity, None if it is not registered or there is no registry."""
        if not self.exists():
            return None
        with self._reading() as con:
            return ledger.stored(con, run_id)

    def lookup(self, scope: str, parts: Sequence[Path], *, apart_from: str) -> pl.DataFrame:
        """Which rows hold a code that another run has registered in this scope.

        Args:
            scope: where codes must be unique.
            parts: Parquet files with a column `code` (String).
            apart_from: a run whose own codes do not count.

        Returns:
            One line for each row and kind of match, by part and row: `part` (UInt32, index in `parts`), `row` (UInt64, from 0 in its
            part), `exact` (Boolean; False: equal but for case), and the earliest such registration: `run_id`, `registered_at`
            (Datetime, us, UTC), `source` (path), `record` (UInt64). Its memory grows with the matches, not with the registry.
        """
        if not self.exists():
            return LOOKUP.to_frame()
        with self._reading() as con:
            found, names = matches(con, scope, parts, apart_from=apart_from), origins(con)
        # Others may have the file again while this is sorted.
        return earliest(found, names)

    def register(self, run: RegisteredRun, parts: Sequence[Path]) -> None:
        """Adds a run and all its codes in one transaction; afterwards they are on disk, and after an error nothing has changed.

        Args:
            run: the run.
            parts: its accepted rows: Parquet files with `code` (String), `_record` (UInt64) and `_source` (String, one of `run.sources`).

        Raises:
            RegistryError: the run is registered already.
            CodesTakenError: another run has registered some of the codes in this scope.
        """

        def fill(con: Connection) -> None:
            with transaction(con):
                _refuse_doubles(con, run, parts)
                ledger.append(con, run, parts)

        with named_errors(self.path):
            if not self._file.exists() and create(self._file, fill):
                return
            with writing(self._file, wait=self._wait) as con:
                fill(con)

    def runs(self) -> pl.DataFrame:
        """One row a run, oldest first.

        Returns:
            `run_id`, `pipeline`, `scope`, `registered_at` (Datetime, us, UTC), `codes` (UInt64), `sources` (List of String).
        """
        with self._reading() as con:
            return ledger.runs(con)

    def info(self) -> RegistryInfo:
        """The registry at a glance."""
        with self._reading() as con:
            return ledger.info(con, self._file)

    def find(self, code: str) -> pl.DataFrame:
        """Every registration of a code in any scope, exact ones first, then those that differ only in case.

        Returns:
            `code`, `exact` (Boolean), `scope`, `run_id`, `registered_at` (Datetime, us, UTC), `source` (path), `record` (UInt64).
        """
        with self._reading() as con:
            return ledger.find(con, code)

    def check(self) -> int:
        """How many codes are registered twice in a scope; anything but 0 means that the registry is damaged."""
        with self._reading() as con:
            return ledger.check(con)

    @contextmanager
    def _reading(self) -> Iterator[Connection]:
        with named_errors(self.path), reading(self._file, wait=self._wait) as con:
            yield con


def _refuse_doubles(con: Connection, run: RegisteredRun, parts: Sequence[Path]) -> None:
    if ledger.stored(con, run.run_id) is not None:
        raise RegistryError(f"run {run.run_id} is registered already", hint="its report is in the registry; nothing is left to load")
    if count := taken(con, run.scope, parts, apart_from=run.run_id):
        raise CodesTakenError(f"another run has registered {count} of these codes meanwhile", hint="run it again")
