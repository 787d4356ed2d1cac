"""Signals that arrive while DuckDB works: what their handlers raise survives, and a commit is never cut short.

DuckDB runs the handlers between the steps of a query. What they raise it drops, for a RuntimeError that says "Query interrupted"; its other
threads go on until their share of the query is done; and a commit that is interrupted is made all the same, so that afterwards nobody could
say whether it was. Python runs handlers in the main thread only: in any other one there is nothing to do.
"""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from threading import current_thread, main_thread
from types import FrameType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

Handler = Callable[[int, FrameType | None], object]


@contextmanager
def interruptible(con: DuckDBPyConnection) -> Iterator[None]:
    """A signal stops the query of this connection at once, and what its handler raises leaves this block as itself."""
    raised: list[BaseException] = []

    def wrap(handler: Handler) -> Handler:
        def handle(number: int, frame: FrameType | None) -> None:
            try:
                handler(number, frame)
            except BaseException as error:
                raised.append(error)
                con.interrupt()
                raise

        return handle

    try:
        with _handlers(wrap):
            yield
    except RuntimeError as error:
        if raised and str(error) == "Query interrupted":
            raise raised[-1] from None
        raise
    finally:
        # An exception that can be reached from its own traceback keeps the connection alive.
        raised.clear()


@contextmanager
def deferred() -> Iterator[None]:
    """Signals that arrive inside are handled at the end."""
    arrived: list[Callable[[], object]] = []

    def wrap(handler: Handler) -> Handler:
        return lambda number, frame: arrived.append(partial(handler, number, frame))

    try:
        with _handlers(wrap):
            yield
    finally:
        for handle in arrived:
            handle()


@contextmanager
def _handlers(wrap: Callable[[Handler], Handler]) -> Iterator[None]:
    found = ((number, signal.getsignal(number)) for number in signal.valid_signals())
    before = {number: handler for number, handler in found if callable(handler)} if current_thread() is main_thread() else {}
    try:
        for number, handler in before.items():
            signal.signal(number, wrap(handler))
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
