"""What a run left behind, as plain values."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import polars as pl

from vbatch import Options, Pipeline, Report, load, validate
from vbatch.catalog import pipeline

GIFT_CARDS = pipeline("gift_cards")
VERBS = {"validate": validate, "load": load}


@dataclass(frozen=True)
class Run:
    """A finished run."""

    out: Path
    report: Report

    def rows(self, fate: str) -> list[dict[str, Any]]:
        """The rows of all parts, in order."""
        return [row for path in sorted((self.out / fate).glob("*.parquet")) for row in pl.read_parquet(path).rows(named=True)]

    @property
    def errors(self) -> list[dict[str, Any]]:
        return pl.read_parquet(self.out / "errors.parquet").rows(named=True)

    def faults(self) -> dict[tuple[str, int], set[str]]:
        """The faults of each record that has some."""
        found: dict[tuple[str, int], set[str]] = defaultdict(set)
        for row in self.errors:
            found[row["source"], row["record"]].add(row["fault"])
        return dict(found)

    def replay(self, name: str) -> bytes:
        return (self.out / "rejected" / "replay" / name).read_bytes()

    def fates(self) -> dict[str, Any]:
        """Everything that must not depend on the size of a batch."""
        report = self.report
        counts = (report.records, report.accepted, report.rejected, report.discarded, report.warned, report.faults, report.totals)
        return {
            "run_id": report.run_id,
            "counts": counts,
            "sources": report.sources,
            "rows": {fate: self.rows(fate) for fate in ("accepted", "rejected", "discarded")},
            "errors": self.errors,
            "errors.csv": (self.out / "errors.csv").read_bytes(),
            "replays": {path.name: path.read_bytes() for path in (self.out / "rejected" / "replay").iterdir()},
        }


class Place:
    """A folder with sources, a registry and the outputs of runs."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.count = 0

    def write(self, *contents: bytes, stem: str = "export") -> list[Path]:
        paths = [self.folder / f"{stem}-{number}.csv" for number in range(len(contents))]
        for path, content in zip(paths, contents, strict=True):
            path.write_bytes(content)
        return paths

    def run(self, sources: Sequence[Path], verb: str = "validate", chosen: Pipeline = GIFT_CARDS, **options: Any) -> Run:
        self.count += 1
        settings = {"out": self.folder / f"out-{self.count}", "registry": self.folder / "codes.duckdb"} | options
        report = VERBS[verb](sources, chosen, Options(**settings))
        return Run(settings["out"], report)


@contextmanager
def place() -> Iterator[Place]:
    """A fresh place for one example."""
    with TemporaryDirectory() as folder:
        yield Place(Path(folder))
