"""Reads a file with vbatch's own steps, and tells what it saw as plain values."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

import numpy as np
import polars as pl
import pytest
from hypothesis import settings

from vbatch import Dialect, Field, Layout
from vbatch.model.batch import FAULTS, Batch
from vbatch.model.binding import Binding
from vbatch.model.fault import FaultBook
from vbatch.model.faults import records as record_faults
from vbatch.model.source import Source
from vbatch.steps.read import Batches, batches, opened, parse, read_head

THOROUGH = int(os.environ.get("VBATCH_THOROUGH", "0"))
"""How many times more examples, and other ones in every run."""


def examples(count: int) -> settings:
    """So many examples of a property."""
    return settings(max_examples=count * (THOROUGH or 1), derandomize=not THOROUGH)


class Seen(NamedTuple):
    """A record as vbatch sees it."""

    offset: int
    length: int
    line: int
    fault: str
    fields: list[str | None]
    raw: bytes


@dataclass(frozen=True, kw_only=True)
class Account:
    """A file as vbatch sees it.

    Args:
        header: its field names.
        start: its first data byte.
        records, blanks: what is there.
        size: bytes read.
        batches: how its records were batched.
    """

    header: tuple[str, ...]
    start: int
    records: list[Seen]
    blanks: int
    size: int
    batches: list[Batch]


@contextmanager
def file_of(data: bytes, name: str = "export") -> Iterator[Path]:
    with TemporaryDirectory() as folder:
        path = Path(folder, name)
        path.write_bytes(data)
        yield path


@contextmanager
def blocks_of(size: int) -> Iterator[None]:
    """Sources are read in blocks of so many bytes."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(batches, "BLOCK", size)
        yield


def layout_of(form: str = "csv", *, code: str | int = "code", dialect: Dialect | None = None) -> Layout:
    """A layout that maps the code, and nothing else."""
    return Layout(
        name="any",
        title="Any",
        reference="none",
        format=form,  # type: ignore[arg-type] # one of its words
        fields=(Field(column="code", source=code, kind="text", required=True),),
        dialect=dialect or Dialect(),
    )


def source_of(path: Path, layout: Layout) -> Source:
    head = read_head(path, path.name, layout)
    return Source(
        path=path.name,
        file=path,
        replay=path.name,
        shape=head.shape,
        dialect=head.dialect,
        binding=Binding(header=head.header, fields=(), consulted={}, metadata=()),
        offset=head.offset,
        line=head.line,
        frame=head.frame,
    )


def read(path: Path, layout: Layout, *, rows: int = 1000, truncated: bool = False) -> Account:
    """Read and parse a file to its end."""
    source = replace(source_of(path, layout), truncated=truncated)
    book = FaultBook(faults=record_faults(layout.format))
    with opened(path, path.name) as stream:
        cut = Batches(stream, source, book, rows=rows, number=0, position=0)
        found = list(cut)
    return Account(
        header=source.binding.header,
        start=source.offset,
        records=[record for batch in found for record in _seen(batch, source, book)],
        blanks=cut.blanks + sum(batch.span.blanks for batch in found),
        size=stream.bytes,
        batches=found,
    )


def _seen(batch: Batch, source: Source, book: FaultBook) -> list[Seen]:
    parsed = parse(batch, source, book)
    texts = parsed.texts.select(source.binding.text_columns())
    frame = pl.concat([parsed.texts.drop(texts.columns).with_columns(pl.lit(0, pl.UInt64).alias(FAULTS)), parsed.malformed], how="diagonal")
    rows = iter(texts.rows())
    found = [
        (number, Seen(offset, length, line, _fault(mask, book), [] if mask else list(next(rows)), _raw(batch, offset, length)))
        for number, line, offset, length, mask in frame.select("_record", "_line", "_offset", "_length", FAULTS).rows()
    ]
    assert sorted(number for number, _ in found) == batch.records["_record"].to_list()
    return [seen for _, seen in sorted(found, key=lambda pair: pair[0])]


def _raw(batch: Batch, offset: int, length: int) -> bytes:
    return batch.raws(np.array([offset]), np.array([length]))


def _fault(mask: int, book: FaultBook) -> str:
    codes = [fault.code.removeprefix("record.") for fault in book.having(mask)]
    assert len(codes) <= 1
    return codes[0] if codes else ""
