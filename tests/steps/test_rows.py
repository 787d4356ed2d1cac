"""Files of rows: what they hold, and what they do not drag along."""

from pathlib import Path

import polars as pl
import pyarrow.parquet as pq
import pytest

from vbatch.steps.rows import GROUP, read_rows, write_accepted, write_rows


@pytest.mark.parametrize("kept", [1000, 10])
def test_rows_come_back_as_they_were_and_few_of_many_without_the_texts_of_the_others(tmp_path: Path, kept: int) -> None:
    whole = pl.DataFrame({"code": [f"a code that does not stand in its view {number}" for number in range(1000)], "number": range(1000)})
    rows = whole.filter(pl.col("number") < kept)
    write_rows(rows, tmp_path / "rows.arrow", of=whole.height)
    assert read_rows(tmp_path / "rows.arrow").equals(rows)
    assert (tmp_path / "rows.arrow").stat().st_size < kept * 100 + 2000


@pytest.mark.parametrize("chunks", [1, 7])
def test_row_groups_do_not_depend_on_how_rows_lie_in_memory(tmp_path: Path, chunks: int) -> None:
    count = 2 * GROUP + 7
    frame = pl.DataFrame(
        {"code": pl.int_range(count, eager=True).cast(pl.String), "_record": pl.int_range(count, eager=True), "_offset": 0}
    )
    size = -(-count // chunks)
    rows = pl.concat([frame[first : first + size] for first in range(0, count, size)], rechunk=False)
    write_accepted(rows, "code", "a.csv", tmp_path / "rows.parquet")
    metadata = pq.ParquetFile(tmp_path / "rows.parquet").metadata
    assert [metadata.row_group(number).num_rows for number in range(metadata.num_row_groups)] == [GROUP, GROUP, 7]
