"""Times each step of a run on its own, to see where one becomes slower: milliseconds of the processor for a million records.

python tests/benchmarks/steps.py [RECORDS] [ROUNDS]     default: 1000000 records, 3 rounds

All work on one thread of polars; DuckDB has as many as it likes. A figure is the least of all rounds. Indented steps are parts of the one
above them.
"""

import os

os.environ["POLARS_MAX_THREADS"] = "1"

import sys
import tempfile
from collections import defaultdict
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from time import process_time
from typing import TypeVar

import polars as pl
from exports import write_export

from vbatch.catalog import pipeline
from vbatch.engines.examine import examiner
from vbatch.engines.sources import understand
from vbatch.model.batch import Batch
from vbatch.model.part import Part
from vbatch.model.registered import RegisteredRun
from vbatch.model.rulebook import rulebook
from vbatch.model.voucher import AS_OF
from vbatch.registry import LOOKUP, Registry
from vbatch.steps.check import check
from vbatch.steps.convert import convert
from vbatch.steps.convert.convert import READERS
from vbatch.steps.read import Batches, exports, opened, parse
from vbatch.steps.rows import read_rows, write_accepted, write_keys, write_rows
from vbatch.steps.settle import repeated_keys, settle
from vbatch.steps.split import split

Result = TypeVar("Result")

MEMORY = 1 << 30


class Clock:
    """Adds up what each step takes.

    Args:
        rounds: how often a step is done; the least counts.
    """

    def __init__(self, rounds: int) -> None:
        self.rounds = rounds
        self.taken: defaultdict[str, float] = defaultdict(float)

    def time(self, step: str, work: Callable[[], Result]) -> Result:
        """What a step gives, timed."""
        least = float("inf")
        for _ in range(self.rounds):
            began = process_time()
            result = work()
            least = min(least, process_time() - began)
        self.taken[step] += least
        return result

    def told(self, records: int) -> str:
        """The figures, a line each."""
        return "\n".join(f"{step:30}{seconds / records * 1e9:8.1f}" for step, seconds in self.taken.items())


class Steps:
    """The steps of one run, in their order.

    Args:
        export: what is loaded.
        folder: where everything goes.
        clock: what times them.
    """

    def __init__(self, export: Path, folder: Path, clock: Clock) -> None:
        self.folder, self.clock = folder, clock
        self.pipeline = pipeline("gift_cards")
        self.rules = rulebook(self.pipeline)
        found = exports([str(export)], folder, self.pipeline.layout, allow_truncated=False)
        (self.source,) = understand(found, self.pipeline, self.rules)
        self.metadata = tuple(name for name, _ in self.source.binding.metadata)

    def read(self) -> list[Batch]:
        """Hash the source and cut it into batches."""
        with opened(self.source.file, self.source.path) as stream:
            return list(Batches(stream, self.source, self.rules.book, rows=self.pipeline.batch_rows, number=0, position=0))

    def judge(self, batch: Batch) -> Part:
        """What is done with a batch on its own."""
        time, book = self.clock.time, self.rules.book
        parsed = time("parse", lambda: parse(batch, self.source, book))
        examine = examiner(self.source.binding, self.rules, self.metadata, None)
        judged = time("examine", lambda: examine(parsed.texts))
        self.examine(parsed.texts)
        accepted, findings, tally = time("split", lambda: split(batch, judged, parsed.malformed, self.rules))
        rows, found = self.folder / f"{batch.number}.arrow", self.folder / f"{batch.number}.findings.arrow"
        time("keep rows", lambda: write_rows(accepted, rows, of=tally.records))
        time("keep findings", lambda: write_rows(findings, found, of=tally.records))
        keys = time("keep keys", lambda: write_keys(accepted["code"], rows.with_suffix(".keys")))
        return Part(number=batch.number, source=0, span=batch.span, rows=rows, findings=found, keys=keys, tally=tally)

    def examine(self, texts: pl.DataFrame) -> None:
        """The parts of examining."""
        time, binding = self.clock.time, self.source.binding
        converted = time("  convert", lambda: convert(texts, binding, self.rules))
        for one, name in binding.fields:
            time(f"    {one.column}", lambda one=one, name=name: READERS[one.kind](texts[name], one))
        context = converted.typed.with_columns(pl.lit(None, pl.Datetime("us", "UTC")).alias(AS_OF))
        time("  check", lambda: check(context, self.rules, converted.failures))

    def settle(self, parts: list[Part]) -> pl.DataFrame:
        """Find the rows that lose their code."""
        time = self.clock.time
        found = time("settle", lambda: settle(parts, LOOKUP.to_frame(), self.rows_of, self.pipeline.on_conflict, MEMORY))
        time("  repeated keys", lambda: repeated_keys([part.keys for part in parts], at_once=MEMORY))
        return found

    def rows_of(self, part: Part) -> pl.DataFrame:
        """The accepted rows of a part."""
        return read_rows(part.rows).with_columns(_source=pl.lit(self.source.path))

    def publish(self, part: Part, losers: pl.DataFrame) -> Path:
        """Write the accepted rows of a part."""
        file = part.rows.with_suffix(".parquet")
        lost = losers.filter(pl.col("part") == part.number)["row"].implode()
        rows = read_rows(part.rows).filter(~pl.int_range(pl.len(), dtype=pl.UInt64).is_in(lost))
        self.clock.time("write accepted rows", lambda: write_accepted(rows, self.rules.kind, self.source.path, file))
        return file

    def register(self, files: list[Path]) -> None:
        """Put the codes into an empty registry."""
        run = RegisteredRun(
            run_id="0" * 64,
            scope=self.pipeline.scope,
            pipeline=self.pipeline.name,
            registered_at=datetime.now(UTC),
            sources=(self.source.path,),
            report="{}",
        )
        registries = iter([Registry(self.folder / f"{number}.duckdb") for number in range(self.clock.rounds)])
        self.clock.time("register", lambda: next(registries).register(run, files))


def main(records: int, rounds: int) -> None:
    """Print the figures."""
    with tempfile.TemporaryDirectory() as name:
        export = Path(name, "gift_cards.csv")
        write_export(export, records)
        clock = Clock(rounds)
        steps = Steps(export, Path(name), clock)
        parts = [steps.judge(batch) for batch in clock.time("read", steps.read)]
        losers = steps.settle(parts)
        steps.register([steps.publish(part, losers) for part in parts])
        print(clock.told(records))


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000, int(sys.argv[2]) if len(sys.argv) > 2 else 3)
