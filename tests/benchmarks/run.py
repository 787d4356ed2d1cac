"""Times vbatch beside what a user would write instead, as whole processes in turn, and prints a table. It asserts nothing.

python tests/benchmarks/run.py [--records N] [--rounds R] [--folder FOLDER] [ROW...]     default: 1000000 records, 5 rounds, every row

A ratio is that of the two processes of one round; its least, median and greatest are over all rounds, of which one more is run first and
does not count. Seconds and memory are medians. Memory is anonymous memory: mapped files do not count. The bars are meant for
`--records 10000000` on two cores. Ten times the records go through some rows, which takes a disk with room for 5 KB a record.
"""

import argparse
import os
import platform
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path
from statistics import median
from typing import NamedTuple

from process import Cost
from stage import (
    TENFOLD,
    USUAL,
    Export,
    Job,
    Stage,
    load,
    load_beside_earlier,
    nothing,
    one_after_the_other,
    peer,
    python,
    unpacked,
    validate,
)

HEAVY = ("polars", "pandera", "duckdb", "pyarrow")
LARGE = Export(times=TENFOLD)
BAD, GOOD = Export(bad=1), Export(bad=0)
DELTA = Export(times=1 / 500, seed=9)
FEW = Export(records=1000)
PACKED = Export(packed=True)


class Line(NamedTuple):
    """A line of the table, for one measure."""

    measure: str
    values: tuple[str, str, str]
    bar: str
    taken: str = ""


Bench = Callable[[Stage, int], Iterator[Line]]


class Row(NamedTuple):
    """What vbatch does, how it is measured, and the package or program without which it cannot be."""

    work: str
    bench: Bench
    needs: str = ""


class Measure(NamedTuple):
    """A figure of a round, and what it should not exceed."""

    name: str
    bar: float
    of: Callable[[Cost, Cost], float]

    def line(self, rounds: Sequence[tuple[Cost, Cost]]) -> Line:
        """The figure over all rounds."""
        figures = sorted(self.of(*costs) for costs in rounds)
        values = (f"{figure:.2f}" for figure in (figures[0], median(figures), figures[-1]))
        return Line(self.name, tuple(values), f"{self.bar:.2f}", " beside ".join(_told(side) for side in zip(*rounds, strict=True)))


def _told(side: Sequence[Cost]) -> str:
    wall, cpu, memory = (median(values) for values in zip(*side, strict=True))
    return f"{wall:.2f} s, {cpu:.2f} s cpu, {memory:.0f} MiB" if wall else "nothing"


def wall(beside: str, bar: float) -> Measure:
    """The ratio of wall times."""
    return Measure(f"wall time / {beside}", bar, lambda mine, its: mine.wall / its.wall)


def memory(bar: float) -> Measure:
    """The peak memory."""
    return Measure("peak memory, GiB", bar, lambda mine, _its: mine.memory / 1024)


def pair(mine: Job, its: Job, *measures: Measure) -> Bench:
    """Two processes in turn."""

    def bench(stage: Stage, rounds: int) -> Iterator[Line]:
        taken = [(mine(stage), its(stage)) for _ in range(rounds + 1)][1:]
        yield from (measure.line(taken) for measure in measures)

    return bench


def imports(_stage: Stage, _rounds: int) -> Iterator[Line]:
    """The heavy libraries among what the help imports."""
    traced = subprocess.run([sys.executable, "-X", "importtime", "-m", "vbatch", "--help"], capture_output=True, text=True, check=True)
    names = {line.rpartition("|")[2].strip() for line in traced.stderr.splitlines()}
    found = ", ".join(name for name in HEAVY if name in names) or "none"
    yield Line(f"imports of {', '.join(HEAVY)}", ("", found, ""), "none")


ROWS = {
    "copy": Row("validate", pair(validate(), peer("copy"), wall("text to Parquet, unchecked", 0.85))),
    "polars": Row("validate", pair(validate(), peer("polars"), wall("polars plan", 0.7))),
    "duckdb": Row("validate", pair(validate(), peer("duckdb"), wall("DuckDB script", 0.25))),
    "dataframely": Row("validate", pair(validate(), peer("dataframely"), wall("dataframely schema", 0.6)), "dataframely"),
    "load": Row("load", pair(load(), peer("polars"), wall("polars plan", 0.85), memory(1.0))),
    "tenfold": Row("load 10 x the records", pair(load(LARGE), load(), wall("once the records", 11), memory(2.0))),
    "spill": Row("the same, --memory 1GiB", pair(load(LARGE, "--memory", "1GiB"), nothing, memory(1.2))),
    "bad": Row("validate, every record bad", pair(validate(BAD), validate(GOOD), wall("every one good", 3))),
    "registered": Row("load against 10 x as many", pair(load_beside_earlier(), load(), wall("empty registry", 1.6))),
    "delta": Row("load 1/500 against the same", pair(load_beside_earlier(DELTA), load(DELTA), wall("empty registry", 1.5))),
    "cold": Row("load 1,000 records", pair(load(FEW), python("import polars, pandera.polars, duckdb"), wall("imports alone", 1.8))),
    "help": Row("--help", imports),
    "gzip": Row(
        "load from gzip", pair(load(PACKED), one_after_the_other(unpacked(PACKED), load()), wall("zcat | wc -l + load", 1.15)), "zcat"
    ),
}


def table(names: Sequence[str], stage: Stage, rounds: int) -> None:
    """Print the rows as they are measured."""
    print(f"{'row':12}{'work':28}{'measure':42}{'min':>7}{'median':>8}{'max':>7}{'bar':>7}   vbatch beside the other, medians")
    for name in names:
        row = ROWS[name]
        if row.needs and not (find_spec(row.needs) or shutil.which(row.needs)):
            print(f"{name:12}left out: {row.needs} is not installed")
            continue
        for line in row.bench(stage, rounds):
            least, middle, most = line.values
            print(f"{name:12}{row.work:28}{line.measure:42}{least:>7}{middle:>8}{most:>7}{line.bar:>7}   {line.taken}", flush=True)


def versions() -> Iterator[str]:
    """What the figures hold for."""
    yield f"{os.cpu_count()} cores, Python {platform.python_version()}"
    for name in ("vbatch", *HEAVY, "dataframely"):
        try:
            yield f"{name} {version(name)}"
        except PackageNotFoundError:
            continue


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description="Times vbatch beside what a user would write instead.")
    parser.add_argument("--records", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--folder", type=Path, help="where exports and outputs go while it runs")
    parser.add_argument("rows", nargs="*", metavar="ROW", help=f"some of {', '.join(ROWS)}; default: all")
    asked = parser.parse_args()
    if unknown := set(asked.rows) - set(ROWS):
        parser.error(f"no such row: {', '.join(sorted(unknown))}")
    with tempfile.TemporaryDirectory(dir=asked.folder) as folder:
        stage = Stage(Path(folder), asked.records)
        size = stage.export(USUAL).stat().st_size
        print(f"{asked.records:,} gift cards, {size / 1e6:,.0f} MB of CSV; rounds: {asked.rounds}; {', '.join(versions())}")
        table(asked.rows or list(ROWS), stage, asked.rounds)


if __name__ == "__main__":
    main()
