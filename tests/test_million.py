"""A million records give the same rows with the same verdicts in the same order, whatever the threads, batches and memory."""

import hashlib
import os
from pathlib import Path
from unittest.mock import patch

import polars as pl
from benchmarks.exports import write_export

from vbatch import Options, Report, validate

RECORDS = 1_000_000
MIB = 1 << 20
USUAL = 262_144
WAYS = [(1, USUAL, 256), (5, USUAL, 8192), (3, 100_000, 300), (1, RECORDS, 2048), (2, 33_333, 1024)]
"""Threads, records a batch, MiB of memory."""


def judged(export: Path, out: Path, threads: int, rows: int, memory: int | None) -> Report:
    options = Options(out=out, registry=out.with_suffix(".duckdb"), batch_rows=rows, memory=memory and memory * MIB)
    with patch("os.cpu_count", return_value=threads):
        return validate([export], "gift_cards", options)


def rows_of(report: Report, fate: str) -> tuple[int, str]:
    """How many rows have a fate, and a digest of all of them in the order of the parts."""
    parts = sorted((Path(report.path) / fate).glob("part-*.parquet"))
    rows = pl.concat([pl.read_parquet(part) for part in parts])
    flat = rows.with_columns(pl.col(pl.List(pl.String)).list.join(",")).drop("metadata", strict=False)
    metadata = [rows["metadata"].struct.unnest()] if "metadata" in rows.columns else []
    return rows.height, digest(pl.concat([flat, *metadata], how="horizontal").write_csv().encode())


def digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def hash_of(report: Report, path: str) -> str:
    (found,) = (file.sha256 for file in report.outputs if file.path == path)
    return found


def replayed(report: Report) -> str:
    return digest((Path(report.path) / "rejected" / "replay" / "cards.csv").read_bytes())


def test_a_million_records(tmp_path: Path) -> None:
    export = tmp_path / "cards.csv"
    write_export(export, RECORDS)
    usual = judged(export, tmp_path / "usual", os.cpu_count() or 1, USUAL, None)
    assert (usual.records, usual.accepted + usual.rejected) == (RECORDS, RECORDS)
    fates = [rows_of(usual, fate) for fate in ("accepted", "rejected")]
    for number, (threads, rows, memory) in enumerate(WAYS):
        other = judged(export, tmp_path / str(number), threads, rows, memory)
        assert (other.accepted, other.faults, other.totals) == (usual.accepted, usual.faults, usual.totals)
        assert [rows_of(other, fate) for fate in ("accepted", "rejected")] == fates
        assert replayed(other) == replayed(usual)
        assert hash_of(other, "errors.csv") == hash_of(usual, "errors.csv")
        if rows == USUAL:
            assert other.outputs == usual.outputs
