"""Rows of a run, kept for its own use and written for others."""

from pathlib import Path

import numpy as np
import numpy.typing as npt
import polars as pl
import pyarrow as pa
import pyarrow.ipc
import pyarrow.parquet as pq

from vbatch.model.arrow import frame_of
from vbatch.model.parquet import settings

CAPITALS = 26
PIECE = 1 << 16
"""Bytes whose case is folded at a time: as many as the processor's cache holds."""

GROUP = 100_000
"""Rows of a row group, whatever the number of cores. DuckDB takes in a third more slowly, and into more space, what exceeds its 122,880."""


def write_rows(frame: pl.DataFrame, path: Path, *, of: int) -> None:
    """Rows for the run's own use: as they are in memory, which is the quickest to write and to read again.

    Args:
        frame: the rows.
        path: the file.
        of: how many there were before they were chosen. Few of many still hold on to the texts of all, and are copied without these.
    """
    level = pl.CompatLevel.newest() if 2 * frame.height > of else pl.CompatLevel.oldest()
    table = frame.to_arrow(compat_level=level)
    # Polars would write it through threads of its own, and take three times as long.
    with path.open("wb") as file, pa.ipc.new_file(file, table.schema) as writer:
        writer.write_table(table)


def read_rows(path: Path) -> pl.DataFrame:
    """Such rows again, without reading the file: what is not asked for is not touched."""
    with pa.memory_map(str(path)) as file:
        return frame_of(pa.ipc.open_file(file).read_all())


def write_codes(codes: pl.Series, path: Path) -> None:
    """The codes of accepted rows, for the registry to look up."""
    codes.to_frame("code").write_parquet(path, compression="uncompressed", statistics=False)


def write_accepted(rows: pl.DataFrame, kind: str, source: str, path: Path) -> None:
    """Accepted rows as they are published.

    Args:
        rows: the rulebook's columns, metadata, `_record` and `_offset`; other provenance is left out.
        kind: what the vouchers are, unless a column says so.
        source: the path as given.
        path: the file, Parquet.
    """
    code, *others = (name for name in rows.columns if not name.startswith("_"))
    constants = ({} if "kind" in others else {"kind": kind}) | {"_source": source}
    typed = rows.select(code, *others, "_record", "_offset").to_arrow(compat_level=pl.CompatLevel.oldest())
    columns = dict(zip(typed.column_names, typed.columns, strict=True)) | {name: _same(text, len(rows)) for name, text in constants.items()}
    order = [code, *(name for name in constants if name == "kind"), *others, "_source", "_record", "_offset"]
    table = pa.table({name: columns[name] for name in order})
    pq.write_table(table, path, row_group_size=GROUP, **settings(table.schema, {code}))


def _same(text: str, count: int) -> pa.DictionaryArray:
    """One text so many times."""
    return pa.DictionaryArray.from_arrays(pa.array(np.zeros(count, np.int8)), pa.array([text]))


def write_keys(codes: pl.Series, path: Path) -> npt.NDArray[np.uint64]:
    """The keys of codes, mapped from a file of them: what is not looked at takes no memory."""
    keys_of(codes).to_numpy().tofile(path)
    return np.memmap(path, np.uint64, mode="r") if len(codes) else np.empty(0, np.uint64)


def keys_of(codes: pl.Series) -> pl.Series:
    """A 64-bit hash of each folded code. Only for this process: polars does not promise it to the next version."""
    return _folded(codes).hash()


def _folded(codes: pl.Series) -> pl.Series:
    """Codes in lower case; ASCII ones at once, as the bytes that they are, which takes half as long."""
    array = codes.to_arrow(compat_level=pl.CompatLevel.oldest())
    validity, offsets, texts = array.buffers()
    letters = np.frombuffer(texts, np.uint8)
    if (letters.view(np.int8) < 0).any():
        return codes.str.to_lowercase()
    lower = np.empty_like(letters)
    for start in range(0, len(letters), PIECE):
        piece = letters[start : start + PIECE]
        capital = (piece - np.uint8(ord("A")) < CAPITALS).view(np.uint8)
        np.add(piece, capital << 5, out=lower[start : start + PIECE])
    buffers = [validity, offsets, pa.py_buffer(lower)]
    folded = pa.Array.from_buffers(pa.large_string(), len(array), buffers, offset=array.offset)
    return frame_of(pa.record_batch([folded], [codes.name])).to_series()
