"""One line for every row and fault, with a sentence that a person can act on."""

import re

import polars as pl

from vbatch.model.batch import FAULTS, RAW
from vbatch.model.binding import Binding
from vbatch.model.fault import Fault, FaultBook
from vbatch.model.layout import Field
from vbatch.model.source import Source

ERRORS = {
    "source": pl.String,
    "record": pl.UInt64,
    "line": pl.UInt64,
    "offset": pl.UInt64,
    "length": pl.UInt64,
    "code": pl.String,
    "column": pl.String,
    "fault": pl.String,
    "severity": pl.String,
    "value": pl.String,
    "message": pl.String,
}
"""The columns of errors.parquet and errors.csv."""

SINGLE = ("code", "value", "message")
"""Those whose texts hardly repeat."""

PLACEHOLDER = re.compile(r"\{([a-z]\w*)\}")
FORMULA = r"^[=+\-@\t\r]"
GUARDED = ("source", "code", "value", "message")


def error_rows(findings: pl.DataFrame, source: Source, book: FaultBook) -> pl.DataFrame:
    """Explain findings.

    Args:
        findings: provenance, texts, FAULTS, RAW and winner columns of rows with faults, in record order.
        source: where they come from.
        book: the faults by bit.

    Returns:
        ERRORS columns, by record and then in the book's order.
    """
    if findings.is_empty():
        return pl.DataFrame(schema=ERRORS)
    lines = []
    for order, fault in enumerate(book.among(findings[FAULTS])):
        rows = findings.filter(pl.col(FAULTS) & book.bit(fault.code) != 0)
        lines.append(rows.lazy().select(pl.lit(order).alias("order"), *_line(rows, fault, source)))
    return pl.concat(lines).sort("record", "order", maintain_order=True).drop("order").collect()


def guarded(errors: pl.DataFrame) -> pl.DataFrame:
    """The rows with an apostrophe before texts that a spreadsheet would take for a formula."""
    cells = [(name, pl.col(name)) for name in GUARDED]
    return errors.with_columns(
        pl.when(cell.str.contains(FORMULA)).then(pl.lit("'") + cell).otherwise(cell).alias(name) for name, cell in cells
    )


def _line(rows: pl.DataFrame, fault: Fault, source: Source) -> list[pl.Expr]:
    value = _value(rows, fault, source)
    return [
        pl.lit(source.path).alias("source"),
        *(pl.col(f"_{name}").alias(name) for name in ("record", "line", "offset", "length")),
        _text(rows, source.binding, "code").alias("code"),
        pl.lit(fault.column, pl.String).alias("column"),
        pl.lit(fault.code).alias("fault"),
        pl.lit(fault.severity.value).alias("severity"),
        value.alias("value"),
        _message(rows, fault, source, value).alias("message"),
    ]


def _value(rows: pl.DataFrame, fault: Fault, source: Source) -> pl.Expr:
    if fault.column is not None:
        return _text(rows, source.binding, fault.column)
    ends = (source.frame.strip or b"\r\n").decode()
    texts = (raw.decode(source.dialect.encoding, errors="backslashreplace").strip(ends) for raw in rows[RAW])
    # UTF-7 and a few others give surrogates, which are no text.
    return pl.lit(pl.Series([text.encode("utf-8", "backslashreplace").decode() for text in texts], dtype=pl.String))


def _text(rows: pl.DataFrame, binding: Binding, column: str) -> pl.Expr:
    """The text of a canonical column as it stood in the file."""
    texts = [_counting(one, text, binding) for one, text in binding.fields if one.column == column and text in rows.columns]
    return pl.coalesce(texts) if texts else pl.lit(None, pl.String)


def _counting(one: Field, text: str, binding: Binding) -> pl.Expr:
    """A field's text in the records that it counts for."""
    known = binding.consulted
    met = [pl.col(known[name]) == wanted if name in known else pl.lit(value=False) for name, wanted in one.when.items()]
    return pl.when(pl.all_horizontal(met)).then(pl.col(text)) if met else pl.col(text)


def _message(rows: pl.DataFrame, fault: Fault, source: Source, value: pl.Expr) -> pl.Expr:
    parts = PLACEHOLDER.split(fault.message)
    limits = _limits(source)
    winner = f"_winner_{fault.code.partition('.')[2]}"
    pieces = []
    for position, part in enumerate(parts):
        if position % 2 == 0:
            pieces.append(pl.lit(part))
        elif part == "winner":
            pieces.append(pl.col(winner))
        elif part in limits:
            pieces.append(pl.lit(limits[part]))
        else:
            named = value if part == "value" else _text(rows, source.binding, part)
            pieces.append(pl.coalesce(pl.lit("'") + named + pl.lit("'"), pl.lit("nothing")))
    return pl.concat_str(pieces)


def _limits(source: Source) -> dict[str, str]:
    """What messages about the structure of a record name."""
    return {
        "expected": str(len(source.binding.header)),
        "encoding": source.dialect.encoding,
        "limit": str(source.dialect.max_record_bytes),
    }
