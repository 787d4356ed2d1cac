"""Records with fields at fixed positions become a text frame."""

import polars as pl

from vbatch.model.batch import FAULTS, Batch
from vbatch.model.fault import FaultBook
from vbatch.model.layout import Dialect
from vbatch.steps.read.parse_csv import parse_csv
from vbatch.steps.read.parsed import Parsed

LINE = "_line_text"


def parse_fixed(batch: Batch, dialect: Dialect, positions: tuple[tuple[int, int], ...], columns: list[str], book: FaultBook) -> Parsed:
    """Parse a batch of records with fields at fixed positions.

    A record that ends before its last field, or has something but spaces where no field is, has the fault record.field_count.

    Args:
        batch: whole records.
        dialect: of a list of lines.
        positions: first and last character of each field, from 1.
        columns: names for the text columns, one a field.
        book: where the structural faults have their bits.

    Returns:
        Text columns are String without the spaces around the value; nothing but spaces is null.
    """
    lines, malformed = parse_csv(batch, dialect, (), [LINE], book)
    line = pl.col(LINE)
    length = max(last for _, last in positions)
    wrong = lines.select((line.str.len_chars() < length) | pl.any_horizontal(_between(positions)).fill_null(value=False)).to_series()
    fields = [
        line.str.slice(first - 1, last - first + 1).str.strip_chars(" ").alias(name)
        for name, (first, last) in zip(columns, positions, strict=True)
    ]
    texts = lines.filter(~wrong).with_columns(fields).drop(LINE).with_columns(pl.col(columns).replace("", None))
    ragged = lines.filter(wrong).drop(LINE).with_columns(pl.lit(book.bit("record.field_count"), pl.UInt64).alias(FAULTS))
    return Parsed(texts, pl.concat([malformed, ragged]).sort("_record"))


def _between(positions: tuple[tuple[int, int], ...]) -> list[pl.Expr]:
    """Whether there is something but spaces before, between or after the fields."""
    found, end = [], 0
    for first, last in sorted(positions):
        if first - 1 > end:
            found.append(pl.col(LINE).str.slice(end, first - 1 - end).str.contains("[^ ]"))
        end = max(end, last)
    return [*found, pl.col(LINE).str.slice(end).str.contains("[^ ]")]
