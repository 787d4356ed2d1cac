"""Reads the records of one part of a source again."""

from dataclasses import replace

import polars as pl

from vbatch.model.batch import FAULTS, Batch
from vbatch.model.fault import FaultBook
from vbatch.model.part import Part
from vbatch.model.source import Source
from vbatch.steps.read.batches import BLOCK, Place, batch_of
from vbatch.steps.read.cut import cut
from vbatch.steps.read.source import changed
from vbatch.steps.read.window import Window


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
    with source.file.open("rb") as file:
        if window.needs_before:
            file.seek(source.offset)
            for begin in range(source.offset, span.offset, BLOCK):
                window.pass_over(file.read(min(BLOCK, span.offset - begin)))
        file.seek(span.offset)
        data = file.read(span.size)
    if len(data) != span.size:
        raise changed(source.path)
    if window.is_utf8:
        places = pl.col("_offset") - span.offset, pl.col("_length")
        chosen = records.with_columns(places[0].alias("_at"), places[1].alias("_size"), pl.lit(0, pl.UInt64).alias(FAULTS))
        return Batch(number=part.number, source=part.source, records=chosen, data=data, original=data, span=span)
    window.append(data, at_end=True)
    found = cut(window.data, source.shape, source.dialect, source.path, at_end=True)
    if len(found.starts) != part.tally.records:
        raise changed(source.path)
    place = Place(part.number, part.source, span.first_record, span.blanks, span.seen, span.digest)
    whole = batch_of(place, window, found, book)
    chosen = whole.records.filter(pl.col("_record").is_in(records["_record"].implode()))
    # Only in the whole source could be seen how the last record ends.
    return replace(whole, records=chosen.with_columns(pl.lit(0, pl.UInt64).alias(FAULTS)))
