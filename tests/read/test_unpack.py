"""Packed sources: told by content, unpacked to their end, and never less than there was without a word."""

import bz2
import gzip
import io
import json
import lzma
import os
import subprocess
import sys
import threading
import zipfile
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, time
from decimal import Decimal
from pathlib import Path
from typing import Any

import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from judging import Run, judged, pipeline_of
from reading import layout_of

from vbatch import Dialect, Options, SourceError, validate
from vbatch.steps.read import Export, expanded, exports, unpack


def zstd(data: bytes) -> bytes:
    sink = pa.BufferOutputStream()
    with pa.CompressedOutputStream(sink, "zstd") as stream:
        stream.write(data)
    return bytes(sink.getvalue())


def zipped(*members: tuple[str, bytes], how: int = zipfile.ZIP_DEFLATED) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", how) as archive:
        for name, content in members:
            archive.writestr(name, content)
    return file.getvalue()


PACK: dict[str, Callable[[bytes], bytes]] = {"gzip": gzip.compress, "bz2": bz2.compress, "xz": lzma.compress, "zstd": zstd}
RECORDS = [f"C{number:04},{number * 7919 % 10_007}\n".encode() for number in range(40)]
HEADER = b"code,amount\n"
DATA = HEADER + b"".join(RECORDS)
STREAMS = (DATA[:200], DATA[200:])
EACH = pytest.mark.parametrize("kind", PACK)


def unpacked(content: bytes, folder: Path, *, allow_truncated: bool = False, **limits: int) -> list[Export]:
    path, scratch = folder / "export", folder / "scratch"
    path.write_bytes(content)
    scratch.mkdir(exist_ok=True)
    return exports([str(path)], scratch, layout_of(dialect=Dialect(**limits)), allow_truncated=allow_truncated)


def only(found: list[Export]) -> tuple[bytes, bool]:
    (export,) = found
    return export.file.read_bytes(), export.truncated


@EACH
def test_what_is_packed_is_told_by_its_content(kind: str, tmp_path: Path) -> None:
    (tmp_path / "export.csv").write_bytes(PACK[kind](DATA))
    run = judged([tmp_path / "export.csv"], here=tmp_path)
    assert [fate.texts["code"] for fate in run.fates(str(tmp_path / "export.csv"))] == [record[:5].decode() for record in RECORDS]
    assert run.report.sources[0].bytes == (tmp_path / "export.csv").stat().st_size
    assert not run.report.sources[0].truncated


def test_what_is_not_packed_is_read_as_it_is_whatever_its_name(tmp_path: Path) -> None:
    (tmp_path / "export.csv.gz").write_bytes(DATA)
    assert judged([tmp_path / "export.csv.gz"], here=tmp_path).report.accepted == len(RECORDS)


@EACH
def test_streams_back_to_back_are_one(kind: str, tmp_path: Path) -> None:
    assert only(unpacked(b"".join(map(PACK[kind], STREAMS)), tmp_path)) == (DATA, False)


@pytest.mark.parametrize("kind", ["gzip", "bz2", "xz"])
def test_zero_bytes_behind_a_stream_are_padding(kind: str, tmp_path: Path) -> None:
    assert only(unpacked(PACK[kind](STREAMS[0]) + bytes(8) + PACK[kind](STREAMS[1]) + bytes(70_000), tmp_path)) == (DATA, False)


@EACH
def test_other_bytes_behind_a_stream_are_damage(kind: str, tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="damaged"):
        unpacked(PACK[kind](DATA) + b"and so on", tmp_path)


@EACH
def test_a_stream_cut_off_anywhere_is_refused(kind: str, tmp_path: Path) -> None:
    streams = [*map(PACK[kind], STREAMS)]
    whole = b"".join(streams)
    for size in range(10, len(whole)):
        if size == len(streams[0]):
            assert only(unpacked(whole[:size], tmp_path)) == (STREAMS[0], False), "nobody can tell"
            continue
        with pytest.raises(SourceError, match="ends early"):
            unpacked(whole[:size], tmp_path)


@EACH
def test_a_stream_cut_off_anywhere_gives_what_is_before_the_cut(kind: str, tmp_path: Path) -> None:
    streams = [*map(PACK[kind], STREAMS)]
    whole = b"".join(streams)
    for size in range(10, len(whole), 7 if kind == "zstd" else 1):
        data, truncated = only(unpacked(whole[:size], tmp_path, allow_truncated=True))
        assert DATA.startswith(data)
        assert truncated == (size != len(streams[0]))
        assert len(data) >= len(STREAMS[0]) or size < len(streams[0])


@EACH
def test_damage_anywhere_is_never_a_loss_without_a_word(kind: str, tmp_path: Path) -> None:
    whole = b"".join(map(PACK[kind], STREAMS))
    for at in range(10, len(whole)):
        content = whole[:at] + bytes([whole[at] ^ 16]) + whole[at + 1 :]
        try:
            data, _ = only(unpacked(content, tmp_path))
        except SourceError:
            continue
        # Arrow writes zstd without a checksum, so that a change within the data cannot be seen.
        assert data == DATA or (kind == "zstd" and len(data) == len(DATA))


@pytest.mark.parametrize("size", range(30, 300, 13))
def test_the_record_that_a_cut_goes_through_is_truncated(size: int, tmp_path: Path) -> None:
    stored = gzip.compress(DATA, compresslevel=0)
    path = tmp_path / "export.gz"
    path.write_bytes(stored[: len(stored) - len(DATA) - 8 + size])
    run = judged([path], here=tmp_path, allow_truncated=True)
    fates = run.fates(str(path))
    whole, rest = divmod_records(size)
    assert [fate.structural for fate in fates] == [""] * whole + ["truncated"] * bool(rest)
    assert run.replay("export") == HEADER + rest
    assert run.report.sources[0].truncated


def divmod_records(size: int) -> tuple[int, bytes]:
    """Whole records in so many bytes of the data, and the rest."""
    lines = DATA[:size].split(b"\n")
    return len(lines) - 2, lines[-1]


@EACH
def test_packed_twice_is_refused(kind: str, tmp_path: Path) -> None:
    for outer in PACK.values():
        with pytest.raises(SourceError, match="packed twice"):
            unpacked(outer(PACK[kind](DATA)), tmp_path)
    with pytest.raises(SourceError, match="packed twice"):
        unpacked(zipped(("export.csv", PACK[kind](DATA))), tmp_path)


@EACH
def test_nothing_packed_is_an_empty_export(kind: str, tmp_path: Path) -> None:
    (tmp_path / "export").write_bytes(PACK[kind](b""))
    with pytest.raises(SourceError, match="is empty"):
        judged([tmp_path / "export"], here=tmp_path)


@EACH
def test_more_than_the_limit_is_refused(kind: str, tmp_path: Path) -> None:
    assert only(unpacked(PACK[kind](DATA), tmp_path, max_bytes=len(DATA))) == (DATA, False)
    with pytest.raises(SourceError, match=f"unpacks to more than {len(DATA) - 1} bytes"):
        unpacked(PACK[kind](DATA), tmp_path, max_bytes=len(DATA) - 1)


@EACH
def test_a_bomb_is_refused_soon(kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(unpack, "RATIO_FROM", 1 << 17)
    with pytest.raises(SourceError, match="unpacks to more than 200 times its size"):
        unpacked(PACK[kind](bytes(3 << 20)), tmp_path)
    assert max(path.stat().st_size for path in (tmp_path / "scratch").iterdir()) < 1 << 20 or kind == "bz2"


def test_many_members_are_a_bomb_together(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(unpack, "RATIO_FROM", 1 << 20)
    small = bytes(1 << 19)
    with pytest.raises(SourceError, match="unpacks to more than 200 times its size"):
        unpacked(zipped(*((str(number), small) for number in range(4))), tmp_path)
    with pytest.raises(SourceError, match="unpacks to more than 1000 bytes"):
        unpacked(zipped(("1", bytes(600)), ("2", bytes(600)), how=zipfile.ZIP_STORED), tmp_path, max_bytes=1000)


@pytest.mark.parametrize("how", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_members_of_an_archive_are_sources_of_their_own(how: int, tmp_path: Path) -> None:
    names = ("a.csv", "../../x", "/etc/passwd", "b\\..\\c.csv", "d/a.csv", "..")
    members = [(name, HEADER + f"{number},\n".encode() * 2) for number, name in enumerate(names)]
    (tmp_path / "export.zip").write_bytes(zipped(("d/", b""), ("__MACOSX/a.csv", b"\0"), *members, how=how))
    before = {*tmp_path.parent.iterdir(), *Path("/etc").iterdir()}
    run = judged([tmp_path / "export.zip"], here=tmp_path)
    assert [account.path for account in run.report.sources] == [f"{tmp_path}/export.zip:{name}" for name in names]
    assert [account.records for account in run.report.sources] == [2] * len(names)
    replays = {path.name for path in (tmp_path / "out/rejected/replay").rglob("*")}
    assert len(replays) == len(names)
    assert not replays & {"..", "passwd:"}
    assert {*tmp_path.parent.iterdir(), *Path("/etc").iterdir()} == before


def test_an_archive_damaged_anywhere_is_told_or_complete(tmp_path: Path) -> None:
    whole = zipped(("a.csv", DATA), ("b.csv", DATA))
    for at in range(4, len(whole)):
        try:
            found = unpacked(whole[:at] + bytes([whole[at] ^ 4]) + whole[at + 1 :], tmp_path)
        except SourceError:
            continue
        assert [export.file.read_bytes() for export in found] == [DATA, DATA]


@pytest.mark.parametrize(
    ("content", "told"),
    [(zipped(), "the archive is empty"), (zipped(("d/", b"")), "the archive is empty"), (zipped(("a", DATA))[:-5], "ends early")],
)
def test_archives_without_members_are_refused(content: bytes, told: str, tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=told):
        unpacked(content, tmp_path)


def test_names_that_no_disk_takes_are_shortened(tmp_path: Path) -> None:
    names = ("l" * 300 + ".csv", "m" * 300 + ".csv", "漢" * 100, "x\0y")
    whole = zipped(*((name, HEADER + b"bad\n") for name in names), how=zipfile.ZIP_STORED).replace(b"PK\5\6", b"")
    (tmp_path / "export.zip").write_bytes(whole[:-16])
    run = judged([tmp_path / "export.zip"], here=tmp_path, allow_truncated=True)
    replays = [path.name for path in (tmp_path / "out/rejected/replay").iterdir()]
    assert len(replays) == run.report.rejected == len(names)
    assert max(len(name.encode()) for name in replays) <= 200


def streamed(*members: tuple[str, bytes]) -> bytes:
    """An archive as it is written to a pipe: what describes a member follows behind it."""

    class Pipe(io.RawIOBase):
        def __init__(self) -> None:
            self.data = b""

        def writable(self) -> bool:
            return True

        def write(self, data: Any) -> int:
            self.data += bytes(data)
            return len(data)

    pipe = Pipe()
    with zipfile.ZipFile(pipe, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members:
            archive.writestr(name, content)
    return pipe.data


MEMBERS = (("d/", b""), ("d/a.csv", DATA), ("__MACOSX/a.csv", b"\0"), ("../b.csv", DATA.replace(b"C", b"D")))
ARCHIVES = pytest.mark.parametrize(
    "whole", [zipped(*MEMBERS), zipped(*MEMBERS, how=zipfile.ZIP_STORED), streamed(*MEMBERS)], ids=["deflated", "stored", "streamed"]
)


@ARCHIVES
def test_an_archive_cut_off_anywhere_is_refused(whole: bytes, tmp_path: Path) -> None:
    for size in range(10, len(whole)):
        with pytest.raises(SourceError, match="ends early"):
            unpacked(whole[:size], tmp_path)


@ARCHIVES
def test_an_archive_cut_off_anywhere_gives_the_members_before_the_cut(whole: bytes, tmp_path: Path) -> None:
    seen = set()
    for size in range(10, len(whole)):
        try:
            found = unpacked(whole[:size], tmp_path, allow_truncated=True)
        except SourceError as error:
            assert "ends early" in error.message  # noqa: PT017 - for most sizes there is no error
            assert size < whole.index(b"d/a.csv") + 80
            continue
        for export, (name, data) in zip(found, (MEMBERS[1], MEMBERS[3]), strict=False):
            assert export.path == f"{tmp_path}/export:{name}"
            assert data.startswith(export.file.read_bytes())
            assert export.truncated == (export is found[-1])
            assert export.truncated or export.file.read_bytes() == data
        seen.add(b"".join(export.file.read_bytes() for export in found))
    assert MEMBERS[1][1] + MEMBERS[3][1] in seen
    assert len(seen) > len(RECORDS)


def test_an_archive_that_is_cut_off_and_damaged_is_never_a_loss_without_a_word(tmp_path: Path) -> None:
    whole = zipped(MEMBERS[1], MEMBERS[3])
    size = whole.index(b"PK\1\2")
    for at in range(4, size):
        try:
            found = unpacked(whole[:at] + bytes([whole[at] ^ 16]) + whole[at + 1 : size], tmp_path, allow_truncated=True)
        except SourceError:
            continue
        # What the cut goes through has lost the sum that could prove it.
        assert found[-1].truncated
        assert [export.file.read_bytes() for export in found[:-1]] == [DATA] * (len(found) - 1)


def test_the_list_of_an_archive_within_another_is_not_taken_for_its_own(tmp_path: Path) -> None:
    inner = zipped(("inner.csv", DATA))
    whole = zipped(("a.csv", DATA), ("b.zip", inner), how=zipfile.ZIP_STORED)
    with pytest.raises(SourceError, match="not in the list of its members"):
        unpacked(whole[: whole.index(inner) + len(inner)], tmp_path)


def test_members_that_need_the_list_are_refused_without_it(tmp_path: Path) -> None:
    for whole in (zipped(("a.csv", DATA), how=zipfile.ZIP_BZIP2), zipped(("a.csv", DATA), how=zipfile.ZIP_LZMA)):
        with pytest.raises(SourceError, match=r"a\.csv cannot be read without the list of members"):
            unpacked(whole[:-30], tmp_path, allow_truncated=True)


def test_an_archive_that_is_cut_off_is_no_way_round_the_limits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(unpack, "RATIO_FROM", 1 << 17)
    with pytest.raises(SourceError, match="unpacks to more than 200 times its size"):
        unpacked(zipped(("a", bytes(3 << 20)))[:-30], tmp_path, allow_truncated=True)
    with pytest.raises(SourceError, match="unpacks to more than 1000 bytes"):
        unpacked(zipped(("a", bytes(900)), ("b", bytes(900)))[:-30], tmp_path, allow_truncated=True, max_bytes=1000)


def test_records_of_a_cut_off_archive_are_judged_and_the_last_one_is_truncated(tmp_path: Path) -> None:
    whole = zipped(("a.csv", DATA), ("b.csv", DATA.replace(b"C", b"D")), how=zipfile.ZIP_STORED)
    (tmp_path / "export.zip").write_bytes(whole[: whole.index(b"D0001") + 3])
    run = judged([tmp_path / "export.zip"], here=tmp_path, allow_truncated=True)
    assert [(account.records, account.truncated) for account in run.report.sources] == [(len(RECORDS), False), (2, True)]
    assert run.report.faults == {"record.truncated": 1}
    assert run.replay("b.csv") == HEADER + b"D00"


@pytest.mark.parametrize("form", ["parquet", "xlsx"])
@pytest.mark.parametrize(
    "content", [DATA, b'[{"code":"A"}]', b"PAR1", gzip.compress(DATA), zipped(("a.csv", DATA))], ids=["csv", "json", "cut", "gzip", "zip"]
)
def test_what_should_be_a_table_and_is_none_is_refused(form: str, content: bytes, tmp_path: Path) -> None:
    (tmp_path / "export").write_bytes(content)
    with pytest.raises(SourceError, match=f"is no {form} file"):
        judged([tmp_path / "export"], layout_of(form), here=tmp_path)


def parquet(**columns: Any) -> bytes:
    file = io.BytesIO()
    pq.write_table(pa.table(columns), file)
    return file.getvalue()


def workbook(*sheets: tuple[tuple[Any, ...], ...]) -> bytes:
    book, file = openpyxl.Workbook(), io.BytesIO()
    for rows in sheets:
        sheet = book.create_sheet()
        for row in rows:
            sheet.append(row)
    book.save(file)
    return file.getvalue()


DAY = datetime(2020, 1, 2)  # noqa: DTZ001 - cells have no zone
NO_CODES = (123, 1.5, True, DAY, Decimal("12.0"))


@pytest.mark.parametrize("value", [*NO_CODES, time(1, 2), DAY.date(), [1], {"a": 1}])
def test_what_is_no_text_in_parquet_is_no_code(value: Any, tmp_path: Path) -> None:
    (tmp_path / "export").write_bytes(parquet(code=[value], note=["A1"]))
    run = judged([tmp_path / "export"], layout_of("parquet"), here=tmp_path)
    assert [fate.faults for fate in run.fates(str(tmp_path / "export"))] == [{"code.not_text"}]


def test_what_is_no_text_in_a_workbook_is_no_code(tmp_path: Path) -> None:
    (tmp_path / "export").write_bytes(workbook((("code",), *((value,) for value in NO_CODES), ("007",))))
    run = judged([tmp_path / "export"], layout_of("xlsx"), here=tmp_path)
    assert [fate.faults for fate in run.fates(str(tmp_path / "export"))] == [{"code.not_text"}] * len(NO_CODES) + [set()]


@pytest.mark.parametrize(("form", "whole"), [("parquet", parquet(code=[*"ABC"])), ("xlsx", workbook((("code",), ("A",))))])
def test_rejected_rows_of_a_table_load_with_its_layout(form: str, whole: bytes, tmp_path: Path) -> None:
    broken = {"parquet": parquet(code=[1, 2, 3]), "xlsx": workbook((("code",), (1,)))}[form]
    (tmp_path / "export").write_bytes(broken)
    replay = judged([tmp_path / "export"], layout_of(form), here=tmp_path / "first").replay("export")
    for old, new in ((b"1", b'"A"'), (b"2", b'"B"'), (b"3", b'"C"')):
        replay = replay.replace(b":" + old, b":" + new)
    (tmp_path / "mended").write_bytes(replay)
    (tmp_path / "right").write_bytes(whole)
    runs = [judged([tmp_path / name], layout_of(form), here=tmp_path / f"{name}-run") for name in ("mended", "right")]
    mended, right = ([fate.texts["code"] for fate in run.fates(run.report.sources[0].path)] for run in runs)
    assert mended == right
    assert [run.report.rejected for run in runs] == [0, 0]


@pytest.mark.parametrize(("form", "whole"), [("parquet", parquet(code=[*"ABC"] * 9)), ("xlsx", workbook((("code",), *(("A",),) * 9)))])
def test_a_damaged_table_is_told_or_judged(form: str, whole: bytes, tmp_path: Path) -> None:
    for at in range(4, len(whole), 1 if form == "parquet" else 29):
        for content in (whole[:at], whole[:at] + bytes([whole[at] ^ 0x55]) + whole[at + 1 :]):
            (tmp_path / "export").write_bytes(content)
            try:
                exports([str(tmp_path / "export")], tmp_path, layout_of(form), allow_truncated=False)
            except SourceError as error:
                assert error.hint  # noqa: PT017 - most often there is no error


def test_moments_that_python_has_no_form_for_are_texts(tmp_path: Path) -> None:
    moments = {"fine": pa.array([1], pa.timestamp("ns")), "far": pa.array([1 << 62], pa.timestamp("us"))}
    (tmp_path / "export").write_bytes(parquet(code=["A"], **moments))
    run = judged([tmp_path / "export"], layout_of("parquet"), here=tmp_path)
    (fate,) = run.fates(str(tmp_path / "export"))
    assert fate.texts["fine"] == "1970-01-01 00:00:00.000000001"


@pytest.mark.parametrize(
    ("sheets", "told"),
    [
        (((("code",), ("A",)), (("code",), ("B",))), "has rows in 2 sheets: 'Sheet1', 'Sheet2'"),
        (((("code", "code"), ("A", "B")),), "the column 'code' stands 2 times in the header"),
        ((), "is empty"),
    ],
)
def test_workbooks_that_would_lose_rows_are_refused(sheets: tuple[tuple[tuple[Any, ...], ...], ...], told: str, tmp_path: Path) -> None:
    (tmp_path / "export").write_bytes(workbook(*sheets))
    with pytest.raises(SourceError, match=told):
        judged([tmp_path / "export"], layout_of("xlsx"), here=tmp_path)


def test_who_has_rows_in_several_sheets_is_told_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "export").write_bytes(workbook((("code",), ("A",)), (), (("code",), ("B",))))
    with pytest.raises(SourceError) as told:
        judged([tmp_path / "export"], layout_of("xlsx"), here=tmp_path)
    assert told.value.message.endswith("export: has rows in 2 sheets: 'Sheet1', 'Sheet3'")
    assert told.value.hint == "save the one with the vouchers as its own workbook"


def test_empty_sheets_around_the_one_with_rows_lose_nothing(tmp_path: Path) -> None:
    (tmp_path / "export").write_bytes(workbook((), ((None, None),), (("code",), ("A",), ("B",)), ()))
    run = judged([tmp_path / "export"], layout_of("xlsx"), here=tmp_path)
    assert [fate.texts["code"] for fate in run.fates(str(tmp_path / "export"))] == ["A", "B"]


def test_a_cell_behind_the_last_field_is_kept(tmp_path: Path) -> None:
    (tmp_path / "export").write_bytes(workbook((("code",), ("A", None, "more"), ("B",))))
    run = judged([tmp_path / "export"], layout_of("xlsx"), here=tmp_path)
    assert [fate.texts.get("column 3") for fate in run.fates(str(tmp_path / "export"))] == ["more", None]


@pytest.mark.parametrize(
    ("form", "content"), [("parquet", parquet(code=["A" * 60] * 9999)), ("xlsx", workbook((("code",), ("A" * 9999,))))]
)
def test_tables_are_no_way_round_the_limits(form: str, content: bytes, tmp_path: Path) -> None:
    (tmp_path / "export").write_bytes(content)
    with pytest.raises(SourceError, match="unpacks to more than 9000 bytes"):
        judged([tmp_path / "export"], layout_of(form, dialect=Dialect(max_bytes=9000)), here=tmp_path)


def test_a_code_that_begins_like_a_packed_file_is_a_code(tmp_path: Path) -> None:
    path = tmp_path / "codes"
    for code in (b"BZh-2021", b"PAR1S-2021", b"PK-2021"):
        path.write_bytes(code + b"\nA1\n")
        run = judged([path], layout_of("lines", code=1), here=tmp_path / f"{code.decode()}-run")
        assert [fate.texts["code"] for fate in run.fates(str(path))] == [code.decode(), "A1"]


CODES = DATA.replace(b"code,", b"Code,")


@pytest.mark.parametrize("content", [CODES, gzip.compress(CODES), zipped(("a.csv", CODES))], ids=["plain", "gzip", "zip"])
@pytest.mark.parametrize("way", ["stdin", "pipe"])
def test_what_comes_only_once_is_kept(content: bytes, way: str, tmp_path: Path) -> None:
    command = [
        sys.executable,
        "-m",
        "vbatch",
        "validate",
        "-" if way == "stdin" else "fifo",
        "-p",
        "code_list",
        "-o",
        "out",
        "--format",
        "json",
    ]
    if way == "pipe":
        os.mkfifo(tmp_path / "fifo")
        threading.Thread(target=lambda: (tmp_path / "fifo").write_bytes(content)).start()
    given = {"stdin": {"input": content}, "pipe": {"stdin": subprocess.DEVNULL}}[way]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, check=False, **given)  # type: ignore[call-overload]
    assert done.returncode == 0, done.stderr.decode()
    assert json.loads(done.stdout)["accepted"] == len(RECORDS)


def test_folders_and_globs_stand_for_their_files(tmp_path: Path) -> None:
    for name in ("b.csv", "a.csv", ".hidden", "odd[1].csv", "c.txt"):
        (tmp_path / name).write_bytes(DATA)
    (tmp_path / "folder").mkdir()
    here = f"{tmp_path}/"
    assert [path.removeprefix(here) for path in expanded([str(tmp_path)])] == ["a.csv", "b.csv", "c.txt", "odd[1].csv"]
    assert [path.removeprefix(here) for path in expanded([here + "*.csv", here + "odd[1].csv"])] == [
        "a.csv",
        "b.csv",
        "odd[1].csv",
        "odd[1].csv",
    ]
    for nothing in (here + "*.xml", here + "folder"):
        with pytest.raises(SourceError, match="there are no files"):
            expanded([nothing])


def changing(path: Path, change: Callable[[Path], Any]) -> Callable[..., None]:
    changes = [change]

    def progress(*_: int) -> None:
        if changes:
            changes.pop()(path)

    return progress


def append(path: Path) -> None:
    with path.open("ab") as file:
        file.write(b"C9999,1\n")


def overwrite(path: Path) -> None:
    with path.open("r+b") as file:
        file.seek(len(HEADER))
        file.write(b"D")


def swap(path: Path) -> None:
    other = path.with_suffix(".other")
    other.write_bytes(path.read_bytes())
    os.replace(other, path)


@pytest.mark.parametrize("change", [append, overwrite, swap, Path.unlink])
def test_a_source_that_changes_while_it_is_read_fails_the_run(change: Callable[[Path], Any], tmp_path: Path) -> None:
    path = tmp_path / "export.csv"
    path.write_bytes(DATA)
    with pytest.raises(SourceError, match=r"(changed|was removed) while it was read"):
        judged([path], here=tmp_path, batch_rows=3, progress=changing(path, change))
    assert not (tmp_path / "out").exists()
    assert {one.name for one in tmp_path.iterdir()} <= {"export.csv"}


def test_a_source_that_changes_before_its_turn_fails_the_run(tmp_path: Path) -> None:
    first, second = tmp_path / "1.csv", tmp_path / "2.csv"
    first.write_bytes(DATA)
    second.write_bytes(DATA.replace(b"C", b"D"))
    with pytest.raises(SourceError):
        validate(
            [first, second],
            pipeline_of(layout_of()),
            Options(out=tmp_path / "out", registry=tmp_path / "r"),
            progress=changing(second, append),
        )
    assert not (tmp_path / "out").exists()


def test_allow_truncated_changes_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "export.gz"
    path.write_bytes(gzip.compress(DATA))
    runs: list[Run] = [judged([path], here=tmp_path / str(allowed), allow_truncated=allowed) for allowed in (False, True)]
    assert [replace(run.report.sources[0], notes=()) for run in runs] == [replace(runs[0].report.sources[0], notes=())] * 2
