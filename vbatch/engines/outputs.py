"""Writes what people and targets read, part by part in the order of the sources."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple, Self

import polars as pl
import pyarrow.parquet as pq

from vbatch.model.batch import RAW
from vbatch.model.engine import Job
from vbatch.model.parquet import settings
from vbatch.model.part import SettledPart
from vbatch.model.report import Output
from vbatch.steps.errors import ERRORS, SINGLE, error_rows, guarded
from vbatch.steps.finish import Replays, by_fate, csv_twin, rejected_rows
from vbatch.steps.measure import measure
from vbatch.steps.rolling import Rolling
from vbatch.steps.rows import read_rows

TOGETHER = 8192
"""Rows with faults that are waited for before they are written."""


def write_outputs(job: Job, parts: Iterable[SettledPart], *, csv: bool) -> tuple[tuple[SettledPart, ...], tuple[Output, ...]]:
    """Write rejected, discarded and error files from the findings of all parts; the accepted parts stand already.

    Args:
        job: sources, rules and the folder.
        parts: after the set-wise pass, one after the other as they become ready.
        csv: whether CSV twins are written.

    Returns:
        The parts, and size, hash and rows of every file in the folder; it holds no report yet.
    """
    folder = job.out
    written: list[SettledPart] = []
    with (
        Rolling(folder / "rejected", job.batch_rows) as rejected,
        Rolling(folder / "discarded", job.batch_rows) as discarded,
        ErrorFiles(folder) as errors,
        Replays(folder / "rejected" / "replay", job.sources) as replays,
        ThreadPoolExecutor() as pool,
    ):
        files = _Files(rejected, discarded, errors, replays)
        for some, findings in _gathered(parts, min(TOGETHER, job.batch_rows)):
            # Each file has a thread, so that they are written side by side and each in order.
            for done in [pool.submit(work) for work in _works(files, job, some[0].source, findings)]:
                done.result()
            written += some
    rows = {part.accepted: part.tally.accepted for part in written}
    if csv:
        for path in (*rows, *rejected.files, *discarded.files):
            csv_twin(path, path.with_suffix(".csv"))
    rows |= rejected.files | discarded.files | dict.fromkeys(errors.paths, errors.rows)
    return tuple(written), measure(folder, _with_twins(rows), {part.accepted: part.sha256 for part in written})


class _Files(NamedTuple):
    """Where findings go."""

    rejected: Rolling
    discarded: Rolling
    errors: "ErrorFiles"
    replays: Replays


def _works(files: _Files, job: Job, position: int, findings: pl.DataFrame) -> list[Callable[[], None]]:
    """What is to do with findings of a source; each can be done beside the others."""
    source, book = job.sources[position], job.rulebook.book
    kept_out, set_aside = by_fate(findings, book)
    return [
        lambda: files.rejected.write(rejected_rows(kept_out, source, book)),
        lambda: files.discarded.write(rejected_rows(set_aside, source, book)),
        lambda: files.errors.write(error_rows(findings, source, book)),
        lambda: files.replays.write(position, kept_out[RAW]),
    ]


def _gathered(parts: Iterable[SettledPart], rows: int) -> Iterator[tuple[list[SettledPart], pl.DataFrame]]:
    """Parts of one source and their findings, several together until they have so many: what is made of few takes as long as of more."""
    some: list[SettledPart] = []
    found: list[pl.DataFrame] = []
    for part in parts:
        if some and part.source != some[0].source:
            yield some, pl.concat(found, how="diagonal")
            some, found = [], []
        some.append(part)
        found.append(read_rows(part.findings))
        if sum(map(len, found)) >= rows:
            yield some, pl.concat(found, how="diagonal")
            some, found = [], []
    if some:
        yield some, pl.concat(found, how="diagonal")


class ErrorFiles:
    """errors.parquet, exact, and errors.csv, guarded against spreadsheets."""

    def __init__(self, folder: Path) -> None:
        self.paths = (folder / "errors.parquet", folder / "errors.csv")
        self.rows = 0

    def __enter__(self) -> Self:
        empty = pl.DataFrame(schema=ERRORS)
        self._schema = empty.to_arrow(compat_level=pl.CompatLevel.oldest()).schema
        self._parquet = pq.ParquetWriter(self.paths[0], self._schema, **settings(self._schema, SINGLE))
        self._csv = self.paths[1].open("wb")
        empty.write_csv(self._csv)
        return self

    def __exit__(self, *_: object) -> None:
        self._parquet.close()
        self._csv.close()

    def write(self, errors: pl.DataFrame) -> None:
        """Append error lines."""
        if errors.height:
            self._parquet.write_table(errors.to_arrow(compat_level=pl.CompatLevel.oldest()))
            guarded(errors).write_csv(self._csv, include_header=False)
            self.rows += errors.height


def _with_twins(rows: Mapping[Path, int]) -> dict[Path, int]:
    return dict(rows) | {path.with_suffix(".csv"): count for path, count in rows.items() if path.suffix == ".parquet"}
