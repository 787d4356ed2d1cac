"""Whoever reads the Parquet files of a run reads the same: no reader needs to know of Arrow's own notes, and none has to be new."""

from pathlib import Path

import duckdb
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from vbatch import Options, validate

SAMPLES = Path(__file__).parents[1] / "sample_data"
PIPELINES = {
    "codes.txt": "code_list",
    "discounts.csv": "discounts",
    "gift_cards.csv": "gift_cards",
    "loyalty_cards.json": "voucherify_json",
    "standalone.csv": "standalone",
}
ENCODINGS = {"PLAIN", "RLE", "PLAIN_DICTIONARY", "RLE_DICTIONARY", "DELTA_BINARY_PACKED", "DELTA_LENGTH_BYTE_ARRAY"}
"""Those of format version 2, which Spark, Trino and pandas have read for years: https://parquet.apache.org/docs/file-format/data-pages/encodings/"""


@pytest.mark.parametrize("sample", PIPELINES)
def test_every_reader_reads_the_same(sample: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    report = validate([SAMPLES / sample], PIPELINES[sample], Options(out=Path("out")))
    files = sorted(Path("out").rglob("*.parquet"))
    assert {file.parts[1] for file in files} == {"accepted", "rejected", "discarded", "errors.parquet"}
    rows = 0
    for file in files:
        by_polars = pl.read_parquet(file)
        by_arrow = pl.from_arrow(pq.read_table(file))
        by_duckdb = duckdb.read_parquet(str(file)).pl()
        assert isinstance(by_arrow, pl.DataFrame)
        assert by_polars.equals(by_arrow)
        assert by_polars.equals(by_duckdb.cast(dict(by_polars.schema)))
        rows += by_polars.height if file.parts[1] != "errors.parquet" else 0
    assert rows == report.records


def test_columns_are_plain_texts_in_old_encodings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    validate([SAMPLES / "gift_cards.csv"], "gift_cards", Options(out=Path("out")))
    for path in Path("out").rglob("*.parquet"):
        file = pq.ParquetFile(path)
        assert not any(pa.types.is_dictionary(field.type) for field in file.schema_arrow)
        groups = [file.metadata.row_group(group) for group in range(file.num_row_groups)]
        chunks = [group.column(column) for group in groups for column in range(group.num_columns)]
        assert {encoding for chunk in chunks for encoding in chunk.encodings} <= ENCODINGS
        assert {chunk.compression for chunk in chunks} <= {"ZSTD"}
