"""How the Parquet files of a run are written, whatever is in them."""

from collections.abc import Collection, Iterator
from typing import Any

import pyarrow as pa


def settings(schema: pa.Schema, repeated: Collection[str]) -> dict[str, Any]:
    """Arguments for pyarrow's Parquet writer.

    zstd at level 1: higher levels cost more time than they save space on codes, which do not repeat. Encodings as in
    https://parquet.apache.org/docs/file-format/data-pages/encodings/, by what makes files smaller, and quicker to write and to read:
    differences of numbers, a dictionary of texts that come again and again, lengths apart from other texts.

    Args:
        schema: of the tables to come.
        repeated: the columns with such texts, as Parquet names them; those that the schema does not have are left out.
    """
    columns = {name: dtype for field in schema for name, dtype in leaves(field.name, field.type)}
    dictionaries = [name for name in columns if name in repeated]
    encodings = {name: _encoding(dtype) for name, dtype in columns.items() if name not in repeated}
    return {
        "compression": "zstd",
        "compression_level": 1,
        "use_dictionary": dictionaries,
        "column_encoding": {name: encoding for name, encoding in encodings.items() if encoding},
        "store_decimal_as_integer": True,
        # With it, columns that are Arrow dictionaries here would be that to readers, too.
        "store_schema": False,
        "write_statistics": False,
    }


def leaves(name: str, dtype: pa.DataType) -> Iterator[tuple[str, pa.DataType]]:
    """The columns that Parquet makes of one: their names and types."""
    if pa.types.is_struct(dtype):
        for field in dtype:
            yield from leaves(f"{name}.{field.name}", field.type)
    elif pa.types.is_list(dtype) or pa.types.is_large_list(dtype):
        yield from leaves(f"{name}.list.element", dtype.value_type)
    else:
        yield name, dtype


def is_text(dtype: pa.DataType) -> bool:
    """Whether a column holds text."""
    return bool(pa.types.is_string(dtype) or pa.types.is_large_string(dtype))


def _encoding(dtype: pa.DataType) -> str | None:
    if is_text(dtype):
        return "DELTA_LENGTH_BYTE_ARRAY"
    is_number = pa.types.is_integer(dtype) or pa.types.is_timestamp(dtype) or pa.types.is_decimal(dtype)
    return "DELTA_BINARY_PACKED" if is_number else None
