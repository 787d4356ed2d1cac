"""Counts every step by which a process changes the disk or the registry, and at one of them kills it or fails, as crashes and disks do.

A step is announced before it happens. What is not done in one go has three: before it, when half of its bytes are there, and after it.
"""

import errno
import os
import re
import signal
import stat
import sys
import tempfile
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn

import duckdb
import polars as pl
import pyarrow as pa
import pyarrow.ipc
import pyarrow.parquet as pq

Call = Callable[..., Any]

WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
AUDITED = {
    *("os.rename", "os.link", "os.symlink", "os.mkdir", "os.remove", "os.rmdir", "os.chmod", "os.truncate"),
    *("shutil.rmtree", "shutil.copyfile", "tempfile.mkdtemp"),
}
MAKING = ("open", "os.mkdir", "os.rename", "os.link", "os.truncate", "tempfile", "polars", "pyarrow", "text", "duckdb", "fsync")
"""What needs space, and can find that there is none left."""


class Steps:
    """Watches this process from now on.

    Args:
        folder: only what lies in it counts.
        fault: what happens at a step: kill, power (a kill that says first what is on the disk for sure), ENOSPC, EIO, or nothing.
        at: the number of the step from 1, or a pattern of what it does.
        last_words: called before power.
    """

    def __init__(self, folder: Path, fault: str = "", at: int | str = 0, last_words: Callable[[], None] = lambda: None) -> None:
        self.folder, self.fault, self.at, self.last_words = str(folder.resolve()), fault, at, last_words
        self.durable: dict[str, Any] = {"files": [], "folders": {}}
        self.seen: list[str] = []
        self._lock = threading.RLock()
        self._quiet = threading.local()

    def watch(self) -> None:
        """Hook into Python, polars, pyarrow and DuckDB."""
        for root, _, _ in os.walk(self.folder):
            self._note_names(root)
        sys.addaudithook(self._audit)
        self._replace(os, "fsync", self._synced)
        self._replace(os, "fsync", self._around(lambda descriptor: f"fsync {self._short(os.readlink(f'/proc/self/fd/{descriptor}'))}"))
        self._replace(Path, "write_text", self._torn("text"))
        for kind in ("ipc", "parquet", "csv"):
            self._replace(pl.DataFrame, f"write_{kind}", self._torn(f"polars {kind}"))
        for name in ("write_table", "close"):
            self._replace(pa.ipc.RecordBatchFileWriter, name, self._around(lambda *_, name=name: f"pyarrow ipc {name}"))
        for name in ("__init__", "write_table", "close"):
            self._replace(pq.ParquetWriter, name, self._around(lambda _, *rest, name=name: f"pyarrow {name} {self._target(rest)}"))
        self._replace(duckdb, "connect", self._around(lambda path, *_: f"duckdb connect {self._short(path)}"))
        for name in ("begin", "execute", "sql", "commit", "close"):
            self._replace(duckdb.DuckDBPyConnection, name, self._around(lambda _, *rest, name=name: f"duckdb {name} {_sql(rest)}"))

    def step(self, what: str) -> None:
        """One step is about to happen."""
        with self._lock:
            self.seen.append(what.strip())
            # One fault is enough: what cleans up after it must get through.
            due = len(self.seen) == self.at if isinstance(self.at, int) else re.search(self.at, what)
            if due and self.fault:
                fault, self.fault = self.fault, ""
                self._fail(fault, what)

    def _fail(self, fault: str, what: str) -> None:
        if fault == "power":
            self._quiet.now = True
            self.last_words()
        if fault in {"kill", "power"}:
            _die()
        if fault == "ENOSPC" and not what.startswith(MAKING):
            return
        number = getattr(errno, fault)
        if what.startswith("duckdb"):
            raise duckdb.IOException(f'IO Error: Could not write file "codes.duckdb": {os.strerror(number)}')
        raise OSError(number, os.strerror(number), what.rsplit(maxsplit=1)[-1])

    def _synced(self, fsync: Call) -> Call:
        """Keeps what is on the disk after it: a file as it is now, or the names in a folder."""

        def watched(descriptor: int) -> None:
            fsync(descriptor)
            facts = os.fstat(descriptor)
            if stat.S_ISDIR(facts.st_mode):
                self._note_names(descriptor)
            else:
                self.durable["files"].append([facts.st_ino, facts.st_mtime_ns])

        return watched

    def _note_names(self, folder: str | int) -> None:
        with os.scandir(folder) as entries:
            self.durable["folders"][os.stat(folder).st_ino] = {one.name: one.inode() for one in entries}

    def _audit(self, event: str, arguments: tuple[Any, ...]) -> None:
        if event == "open" and (not isinstance(arguments[2], int) or not arguments[2] & WRITING):
            return
        if event != "open" and event not in AUDITED:
            return
        if getattr(self._quiet, "now", False) or isinstance(arguments[0], int):
            return
        path = os.path.abspath(os.fsdecode(arguments[0]))
        if path.startswith((self.folder, tempfile.gettempdir())):
            self.step(f"{event} {' '.join(self._short(one) for one in arguments[:2] if isinstance(one, (str, bytes, os.PathLike)))}")

    def _around(self, told: Callable[..., str]) -> Callable[[Call], Call]:
        """Steps before and after a call."""

        def wrap(call: Call) -> Call:
            def watched(*arguments: Any, **named: Any) -> Any:
                what = told(*arguments)
                self.step(what)
                answer = call(*arguments, **named)
                self.step(f"{what} is done")
                return answer

            return watched

        return wrap

    def _torn(self, what: str) -> Callable[[Call], Call]:
        """Steps before, in the middle of and after a call that fills a file."""

        def wrap(call: Call) -> Call:
            def watched(value: Any, target: Any, *rest: Any, **named: Any) -> Any:
                path = value if what == "text" else target
                told = f"{what} {self._short(path) if isinstance(path, Path) else 'into an open file'}"
                self.step(told)
                self._quiet.now = True
                try:
                    answer = call(value, target, *rest, **named)
                finally:
                    self._quiet.now = False
                if isinstance(path, Path):
                    self._half(path, f"{told} in the middle")
                self.step(f"{told} is done")
                return answer

            return watched

        return wrap

    def _half(self, path: Path, what: str) -> None:
        """A step at which half of a file is there."""
        whole = path.read_bytes()
        with self._lock:
            if self.fault and len(self.seen) + 1 == self.at:
                os.truncate(path, len(whole) // 2)
            self.step(what)

    def _replace(self, home: Any, name: str, wrap: Callable[[Call], Call]) -> None:
        setattr(home, name, wrap(getattr(home, name)))

    def _target(self, arguments: tuple[Any, ...]) -> str:
        return self._short(arguments[0]) if arguments and isinstance(arguments[0], (str, Path)) else ""

    def _short(self, path: str | bytes | os.PathLike[str]) -> str:
        text = os.fsdecode(path)
        return os.path.relpath(text, self.folder) if text.startswith(self.folder) else text


def _die() -> NoReturn:
    os.kill(os.getpid(), signal.SIGKILL)
    raise AssertionError("nobody survives SIGKILL")


def _sql(arguments: tuple[Any, ...]) -> str:
    return " ".join(arguments[0].split())[:40] if arguments and isinstance(arguments[0], str) else ""
