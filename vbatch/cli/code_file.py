"""A file of codes that somebody sends: a list, one a line, or a column of a CSV or Parquet file. Codes are text, exactly as they stand."""

from pathlib import Path

import polars as pl

from vbatch.errors import SourceError
from vbatch.model.layout import Dialect, Layout

COLUMNS = ("code", "Code")
LIST = "or send a list of codes, one a line, in a file that ends with .txt"


def is_list(file: Path, column: str | None) -> bool:
    """Whether a file is a list of codes, in which a record is a line."""
    return column is None and file.suffix.lower() not in {".csv", ".parquet"}


def read_codes(file: Path, layout: Layout | None, column: str | None) -> pl.DataFrame:
    """The codes of a file, with their places.

    Args:
        file: Parquet or CSV by its ending; else CSV if there is a `column`, and a list if there is none.
        layout: how the fields of a CSV are written and the column is called; None for comma, UTF-8 and one of COLUMNS.
        column: what the column is called all the same.

    Returns:
        `code` (String), `_source` (String), `_record` (UInt64, from 1; in a list the line). A cell without a value is an empty code; empty
        lines are left out.

    Raises:
        SourceError: the file cannot be read so.
    """
    try:
        codes = _codes(file, layout, column)
    except OSError as error:
        raise SourceError(
            f"{file}: cannot be read: {error.strerror or 'it is damaged'}", hint="check the path and its permissions"
        ) from error
    except UnicodeDecodeError as error:
        raise SourceError(f"{file}: byte {error.start:,} is not {error.encoding}", hint="export it again as UTF-8") from error
    except pl.exceptions.PolarsError as error:
        # Its message may quote codes.
        form = "Parquet file" if file.suffix.lower() == ".parquet" else "CSV with a header"
        raise SourceError(f"{file}: is not a whole {form}", hint=f"export it again, {LIST}") from error
    numbered = codes.fill_null("").alias("code").to_frame().with_row_index("_record", offset=1)
    rows = numbered.select("code", pl.lit(str(file)).alias("_source"), pl.col("_record").cast(pl.UInt64))
    return rows.filter(pl.col("code") != "") if is_list(file, column) else rows


def _codes(file: Path, layout: Layout | None, column: str | None) -> pl.Series:
    if is_list(file, column):
        encoding = layout.dialect.encoding if layout else "utf-8"
        return pl.Series([_text(file, encoding)]).str.split("\n").explode().str.strip_suffix("\r")
    rows = pl.read_parquet(file, glob=False, hive_partitioning=False) if file.suffix.lower() == ".parquet" else _csv(file, layout)
    names = (column,) if column else _columns(layout)
    name = next((name for name in names if name in rows.columns), None)
    if name is None:
        raise SourceError(
            f"{file}: has no column {' or '.join(map(repr, names))}", hint=f"name the column of the codes with --column, {LIST}"
        )
    if rows[name].dtype not in {pl.String, pl.Null}:
        raise SourceError(f"{file}: the column {name!r} is not text", hint=f"export codes as text: numbers lose leading zeros; {LIST}")
    return rows[name].cast(pl.String)


def _csv(file: Path, layout: Layout | None) -> pl.DataFrame:
    dialect = layout.dialect if layout else Dialect()
    if layout and (layout.format != "csv" or dialect.escape or dialect.skip_rows or not dialect.header):
        told = f"{file}: cannot be read like {layout.name}, which is no plain CSV with a header"
        raise SourceError(told, hint=f"name --scope and --column instead of -p, {LIST}")
    content = _text(file, dialect.encoding).encode()
    rows = pl.read_csv(content, separator=dialect.delimiter, quote_char=dialect.quote, infer_schema=False)
    # An empty line is no record.
    return rows.filter(~pl.all_horizontal(pl.all().is_null()))


def _columns(layout: Layout | None) -> tuple[str, ...]:
    return tuple(str(field.source) for field in layout.fields if field.column == "code") if layout else COLUMNS


def _text(file: Path, encoding: str) -> str:
    return file.read_bytes().decode(encoding).removeprefix("\ufeff")
