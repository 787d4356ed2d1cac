"""What the rows of `run.py` are made of: exports, registries, and processes that work on them."""

import gzip
import os
import shutil
import sys
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import NamedTuple

from exports import SHARE, write_export
from process import Cost, cost

PEERS = Path(__file__).with_name("peers.py")
TENFOLD = 10


class Export(NamedTuple):
    """An export: so many times the records that were asked for, or a number of its own; the rest as `write_export` takes it."""

    times: float = 1
    records: int = 0
    seed: int = 7
    bad: float = SHARE
    packed: bool = False


USUAL = Export()
EARLIER = Export(times=TENFOLD, seed=8)
"""What is registered already: its codes are others."""


class Stage:
    """A folder, and what is made in it once.

    Args:
        folder: where everything goes.
        records: the number that the rows are multiples of.
    """

    def __init__(self, folder: Path, records: int) -> None:
        self.folder = folder
        self.records = records
        self.export = cache(self._export)
        self.registry = cache(self._registry)

    def run(self, *command: str) -> Cost:
        """Run a command in an empty folder."""
        return cost(command, self.folder / "run")

    def copied_registry(self) -> Path:
        """A fresh copy of the registry of earlier codes, and all of it on the disk: syncing it is no part of a run."""
        copy = shutil.copyfile(self.registry(), self.folder / "copy.duckdb")
        os.sync()
        return copy

    def _export(self, which: Export) -> Path:
        file = self.folder / f"{'-'.join(map(str, which))}.csv{'.gz' if which.packed else ''}"
        if which.packed:
            with self.export(which._replace(packed=False)).open("rb") as plain, gzip.open(file, "wb", compresslevel=6) as packed:
                shutil.copyfileobj(plain, packed, 1 << 20)
        else:
            write_export(file, which.records or int(which.times * self.records), seed=which.seed, bad=which.bad)
        os.sync()
        return file

    def _registry(self) -> Path:
        file, export = self.folder / "earlier.duckdb", self._export(EARLIER)
        self.run(*command("load", export, "--registry", str(file)))
        export.unlink()
        return file


Job = Callable[[Stage], Cost]
"""A process to be timed."""


def command(verb: str, export: Path, *options: str) -> list[str]:
    """A command line of vbatch."""
    return [sys.executable, "-m", "vbatch", verb, str(export), "-p", "gift_cards", "-o", "out", "--quiet", *options]


def validate(which: Export = USUAL) -> Job:
    """`vbatch validate`."""
    return lambda stage: stage.run(*command("validate", stage.export(which)))


def load(which: Export = USUAL, *options: str) -> Job:
    """`vbatch load` into an empty registry."""
    return lambda stage: stage.run(*command("load", stage.export(which), *options))


def load_beside_earlier(which: Export = USUAL) -> Job:
    """`vbatch load` into a registry that holds ten times the records that were asked for."""
    return lambda stage: stage.run(*command("load", stage.export(which), "--registry", str(stage.copied_registry())))


def peer(name: str) -> Job:
    """One of the peers."""
    return lambda stage: stage.run(sys.executable, str(PEERS), name, str(stage.export(USUAL)), "out")


def python(code: str) -> Job:
    """Python alone."""
    return lambda stage: stage.run(sys.executable, "-c", code)


def unpacked(which: Export) -> Job:
    """Unpacking an export, and nothing else."""
    return lambda stage: stage.run("/bin/sh", "-c", 'zcat "$0" | wc -l', str(stage.export(which)))


def one_after_the_other(*jobs: Job) -> Job:
    """Several processes as if they were one."""

    def job(stage: Stage) -> Cost:
        wall, cpu, memory = zip(*(job(stage) for job in jobs), strict=True)
        return Cost(sum(wall), sum(cpu), max(memory))

    return job


def nothing(_stage: Stage) -> Cost:
    """No process at all, for what is measured beside nothing."""
    return Cost(0, 0, 0)
