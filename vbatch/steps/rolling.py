"""A folder of Parquet files that grows frame by frame and starts a new file when one is full."""

from pathlib import Path
from typing import Self

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from vbatch.model.parquet import settings


class Rolling:
    """Writes frames one after the other into `part-00000.parquet`, `part-00001.parquet` and so on.

    A new file starts when the next frame would take one past `rows`, or when the columns change. There is always a first file.
    """

    def __init__(self, folder: Path, rows: int) -> None:
        self.folder, self.most = folder, rows
        self.files: dict[Path, int] = {}
        self._writer: pq.ParquetWriter | None = None
        self._schema: pa.Schema | None = None
        self._rows = 0

    def __enter__(self) -> Self:
        self.folder.mkdir(parents=True, exist_ok=True)
        return self

    def __exit__(self, *_: object) -> None:
        self._close()

    def write(self, frame: pl.DataFrame) -> None:
        """Append a frame; an empty one only sees to it that a file exists."""
        table = frame.to_arrow(compat_level=pl.CompatLevel.oldest())
        if frame.is_empty() and self.files:
            return
        if self._writer is None or table.schema != self._schema or self._rows + frame.height > self.most:
            self._open(table.schema)
        if self._writer is not None and frame.height:
            self._writer.write_table(table)
        self._rows += frame.height
        self.files[self._path] += frame.height

    def _open(self, schema: pa.Schema) -> None:
        self._drop_if_empty()
        self._path = self.folder / f"part-{len(self.files):05d}.parquet"
        self._writer = pq.ParquetWriter(self._path, schema, **settings(schema, {*schema.names} - {"_source"}))
        self._schema, self._rows = schema, 0
        self.files[self._path] = 0

    def _drop_if_empty(self) -> None:
        """A file without rows only stands for a folder without rows."""
        self._close()
        if self.files and self._rows == 0:
            del self.files[self._path]
            self._path.unlink()

    def _close(self) -> None:
        if self._writer is not None:
            self._writer.close()
            self._writer = None
