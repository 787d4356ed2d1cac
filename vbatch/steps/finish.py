"""Writes what people and target platforms read: rejected and discarded rows, replayable bytes, error reports, CSV twins."""

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import BinaryIO, Self

import numpy as np
import polars as pl

from vbatch.model.batch import FAULTS, PROVENANCE
from vbatch.model.fault import FaultBook, Severity
from vbatch.model.source import Frame, Source

Explain = Callable[[pl.DataFrame, Source], pl.DataFrame]


def rejected_rows(findings: pl.DataFrame, source: Source, book: FaultBook) -> pl.DataFrame:
    """Provenance, every text under its own name, and the list of fault codes."""
    named = dict(zip(source.binding.text_columns(), _names(source.binding.header), strict=True))
    texts = [(pl.col(text) if text in findings.columns else pl.lit(None, pl.String)).alias(name) for text, name in named.items()]
    rows = findings.select(pl.lit(source.path).alias("_source"), *PROVENANCE, *texts)
    return rows.with_columns(_fault_codes(findings[FAULTS], book))


def _fault_codes(masks: pl.Series, book: FaultBook) -> pl.Series:
    """The list of codes that each mask stands for. Few masks differ, so each list is made once."""
    different, which = np.unique(masks.to_numpy(), return_inverse=True)
    codes = [[fault.code for fault in book.having(mask)] for mask in different.tolist()]
    return pl.Series("faults", codes, dtype=pl.List(pl.String)).gather(which)


def _names(header: Sequence[str]) -> list[str]:
    """The source's field names; one that is taken, by us or by an earlier field, goes on with _ until it is free."""
    names: list[str] = []
    for name in header:
        own = name
        while own in {"_source", *PROVENANCE, "faults", *names} or (own != name and own in header):
            own += "_"
        names.append(own)
    return names


def by_fate(findings: pl.DataFrame, book: FaultBook) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The rejected and the discarded rows among findings."""
    error, discard = pl.col(FAULTS) & book.mask(Severity.ERROR) != 0, pl.col(FAULTS) & book.mask(Severity.DISCARD) != 0
    return findings.filter(error), findings.filter(~error & discard)


class Replays:
    """The rejected records of each source, in its own bytes and between its own header and end."""

    def __init__(self, folder: Path, sources: Sequence[Source]) -> None:
        self.sources = sources
        self.paths = [folder / source.replay for source in sources]
        self._stack = ExitStack()
        self._counts = [0] * len(sources)
        folder.mkdir(parents=True, exist_ok=True)

    def __enter__(self) -> Self:
        self._files: list[BinaryIO] = [self._stack.enter_context(path.open("wb")) for path in self.paths]
        for file, source in zip(self._files, self.sources, strict=True):
            file.write(source.frame.prefix)
        return self

    def __exit__(self, *_: object) -> None:
        for file, source in zip(self._files, self.sources, strict=True):
            file.write(source.frame.suffix)
        self._stack.close()

    def write(self, source: int, records: pl.Series) -> None:
        """Append records of a source, Binary."""
        frame: Frame = self.sources[source].frame
        pieces = (raw.strip(frame.strip) for raw in records) if frame.strip else records
        if self._counts[source] and len(records):
            self._files[source].write(frame.separator)
        self._files[source].write(frame.separator.join(pieces))
        self._counts[source] += len(records)


def csv_twin(parquet: Path, path: Path) -> None:
    """The rows of a Parquet part as CSV: metadata fields as columns of their own, lists joined, instants in ISO form."""
    frame = pl.read_parquet(parquet)
    # Rejected rows keep the source's own columns, and one of them may have this name.
    if isinstance(frame.schema.get("metadata"), pl.Struct):
        fields = frame["metadata"].struct.fields
        frame = frame.with_columns(pl.col("metadata").struct.rename_fields([f"metadata.{name}" for name in fields])).unnest("metadata")
    lists = [pl.col(name).cast(pl.List(pl.String)).list.join(",") for name, dtype in frame.schema.items() if isinstance(dtype, pl.List)]
    frame.with_columns(lists).write_csv(path, datetime_format="%Y-%m-%dT%H:%M:%S%.3fZ")
