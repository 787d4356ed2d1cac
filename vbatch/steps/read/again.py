"""Reads the records of one part of a source again."""

import os
from dataclasses import dataclass, replace

import numpy as np
import polars as pl

from vbatch.model.batch import FAULTS, Batch, Positions, joined, stretches
from vbatch.model.fault import FaultBook
from vbatch.model.part import Part
from vbatch.model.source import Source
from vbatch.model.span import Span
from vbatch.steps.read.batches import BLOCK, Place, batch_of
from vbatch.steps.read.cut import cut
from vbatch.steps.read.source import changed
from vbatch.steps.read.window import Window

FEW = 1 << 12
"""Stretches of bytes that are read one by one; where there are more, all of the part is read."""


def read_again(source: Source, part: Part, records: pl.DataFrame, book: FaultBook) -> Batch:
    """The batch of a part with only some of its records.

    Args:
        source: where they are.
        part: theirs.
        records: their PROVENANCE, in order. They were accepted, so nothing is wrong with their structure.
        book: the bits.

    Raises:
        SourceError: the source has changed since.
    """
    span = part.span
    window = Window(offset=span.offset, line=span.line, encoding=source.dialect.encoding)
    if window.is_utf8:
        data = _bytes_of(records, source, span)
        places = pl.col("_length").cum_sum() - pl.col("_length"), pl.col("_length")
        chosen = records.with_columns(places[0].alias("_at"), places[1].alias("_size"), pl.lit(0, pl.UInt64).alias(FAULTS))
        return ChosenBatch(number=part.number, source=part.source, records=chosen, data=data, original=data, span=span)
    with source.file.open("rb") as file:
        if window.needs_before:
            file.seek(source.offset)
            for begin in range(source.offset, span.offset, BLOCK):
                window.pass_over(file.read(min(BLOCK, span.offset - begin)))
        file.seek(span.offset)
        data = file.read(span.size)
    if len(data) != span.size:
        raise changed(source.path)
    window.append(data, at_end=True)
    found = cut(window.data, source.shape, source.dialect, source.path, at_end=True)
    if len(found.starts) != part.tally.records:
        raise changed(source.path)
    place = Place(part.number, part.source, span.first_record, span.blanks, span.seen, span.digest)
    whole = batch_of(place, window, found, book)
    chosen = whole.records.filter(pl.col("_record").is_in(records["_record"].implode()))
    # Only in the whole source could be seen how the last record ends.
    return replace(whole, records=chosen.with_columns(pl.lit(0, pl.UInt64).alias(FAULTS)))


@dataclass(frozen=True, slots=True, kw_only=True)
class ChosenBatch(Batch):
    """Some records of a part, their bytes one behind the other."""

    def raws(self, offsets: Positions, lengths: Positions) -> bytes:
        """The bytes of several records, one behind the other."""
        chosen = np.searchsorted(self.records["_offset"].to_numpy().view(np.int64), offsets)
        return joined(self.original, self.records["_at"].to_numpy()[chosen].astype(np.int64), lengths)


def _bytes_of(records: pl.DataFrame, source: Source, span: Span) -> bytes:
    """The bytes of these records one behind the other."""
    starts, lengths = (records[name].to_numpy().astype(np.int64) for name in ("_offset", "_length"))
    first, last = stretches(starts, lengths)
    with source.file.open("rb", buffering=0) as file:
        if len(first) > FEW:
            first, last = np.array([span.offset]), np.array([span.offset + span.size])
        pieces = [os.pread(file.fileno(), end - start, start) for start, end in zip(first.tolist(), last.tolist(), strict=True)]
    if sum(map(len, pieces)) != (last - first).sum():
        raise changed(source.path)
    return joined(pieces[0], starts - first[0], lengths) if len(first) == 1 else b"".join(pieces)
