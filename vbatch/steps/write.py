"""Writes the parts of a run while it is judged."""

from pathlib import Path

import polars as pl


def write_accepted(frame: pl.DataFrame, path: Path) -> None:
    """Accepted rows as zstd Parquet. Level 1: higher levels cost more time than they save space on codes, which do not repeat."""
    frame.write_parquet(path, compression="zstd", compression_level=1, statistics=False)


def write_findings(frame: pl.DataFrame, path: Path) -> None:
    """Rows with faults, for the run's own use until the end."""
    frame.write_ipc(path, compression="uncompressed")


def keys_of(codes: pl.Series) -> pl.Series:
    """A 64-bit hash of each folded code. Only for this process: polars does not promise it to the next version."""
    return codes.str.to_lowercase().hash()
