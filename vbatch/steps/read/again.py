"""Reads the records of one part of a source again."""

from dataclasses import replace

import polars as pl

from vbatch.errors import SourceError
from vbatch.model.batch import FAULTS, Batch
from vbatch.model.fault import FaultBook
from vbatch.model.part import Part
from vbatch.model.source import Source
from vbatch.steps.read.batches import Place, batch_of
from vbatch.steps.read.cut import cut
from vbatch.steps.read.window import Window


def read_again(source: Source, part: Part, records: pl.Series, book: FaultBook) -> Batch:
    """The batch of a part with only these records; SourceError if the source has changed since."""
    span = part.span
    with source.file.open("rb") as file:
        file.seek(span.offset)
        data = file.read(span.size)
    window = Window(offset=span.offset, line=span.line, encoding=source.dialect.encoding)
    window.append(data, at_end=True)
    found = cut(window.data, source.shape, source.dialect, at_end=True)
    if len(data) != span.size or len(found.starts) != part.tally.records:
        raise SourceError(f"{source.path}: changed while it was read", hint="wait until the export is complete, then run again")
    place = Place(part.number, part.source, span.first_record, span.blanks, span.seen, span.digest)
    whole = batch_of(place, window, found, source.shape, book)
    chosen = whole.records.filter(pl.col("_record").is_in(records.implode()))
    # They were accepted, so nothing is wrong with their structure; only in the whole source could be seen how the last one ends.
    return replace(whole, records=chosen.with_columns(pl.lit(0, pl.UInt64).alias(FAULTS)))
