"""How long the phases of a run take."""

from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock
from time import perf_counter


class Stopwatch:
    """Seconds by phase, added up; phases of several threads may be timed at once, and their sum may exceed the time that went by."""

    def __init__(self) -> None:
        self._seconds: defaultdict[str, float] = defaultdict(float)
        self._lock = Lock()

    @contextmanager
    def time(self, phase: str) -> Iterator[None]:
        """Add the seconds within to a phase."""
        began = perf_counter()
        try:
            yield
        finally:
            with self._lock:
                self._seconds[phase] += perf_counter() - began

    def seconds(self) -> dict[str, float]:
        """The phases in the order of their first end, to the millisecond."""
        with self._lock:
            return {phase: round(seconds, 3) for phase, seconds in self._seconds.items()}
