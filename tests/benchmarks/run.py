"""Times vbatch beside the polars plan of peer.py, as whole processes in turn, and prints medians of the ratios pair by pair.

python tests/benchmarks/run.py [RECORDS] [PAIRS]     default: 1000000 records, 5 pairs after one warm-up
"""

import os
import platform
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from typing import NamedTuple

from exports import write_export

PEER = Path(__file__).with_name("peer.py")


class Cost(NamedTuple):
    """What a process took: seconds on the clock, seconds of all cores, and the most memory at once, in MiB."""

    wall: float
    cpu: float
    memory: float


def cost(command: Sequence[str], folder: Path) -> Cost:
    """Run a command in an empty folder and ask the system what it took."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    began = time.perf_counter()
    child = os.fork()
    if child == 0:
        os.chdir(folder)
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        os.execv(command[0], command)  # noqa: S606 - no shell is wanted
    _, status, usage = os.wait4(child, 0)
    if os.waitstatus_to_exitcode(status) not in {0, 1}:
        raise SystemExit(f"failed: {' '.join(command)}")
    return Cost(time.perf_counter() - began, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024)


def main(records: int, pairs: int) -> None:
    """Time both verbs beside the peer."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        export = folder / "gift_cards.csv"
        write_export(export, records)
        peer = [sys.executable, str(PEER), str(export), "out"]
        machine = f"{len(os.sched_getaffinity(0))} cores, Python {platform.python_version()}, polars {version('polars')}"
        print(f"{records:,} records, {export.stat().st_size / 1e6:,.0f} MB; {machine}")
        for verb in ("validate", "load"):
            vbatch = [sys.executable, "-m", "vbatch", verb, str(export), "-p", "gift_cards", "-o", "out", "--quiet"]
            taken = [(cost(vbatch, folder / "a"), cost(peer, folder / "b")) for _ in range(pairs + 1)][1:]
            ratios = sorted(mine.wall / its.wall for mine, its in taken)
            mine, its = (Cost(*map(statistics.median, zip(*side, strict=True))) for side in zip(*taken, strict=True))
            print(
                f"{verb:9} {mine.wall:6.2f} s {mine.cpu:6.2f} s cpu {mine.memory:6.0f} MiB   peer {its.wall:6.2f} s {its.cpu:6.2f} s cpu "
                f"{its.memory:6.0f} MiB   ratio {ratios[0]:.2f} {statistics.median(ratios):.2f} {ratios[-1]:.2f} (min median max)"
            )


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000, int(sys.argv[2]) if len(sys.argv) > 2 else 5)
