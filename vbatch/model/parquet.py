"""How the Parquet files of a run are written, whatever is in them."""

from collections.abc import Collection, Iterator
from typing import Any

import pyarrow as pa


def settings(schema: pa.Schema, single: Collection[str]) -> dict[str, Any]:
    """Arguments for pyarrow's Parquet writer.

    zstd at level 1: higher levels cost more time than they save space on codes, which do not repeat. Encodings as in
    https://parquet.apache.org/docs/file-format/data-pages/encodings/, by what makes files smaller, and quicker to write and to read:
    differences of numbers, lengths apart from texts that hardly repeat, a dictionary of other texts.

    Args:
        schema: of the tables to come.
        single: the columns whose texts hardly repeat.
    """
    columns = {name: dtype for field in schema for name, dtype in _leaves(field.name, field.type)}
    texts = {name for name, dtype in columns.items() if _is_text(dtype)}
    return {
        "compression": "zstd",
        "compression_level": 1,
        "use_dictionary": sorted(texts.difference(single)),
        "column_encoding": dict.fromkeys(texts.intersection(single), "DELTA_LENGTH_BYTE_ARRAY")
        | {name: "DELTA_BINARY_PACKED" for name, dtype in columns.items() if _is_number(dtype)},
        "store_decimal_as_integer": True,
        # With it, columns that are Arrow dictionaries here would be that to readers, too.
        "store_schema": False,
        "write_statistics": False,
    }


def _leaves(name: str, dtype: pa.DataType) -> Iterator[tuple[str, pa.DataType]]:
    """The columns that Parquet makes of one: their names and types."""
    if pa.types.is_struct(dtype):
        for field in dtype:
            yield from _leaves(f"{name}.{field.name}", field.type)
    elif pa.types.is_list(dtype) or pa.types.is_large_list(dtype):
        yield from _leaves(f"{name}.list.element", dtype.value_type)
    else:
        yield name, dtype


def _is_text(dtype: pa.DataType) -> bool:
    return bool(pa.types.is_string(dtype) or pa.types.is_large_string(dtype) or pa.types.is_dictionary(dtype))


def _is_number(dtype: pa.DataType) -> bool:
    return bool(pa.types.is_integer(dtype) or pa.types.is_timestamp(dtype) or pa.types.is_decimal(dtype))
