"""Runs that are to be disturbed: what is there before, the command line, and how they end when nobody disturbs them."""

import errno
import gzip
import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from power import lose_power
from processes import Ended, Running, Zygote
from states import State, state

from vbatch.steps.workspace import journal

HEADER = "Code,Gift Amount,Redeemed Amount,Region\n"
BAD = 'CARD-0003,99.00,,EU\nCARD-0004,4.50,1.25,EU\n"broken\n,5.00,,\nCARD-9,"1,50",,EU\nCARD 9,1.00,0.00,EU\n'
"""A conflict, a duplicate, and what is wrong by itself."""

JOB = ("-p", "gift_cards", "-o", "out", "--batch-rows", "64")
BOTH = ("a.csv", "b.csv.gz", *JOB)


def cards(first: int, last: int) -> str:
    """Records with nothing wrong."""
    return "".join(f"CARD-{number:04d},{number}.50,{number % 3}.25,EU\n" for number in range(first, last))


def sources(folder: Path) -> None:
    """Two exports that overlap, with bad records in the middle and at the end: five batches."""
    (folder / "a.csv").write_text(HEADER + cards(0, 100) + BAD + cards(100, 160))
    (folder / "b.csv.gz").write_bytes(gzip.compress((HEADER + cards(150, 260) + BAD.replace("CARD", "card")).encode(), mtime=0))


def nothing(_zygote: Zygote, _folder: Path) -> None:
    """Nothing is there but the exports."""


def results(zygote: Zygote, folder: Path) -> None:
    """The output folder holds a validated result of the same run, and the registry some of the codes."""
    (folder / "earlier.csv").write_text(HEADER + cards(30, 70) + cards(900, 910))
    loaded = zygote.run(folder, "load", "earlier.csv", "-p", "gift_cards", "-o", "earlier")
    validated = zygote.run(folder, "validate", *BOTH)
    assert (loaded.code, validated.code) == (0, 1), loaded.told + validated.told


@dataclass(frozen=True)
class Case:
    """A run.

    Args:
        arguments: its command line.
        prepare: makes what is there before it, in a folder that has the exports.
    """

    arguments: tuple[str, ...]
    prepare: Callable[[Zygote, Path], None]


FIRST = Case(("load", *BOTH), nothing)
REPLACING = Case(("load", *BOTH, "--csv"), results)
VALIDATING = Case(("validate", *BOTH, "--csv"), results)

EVERY = os.environ.get("VBATCH_CRASH_POINTS") == "all"
"""Whether a fault is tried at every step, which takes some ten minutes."""

DECISIVE = (
    *(
        "text .out.vbatch/out/report.json",
        "duckdb commit",
        "duckdb close",
        "os.link",
        "os.rename out",
        "os.rename .out.vbatch/out",
        "fsync . is done",
    ),
    "os.rmdir .out.vbatch",
)
"""Steps before which it matters most what was done and what was not."""


@dataclass(frozen=True)
class Disturbed:
    """A run that met a fault, and was run again.

    Args:
        at: the step.
        end: how it ended.
        between: what it left.
        again: how the second run ended.
        wrong: in which way all is not as if nothing had happened; empty if it is.
    """

    at: int
    end: Ended
    between: State
    again: Ended
    wrong: str


NATIVE = {"kill": -1, "ENOSPC": errno.ENOSPC, "EIO": errno.EIO}


def order(fault: str, point: int) -> dict[str, str | int]:
    """What a process is told so that it meets a fault: at a step, or at a system call if the fault begins so."""
    native = fault.removeprefix("native ")
    return {"fault": fault, "at": point} if native == fault else {"native": point, "what": NATIVE[native]}


class Undisturbed:
    """A case that was run to its end once, and can be run again and again from the same beginning."""

    def __init__(self, case: Case, zygote: Zygote, folder: Path) -> None:
        self.case, self.zygote, self.folder = case, zygote, folder
        self.name = folder.name.rstrip("0123456789")
        self.count = 0
        self.before = folder / "before"
        self.before.mkdir()
        sources(self.before)
        case.prepare(zygote, self.before)
        with self.fresh("undisturbed") as place:
            self.end = zygote.run(place, *case.arguments, watched=True)
            self.state = state(place)
        self.steps = self.end.steps
        assert self.end.code in {0, 1}, self.end.told
        self.records = self.end.batches[-1]

    @contextmanager
    def fresh(self, name: str) -> Iterator[Path]:
        """A folder as it was before the run; it stays where it is if something fails."""
        self.count += 1
        place = self.folder / f"{self.count}-{name.replace(' ', '-')}"
        shutil.copytree(self.before, place)
        yield place
        shutil.rmtree(place)

    def start(self, place: Path, **order: str | int) -> Running:
        """Start the run in a folder."""
        return self.zygote.start(place, *self.case.arguments, **order)

    def run(self, place: Path, **order: str | int) -> Ended:
        """Run it in a folder."""
        return self.start(place, **order).wait()

    def points(self, spread: int) -> list[int]:
        """Every step, or some of them, spread over the run, and the decisive ones."""
        total = len(self.steps)
        if EVERY:
            return list(range(1, total + 1))
        decisive = {self.last(step) for step in DECISIVE if self.has(step)}
        return sorted({*range(1, total, total // spread), *decisive})

    def disturbed(self, fault: str, points: Sequence[int]) -> Iterator[Disturbed]:
        """Run it with a fault at each of these steps, and then without; two at a time.

        When the power fails, all that was not synced is lost, and the machine has booted before the second run.
        """
        for start in range(0, len(points), 2):
            some = points[start : start + 2]
            with ExitStack() as stack:
                places = [stack.enter_context(self.fresh(f"{fault} {point}")) for point in some]
                running = [self.start(place, **order(fault, point)) for place, point in zip(places, some, strict=True)]
                ends = [one.wait() for one in running]
                if fault == "power":
                    for place, end in zip(places, ends, strict=True):
                        lose_power(self.before, place, end.durable)
                between = [state(place) for place in places]
                running = [self.start(place, boot=__file__ if fault == "power" else str(journal.BOOT)) for place in places]
                again = [one.wait() for one in running]
                wrong = [self.is_as_undisturbed(*one) for one in zip(places, again, strict=True)]
                yield from map(Disturbed, some, ends, between, again, wrong)

    def last(self, step: str) -> int:
        """The number of the last step that begins so."""
        return max(number for number, one in enumerate(self.steps, 1) if one.startswith(step))

    def has(self, step: str) -> bool:
        """Whether there is a step that begins so."""
        return any(one.startswith(step) for one in self.steps)

    def step(self, number: int) -> str:
        """What a step did in the undisturbed run."""
        return self.steps[number - 1] if number <= len(self.steps) else "its end"

    def is_as_undisturbed(self, place: Path, end: Ended) -> str:
        """Nothing, or in which way what is in a folder after some end differs."""
        found = state(place)
        differing = sorted(name for name in {*found, *self.state} if found.get(name) != self.state.get(name))
        wrong = [] if end.code == self.end.code else [f"ended with {end.code}: {end.told}"]
        return "; ".join(wrong + [f"{name} differs" for name in differing])
