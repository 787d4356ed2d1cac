"""Several processes register overlapping codes in one registry: each code exactly once, and every loser finds its winner."""

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import polars as pl

from vbatch.registry import Registry

PROCESSES, RUNS, CODES, STEP = 4, 3, 1000, 300
Loader = subprocess.Popen[str]

LOADER = """
import json, sys
from datetime import UTC, datetime
from pathlib import Path

import polars as pl

from vbatch.model.registered import RegisteredRun
from vbatch.registry import CodesTakenError, Registry

registry, name, starts, count = Registry(Path(sys.argv[1]), wait=60), sys.argv[2], json.loads(sys.argv[3]), int(sys.argv[4])
accepted, lost, retries = 0, 0, 0
print("ready", flush=True)
sys.stdin.readline()
for number, start in enumerate(starts):
    part = Path(f"{sys.argv[1]}.{name}.{number}.parquet")
    codes = [f"GC-{code:06}" for code in range(start, start + count)]
    rows = pl.DataFrame({"code": codes}).with_columns(_source=pl.lit("a.csv"), _record=pl.int_range(1, pl.len() + 1, dtype=pl.UInt64))
    while True:
        rows.write_parquet(part)
        found = registry.lookup("s", [part], apart_from=f"{name}-{number}")
        assert found["exact"].all() and found["run_id"].is_not_null().all()
        lost += found.height
        rows = rows.with_row_index("row").filter(~pl.col("row").is_in(found["row"].implode())).drop("row")
        rows.write_parquet(part)
        run = RegisteredRun(
            run_id=f"{name}-{number}",
            scope="s",
            pipeline="p",
            registered_at=datetime.now(UTC),
            sources=("a.csv",),
            report=json.dumps({"accepted": rows.height}),
        )
        try:
            registry.register(run, [part])
        except CodesTakenError:
            retries += 1
        else:
            break
    accepted += rows.height
print(json.dumps({"accepted": accepted, "lost": lost, "retries": retries}), flush=True)
"""


@contextmanager
def loader(file: Path, name: str, starts: list[int]) -> Iterator[Loader]:
    command = [sys.executable, "-c", LOADER, str(file), name, json.dumps(starts), str(CODES)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield process
        finally:
            process.kill()


def says(process: Loader) -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


def test_every_code_is_registered_exactly_once(tmp_path: Path) -> None:
    file = tmp_path / "codes.duckdb"
    starts = [[(run * PROCESSES + process) * STEP for run in range(RUNS)] for process in range(PROCESSES)]
    with ExitStack() as stack:
        loaders = [stack.enter_context(loader(file, f"loader{process}", starts[process])) for process in range(PROCESSES)]
        assert [says(process) for process in loaders] == ["ready"] * PROCESSES
        for process in loaders:
            assert process.stdin is not None
            process.stdin.write("\n")
            process.stdin.flush()
        results = [json.loads(says(process)) for process in loaders]
    registry = Registry(file)
    assert registry.check() == ()
    assert registry.runs().height == PROCESSES * RUNS
    total = (PROCESSES * RUNS - 1) * STEP + CODES
    assert registry.info().codes == sum(result["accepted"] for result in results) == total
    assert sum(result["accepted"] + result["lost"] for result in results) == PROCESSES * RUNS * CODES
    registry.export(tmp_path / "e.parquet")
    assert pl.read_parquet(tmp_path / "e.parquet")["code"].n_unique() == total
