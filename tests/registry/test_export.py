"""The codes as a file."""

import csv
import os
import stat
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import polars as pl
import pytest

from vbatch.errors import OutputError, RegistryError
from vbatch.model.registered import RegisteredRun
from vbatch.registry import Registry, Status

Part = Callable[..., Path]
Run = Callable[..., RegisteredRun]
Rows = Callable[..., pl.DataFrame]
Disk = Callable[[int], AbstractContextManager[None]]
NASTY = ("007", "1e5", "=1+1", 'quo"te', "com,ma", "new\nline", "cr\rlf", " pad ", "Ä\U0001f600", "NULL", "", "'); --")


@pytest.fixture
def filled(registry: Registry, part: Part, run: Run, rows: Rows) -> Registry:
    """Codes in every status; and one, G, that is used and that no run holds any more."""
    registry.register(run("r1"), [part("1.parquet", "B", "A", source="b.csv"), part("2.parquet", "C")])
    registry.register(run("22222222-2"), [part("3.parquet", "D", "E")])
    registry.register(run("r3", scope="club"), [part("4.parquet", "A")])
    registry.register(run("r4"), [part("5.parquet", "F", "G")])
    for status, codes in (("delivered", "ABDF"), ("disabled", "D"), ("used", "BG")):
        registry.mark(status, rows(*codes), scope="shop", by="me", reason="a test")  # type: ignore[arg-type]
    registry.forget("r4", by="me", reason="a test")
    return registry


def test_rows_stand_by_run_source_and_record(filled: Registry, run: Run, tmp_path: Path) -> None:
    assert filled.export(tmp_path / "e.parquet") == 7
    frame = pl.read_parquet(tmp_path / "e.parquet")
    at = run("r1").registered_at
    assert frame.schema == {
        "code": pl.String,
        "scope": pl.String,
        "run_id": pl.String,
        "registered_at": pl.Datetime("us", "UTC"),
        "source": pl.String,
        "record": pl.UInt64,
        "status": pl.String,
    }
    assert frame.rows() == [
        ("C", "shop", "r1", at, "a.csv", 1, None),
        ("B", "shop", "r1", at, "b.csv", 1, "used"),
        ("A", "shop", "r1", at, "b.csv", 2, "delivered"),
        ("D", "shop", "22222222-2", at, "a.csv", 1, "disabled"),
        ("E", "shop", "22222222-2", at, "a.csv", 2, None),
        ("A", "club", "r3", at, "a.csv", 1, None),
        ("G", "shop", None, None, None, None, "used"),
    ]


ASKED: tuple[tuple[Status | None, str | None, str | None, str], ...] = (
    ("registered", None, None, "CBADEA"),
    ("undelivered", None, None, "CEA"),
    ("delivered", None, None, "A"),
    ("disabled", None, None, "D"),
    ("used", None, None, "BG"),
    ("used", "club", None, ""),
    (None, "club", None, "A"),
    (None, None, "r1", "CBA"),
    ("undelivered", "shop", "22222222", "E"),
    (None, "it's", None, ""),
)


def test_what_is_asked_for_is_written(filled: Registry, tmp_path: Path) -> None:
    path = tmp_path / "e.csv"
    for status, scope, name, codes in ASKED:
        assert filled.export(path, status=status, scope=scope, run=name) == len(codes)
        lines = path.read_text().splitlines()
        assert lines[0] == "code,scope,run_id,registered_at,source,record,status"
        assert "".join(line[0] for line in lines[1:]) == codes


def test_csv_says_the_instant_in_utc(registry: Registry, part: Part, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    registry.register(run("r1"), [part("p.parquet", "A")])
    registry.export(tmp_path / "e.csv")
    assert (tmp_path / "e.csv").read_text().splitlines()[1] == "A,shop,r1,2024-02-29T12:30:15.123456Z,a.csv,1,"


@pytest.mark.parametrize("name", ["e.parquet", "e.csv", "E.CSV", "it's; DROP $x [a]*?{b}.csv"])
def test_codes_come_out_as_they_went_in(registry: Registry, part: Part, run: Run, tmp_path: Path, name: str) -> None:
    registry.register(run("r1"), [part("p.parquet", *NASTY)])
    path = tmp_path / name
    assert registry.export(path) == len(NASTY)
    if path.suffix == ".parquet":
        found = pl.read_parquet(path)["code"].to_list()
    else:
        with path.open(newline="", encoding="utf-8") as file:
            found = [row["code"] for row in csv.DictReader(file)]
    assert found == list(NASTY)


def test_the_form_can_be_chosen(filled: Registry, tmp_path: Path) -> None:
    filled.export(tmp_path / "codes.txt", form="csv")
    assert (tmp_path / "codes.txt").read_text().startswith("code,")
    with pytest.raises(OutputError, match="neither Parquet nor CSV"):
        filled.export(tmp_path / "new.txt")


def test_the_file_is_private_and_replaces_an_earlier_one(filled: Registry, tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        (tmp_path / "e.csv").write_text("earlier")
        filled.export(tmp_path / "e.csv", scope="club")
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "e.csv").stat().st_mode) == 0o600
    assert (tmp_path / "e.csv").read_text().startswith("code,")
    assert not [path for path in tmp_path.iterdir() if path.name.startswith(".")]


def test_what_cannot_be_written_leaves_everything_as_it_was(filled: Registry, tmp_path: Path, disk_full_at: Disk) -> None:
    path = tmp_path / "e.csv"
    path.write_text("earlier")
    before = sorted(tmp_path.iterdir())
    with disk_full_at(100), pytest.raises(OutputError, match=r"e\.csv: cannot be written: File too large"):
        filled.export(path)
    with pytest.raises(OutputError, match="cannot be written: No such file"):
        filled.export(tmp_path / "none" / "e.csv")
    with pytest.raises(OutputError, match="is the registry itself"):
        filled.export(filled.path, form="csv")
    with pytest.raises(RegistryError, match="holds no run r9"):
        filled.export(path, run="r9")
    assert path.read_text() == "earlier"
    assert sorted(tmp_path.iterdir()) == before
