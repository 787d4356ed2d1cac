"""Runs that are to be killed: what is there before, and the command line."""

import gzip
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from processes import Zygote

HEADER = "Code,Gift Amount,Redeemed Amount,Region\n"
BAD = 'CARD-0003,99.00,,EU\nCARD-0004,4.50,,EU\n"broken\n,5.00,,\nCARD-9,"1,50",,EU\nCARD 9,1.00,0.00,EU\n'
"""A conflict, a duplicate, and what is wrong by itself."""

JOB = ("-p", "gift_cards", "-o", "out", "--batch-rows", "64")


def cards(first: int, last: int) -> str:
    return "".join(f"CARD-{number:04d},{number}.50,{number % 3}.25,EU\n" for number in range(first, last))


def sources(folder: Path) -> tuple[str, ...]:
    """Two exports that overlap, with bad records in the middle and at the end: five batches."""
    (folder / "a.csv").write_text(HEADER + cards(0, 100) + BAD + cards(100, 160))
    (folder / "b.csv.gz").write_bytes(gzip.compress((HEADER + cards(150, 260) + BAD.replace("CARD", "card")).encode(), mtime=0))
    return "a.csv", "b.csv.gz"


@dataclass(frozen=True)
class Case:
    """A run.

    Args:
        name: for the test's id.
        arguments: its command line.
        prepare: makes what is there before it in a folder that has the sources.
    """

    name: str
    arguments: tuple[str, ...]
    prepare: Callable[[Zygote, Path], None]


def nothing(_zygote: Zygote, _folder: Path) -> None:
    """Nothing else is there."""


def results(zygote: Zygote, folder: Path) -> None:
    """The output folder holds a validated result of the same run, and the registry some of the codes."""
    (folder / "earlier.csv").write_text(HEADER + cards(30, 70) + cards(900, 910))
    loaded = zygote.run(folder, "load", "earlier.csv", "-p", "gift_cards", "-o", "earlier")
    validated = zygote.run(folder, "validate", *sources(folder), *JOB)
    assert (loaded.code, validated.code) == (0, 1), loaded.told + validated.told


FIRST = Case("first load", ("load", "a.csv", "b.csv.gz", *JOB), nothing)
REPLACING = Case("load over a result", ("load", "a.csv", "b.csv.gz", *JOB, "--csv"), results)
VALIDATING = Case("validate over a result", ("validate", "a.csv", "b.csv.gz", *JOB, "--csv"), results)
CASES = (FIRST, REPLACING, VALIDATING)
