import resource
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from vbatch.model.registered import RegisteredRun
from vbatch.registry import Registry


@pytest.fixture
def registry(tmp_path: Path) -> Registry:
    return Registry(tmp_path / "codes.duckdb")


@pytest.fixture
def part(tmp_path: Path) -> Callable[..., Path]:
    def write(name: str, *codes: str, source: str = "a.csv", row_group_size: int | None = None) -> Path:
        frame = pl.DataFrame({"code": codes}, schema={"code": pl.String}).with_columns(
            pl.int_range(1, pl.len() + 1, dtype=pl.UInt64).alias("_record"), pl.lit(source).alias("_source")
        )
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        frame.write_parquet(path, row_group_size=row_group_size)
        return path

    return write


@pytest.fixture
def run() -> Callable[..., RegisteredRun]:
    def make(run_id: str, scope: str = "shop", sources: tuple[str, ...] = ("a.csv", "b.csv"), **more: Any) -> RegisteredRun:
        return RegisteredRun(
            run_id=run_id,
            scope=scope,
            pipeline="gift_cards",
            registered_at=datetime(2024, 2, 29, 12, 30, 15, 123456, tzinfo=UTC),
            sources=sources,
            report='{"status": "loaded"}',
            **more,
        )

    return make


@pytest.fixture
def rows() -> Callable[..., pl.DataFrame]:
    def make(*codes: str | None, source: str = "status.csv") -> pl.DataFrame:
        schema = {"code": pl.String, "_source": pl.String, "_record": pl.UInt64}
        return pl.DataFrame([(code, source, record) for record, code in enumerate(codes, 1)], schema=schema, orient="row")

    return make


@pytest.fixture
def disk_full_at() -> Callable[[int], AbstractContextManager[None]]:
    @contextmanager
    def limit(size: int) -> Iterator[None]:
        """No file of this process can grow beyond this many bytes; DuckDB meets it as it meets a full disk."""
        limits = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, limits[1]))
        try:
            yield
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, limits)

    return limit
