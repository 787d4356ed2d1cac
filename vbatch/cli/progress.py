"""Tells how far a run is: a bar on a terminal, a line now and then where stderr is kept in a log."""

import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from time import monotonic
from typing import TextIO

from vbatch.cli.screen import tell as tell_lines

Tell = Callable[[int, int, int], None]
"""Bytes of the sources read, records judged and records rejected so far."""

EVERY = 10.0
"""Seconds between two lines of a log."""

MEGA = 1_000_000
FINISHING = "finishing"


@contextmanager
def progress(total: int, *, quiet: bool) -> Iterator[Tell]:
    """Where a run tells its progress.

    Args:
        total: bytes of all sources; 0 if nobody knows.
        quiet: whether nobody wants to know.
    """
    if quiet or sys.stderr is None:
        yield lambda _done, _records, _rejected: None
    elif sys.stderr.isatty():
        with bar(total, on=sys.stderr) as tell:
            yield tell
    else:
        with log(total) as tell:
            yield tell


@contextmanager
def bar(total: int, *, on: TextIO) -> Iterator[Tell]:
    """A bar that vanishes at the end: the summary takes its place."""
    from rich.console import Console  # noqa: PLC0415 - only a terminal has a bar
    from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeRemainingColumn  # noqa: PLC0415 - the same

    words = TextColumn("{task.description}")
    columns = (SpinnerColumn(), BarColumn(bar_width=None), words, TimeRemainingColumn(compact=True))
    started = monotonic()
    with Progress(*columns, console=Console(file=on), transient=True, expand=True) as shown:
        task = shown.add_task("reading", total=total or None)

        def tell(done: int, records: int, rejected: int) -> None:
            nonlocal task
            counts = f"{records:,} records · {rate(records, started):,}/s · [red]{rejected:,} rejected[/red]"
            if done < total or not total:
                shown.update(task, completed=done, description=f"{_size(done, total)} · {counts}")
            else:
                # What is left takes a time that nobody knows: a bar without an end.
                shown.remove_task(task)
                task = shown.add_task(f"{counts} · {FINISHING}", total=None)

        yield tell


def _to_stderr(line: str) -> None:
    from rich.text import Text  # noqa: PLC0415 - a short run writes none

    tell_lines([Text(f"{datetime.now().astimezone():%H:%M:%S} {line}")])


@contextmanager
def log(total: int, *, every: float = EVERY, write: Callable[[str], None] = _to_stderr) -> Iterator[Tell]:
    """A line every few seconds from a thread of its own, so that it also comes while nothing new is told; none in a short run.

    Args:
        total: bytes of all sources; 0 if nobody knows.
        every: seconds between two lines.
        write: where a line goes.
    """
    started = monotonic()
    now = (0, 0, 0)
    ended = threading.Event()

    def tell(done: int, records: int, rejected: int) -> None:
        nonlocal now
        now = (done, records, rejected)

    def keep_writing() -> None:
        while not ended.wait(every):
            write(line(*now, total, started))

    writer = threading.Thread(target=keep_writing, name="progress", daemon=True)
    writer.start()
    try:
        yield tell
    finally:
        ended.set()
        writer.join()


def line(done: int, records: int, rejected: int, total: int, started: float) -> str:
    """How far a run is, in words."""
    counts = f"{records:,} records ({rate(records, started):,}/s), {rejected:,} rejected"
    if done >= total > 0:
        return f"{counts}; settling codes and writing files"
    left = f", about {_duration((monotonic() - started) * (total - done) / done)} left" if total and done else ""
    return f"{_size(done, total)}: {counts}{left}"


def _size(done: int, total: int) -> str:
    return f"{done / MEGA:,.0f}{f' of {total / MEGA:,.0f}' if total else ''} MB"


def rate(records: int, started: float) -> int:
    """Records a second since then."""
    return round(records / max(monotonic() - started, 0.001))


def _duration(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"
