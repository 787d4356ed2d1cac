"""How a file of codes is read: nothing is trimmed, folded or taken for a number."""

import re
from pathlib import Path

import polars as pl
import pytest

from vbatch.cli.code_file import read_codes
from vbatch.errors import SourceError


def read(file: Path, content: bytes, column: str | None = None) -> list[tuple[str, int]]:
    file.write_bytes(content)
    rows = read_codes(file, None, column)
    assert rows.schema == {"code": pl.String, "_source": pl.String, "_record": pl.UInt64}
    assert set(rows["_source"]) <= {str(file)}
    return list(rows.select("code", "_record").iter_rows())


def test_a_list(tmp_path: Path) -> None:
    listed = '\ufeff001\r\n\r\n 1E5 \nnull\n"A,B"\nünï'
    assert read(tmp_path / "a.txt", listed.encode()) == [("001", 1), (" 1E5 ", 3), ("null", 4), ('"A,B"', 5), ("ünï", 6)]
    assert read(tmp_path / "empty", b"") == []


def test_a_table(tmp_path: Path) -> None:
    table = b'\xef\xbb\xbfid,code\n1,001\n\n2," 1E5 "\n3,\n4,"A,""B"\n5\n\n'
    assert read(tmp_path / "a.csv", table) == [("001", 1), (" 1E5 ", 2), ("", 3), ('A,"B', 4), ("", 5)]
    assert read(tmp_path / "a.list", b"x,My Code\n1,007\n", "My Code") == [("007", 1)]
    assert read(tmp_path / "b.csv", b"Code\n") == []


def test_parquet(tmp_path: Path) -> None:
    pl.DataFrame({"Code": ["A", None, "B"]}).write_parquet(tmp_path / "a.parquet")
    assert read_codes(tmp_path / "a.parquet", None, None).select("code", "_record").rows() == [("A", 1), ("", 2), ("B", 3)]
    pl.DataFrame({"code": [1, 2]}).write_parquet(tmp_path / "b.parquet")
    with pytest.raises(SourceError, match="the column 'code' is not text"):
        read_codes(tmp_path / "b.parquet", None, None)


@pytest.mark.parametrize("name", ["a.txt", "a.csv"])
def test_what_is_not_text(name: str, tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=re.escape(f"{name}: byte 6 is not utf-8")):
        read(tmp_path / name, b"code\nA\xff\n")


def test_a_ragged_table_is_refused_without_its_codes(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="is not a whole CSV with a header") as caught:
        read(tmp_path / "a.csv", b"code\nA-1,B-2\n")
    assert "A-1" not in caught.value.message + caught.value.hint
