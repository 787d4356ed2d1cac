"""What a registry answers. Each question opens the file, is answered, and lets it go, unless several are asked together."""

# As text, because annotations that outlive the interpreter keep the types of DuckDB alive, and it reports them as leaks on stderr.
from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import polars as pl

from vbatch.errors import OutputError
from vbatch.model.registered import Kind, RegisteredRun
from vbatch.registry import answers, ledger
from vbatch.registry.answers import RegistryInfo
from vbatch.registry.audit import Finding, check
from vbatch.registry.connect import Connection
from vbatch.registry.errors import named_errors
from vbatch.registry.export import Form, Status, export, form_of
from vbatch.registry.lookup import LOOKUP, Standing, earliest, matches, origins, standing
from vbatch.registry.session import reading


class RegistryReader:
    """The questions; Registry describes the arguments and the errors.

    A RUN is named by its identity, or by a beginning of at least eight digits that no other run shares; RegistryError if there is none.
    """

    def __init__(self, path: Path, *, wait: float = 0) -> None:
        self.path = path
        self.wait = wait
        with named_errors(path):
            # One name for the file and its log, whatever links and working folders come between the calls.
            self._file = path.resolve()
        self._shared: Connection | None = None

    @contextmanager
    def together(self) -> Iterator[None]:
        """Opens the file once for all questions that are asked inside, in this thread. Nobody changes it meanwhile."""
        if not self.exists():
            yield
            return
        with self._reading() as con:
            self._shared = con
            try:
                yield
            finally:
                self._shared = None

    def exists(self) -> bool:
        """Whether there is a file; it may still turn out to be no registry."""
        with named_errors(self.path):
            return self._file.exists()

    def stored(self, run_id: str) -> RegisteredRun | None:
        """The run of exactly this identity, None if it is not registered or there is no registry."""
        if not self.exists():
            return None
        with self._reading() as con:
            return ledger.stored(con, run_id)

    def has_sizes(self, scope: str, kind: Kind, sizes: Sequence[int]) -> bool:
        """Whether a run of this kind is registered in a scope whose sources had these sizes, in ascending order: by its report."""
        if not self.exists():
            return False
        with self._reading() as con:
            return ledger.has_sizes(con, scope, kind, sizes)

    def resolve(self, name: str) -> str:
        """The identity of a RUN."""
        with self._reading() as con:
            return ledger.resolve(con, name)

    def standing(self, scope: str, *, apart_from: str) -> Standing:
        """How the registry stands, and whether a lookup in this scope can find anything: a registration by another run, or a used code."""
        if not self.exists():
            return Standing()
        with self._reading() as con:
            return standing(con, scope, apart_from=apart_from)

    def lookup(self, scope: str, parts: Sequence[Path], *, apart_from: str) -> pl.DataFrame:
        """Which rows hold a code that another run has registered in this scope, or that is used there.

        Args:
            scope: where codes must be unique.
            parts: Parquet files with a column `code` (String); memory is bounded by about two million rows, or by the largest of them.
            apart_from: a run whose own codes do not count.

        Returns:
            One line for each row and kind of match, by part and row: `part` (UInt32, index in `parts`), `row` (UInt64, from 0 in its
            part), `exact` (Boolean; False: equal but for case), the earliest such registration: `run_id`, `registered_at` (Datetime,
            us, UTC), `source` (path), `record` (UInt64), and `used` (Boolean: the code is marked as used; exact ones only). The
            registration is null if the code is used and no run holds it any more. The frame grows with the matches, not with the registry.
        """
        if not self.exists():
            return LOOKUP.to_frame()
        with self._reading() as con:
            found, names = list(matches(con, scope, parts, apart_from=apart_from)), origins(con)
        # Others may have the file again while this is sorted, a slice at a time and letting go of each.
        return pl.concat([LOOKUP.to_frame(), *(earliest(found.pop(0), names) for _ in range(len(found)))])

    def runs(self) -> pl.DataFrame:
        """One row a run, oldest first.

        Returns:
            `run_id`, `pipeline`, `scope`, `registered_at` (Datetime, us, UTC), `codes` (UInt64), `sources` (List of String), `kind`,
            `corrects` (run_id or null), `outputs`.
        """
        with self._reading() as con:
            return ledger.runs(con)

    def forgotten(self) -> pl.DataFrame:
        """One row for each time that a run was undone: the columns of `runs`, and `forgotten_at`, `by`, `reason`."""
        with self._reading() as con:
            return ledger.forgotten(con)

    def chain(self, run: str) -> pl.DataFrame:
        """The runs that correct a RUN, directly or by correcting one another; rows of `runs`."""
        with self._reading() as con:
            return ledger.chain(con, run)

    def records(self, run: str) -> pl.DataFrame:
        """What a RUN registered: `source` (path), `record` (UInt64) and `code`, in no order."""
        with self._reading() as con:
            return answers.records(con, run)

    def since_accepted(self, scope: str, codes: pl.Series, *, after: str | None = None) -> pl.Series:
        """Which codes are registered in a scope: exactly, and by a run later than the RUN `after` if that is given; as `accepted`."""
        with self._reading() as con:
            return answers.since_accepted(con, scope, codes, after=after)

    def info(self) -> RegistryInfo:
        """The registry at a glance."""
        with self._reading() as con:
            return answers.info(con, self._file)

    def find(self, code: str) -> pl.DataFrame:
        """Every registration of a code in any scope, exact ones first, then those that differ only in case.

        Returns:
            `code`, `exact` (Boolean), `scope`, `run_id`, `registered_at` (Datetime, us, UTC), `source` (path), `record` (UInt64).
        """
        with self._reading() as con:
            return answers.find(con, code)

    def timeline(self, code: str) -> pl.DataFrame:
        """Everything that happened to a code in any scope, exact ones first, then those that differ only in case; each in time order.

        Returns:
            `at` (Datetime, us, UTC), `event` (registered, imported, forgotten, delivered, used, disabled, attempt), `code`, `exact`
            (Boolean), `scope`, `run_id`, `source` (path), `record` (UInt64), `by`, and `detail`: the pipeline of a registration, the
            reason of a mark or of forgetting, the fault of an attempt.
        """
        with self._reading() as con:
            return answers.timeline(con, code)

    def export(
        self, path: Path, *, scope: str | None = None, run: str | None = None, status: Status | None = None, form: Form | None = None
    ) -> int:
        """Writes codes to a file, which appears whole and readable by its owner only, or not at all; one of that name is replaced.

        Its columns are `code`, `scope`, `run_id`, `registered_at` (UTC), `source`, `record`, and `status` (null while it is in no
        way marked). Rows stand by run, source and record. Used codes that no run holds any more come last and have no run.

        Args:
            path: the file.
            scope: only codes of this scope.
            run: only codes of this RUN.
            status: only codes that are so; registered is any that a run holds, undelivered one that was never marked.
            form: Parquet or CSV; by the ending of the name if it is not given.

        Returns:
            How many rows it has.

        Raises:
            OutputError: the file cannot be written.
        """
        chosen = form or form_of(path)
        if path.resolve() == self._file:
            raise OutputError(f"{path}: is the registry itself", hint="name another file")
        with self._reading() as con:
            return export(con, path, chosen, scope=scope, run=run, status=status)

    def check(self) -> tuple[Finding, ...]:
        """Everything that is wrong with the registry; empty if it is sound."""
        with self._reading() as con:
            return check(con)

    @contextmanager
    def _reading(self) -> Iterator[Connection]:
        with named_errors(self.path):
            if self._shared is not None:
                yield self._shared
                return
            with reading(self._file, wait=self.wait) as con:
                yield con
