"""What the properties and the fuzz found, one example each."""

import csv
import threading
from pathlib import Path

import pytest
from judging import judged
from reading import Seen, blocks_of, file_of, layout_of, read

from vbatch import Dialect, SourceError
from vbatch.steps.read import read_head

JAPANESE = "iso2022_jp"


def seen(data: bytes, form: str = "csv", *, rows: int = 1000, block: int = 1 << 20, encoding: str = "utf-8") -> list[Seen]:
    with file_of(data) as path, blocks_of(block):
        return read(path, layout_of(form, dialect=Dialect(encoding=encoding)), rows=rows).records


@pytest.mark.parametrize("rows", [1, 2])
def test_a_byte_order_mark_in_the_middle_is_text_wherever_batches_begin(rows: int) -> None:
    assert [one.fields for one in seen("code\nA\n\ufeffB\n\ufeffC\n".encode(), rows=rows)] == [["A"], ["\ufeffB"], ["\ufeffC"]]


def test_what_is_no_character_of_utf_32_is_a_fault_of_its_record() -> None:
    good = "code\nA\nB\n".encode("utf-32-le")
    data = good[:20] + b"\xff\xff\xff\xff" + good[20:] + b"x\0\0"
    assert [(one.fault, one.length) for one in seen(data, encoding="utf-32-le")] == [("encoding", 12), ("", 8), ("encoding", 3)]


def test_ascii_has_no_other_characters() -> None:
    assert [one.fault for one in seen("code\nA\né\n".encode(), encoding="ascii")] == ["", "encoding"]


@pytest.mark.parametrize("block", [5, 1 << 20])
def test_an_encoding_with_shifts_is_placed_by_its_lines(block: int) -> None:
    lines = [text.encode(JAPANESE) for text in ("code\n", "漢字\n", "A\n", '"ソ\n表"\r\n', "漢漢")]
    found = seen(b"".join(lines), block=block, encoding=JAPANESE)
    assert [one.raw for one in found] == lines[1:]
    assert [one.fields for one in found] == [["漢字"], ["A"], ["ソ\n表"], ["漢漢"]]


def test_a_mistake_in_an_encoding_with_shifts_is_a_fault_of_its_record() -> None:
    data = b"code\nA\n\x1b(mB\nC\n"
    assert [(one.fault, one.raw) for one in seen(data, encoding=JAPANESE)] == [("", b"A\n"), ("encoding", b"\x1b(mB\n"), ("", b"C\n")]


def test_a_shift_that_goes_on_into_the_next_batch_is_known_when_that_is_read_again(tmp_path: Path) -> None:
    """Both records mean the same because of the shift before them; each is a batch."""
    (tmp_path / "export").write_bytes(b"code\n\x1b$B\n4A\n4A\n\x1b(B4A\n")
    run = judged([tmp_path / "export"], layout_of(dialect=Dialect(encoding=JAPANESE)), here=tmp_path, batch_rows=1)
    fates = run.fates(str(tmp_path / "export"))
    assert [(fate.texts["code"], fate.faults) for fate in fates] == [("漢", set()), ("漢", {"code.duplicate"}), ("4A", set())]


def test_an_encoding_that_hides_its_lines_is_refused() -> None:
    with pytest.raises(SourceError, match="lines cannot be told apart in hz"):
        seen(b"code\nA\nB~\nC\n", encoding="hz")


def test_what_utf_7_makes_of_a_lone_surrogate_can_be_reported(tmp_path: Path) -> None:
    (tmp_path / "export").write_bytes(b"code\nA\n+2dQ-\n")
    run = judged([tmp_path / "export"], layout_of(dialect=Dialect(encoding="utf-7")), here=tmp_path)
    assert [fate.structural for fate in run.fates(str(tmp_path / "export"))] == ["", "encoding"]


@pytest.mark.parametrize(
    ("item", "fault"), [(b'{"\\ud800":1}', "encoding"), (b'{"\\u0000":1}', "control"), (b'{"code":"B","\\udc00":null}', "encoding")]
)
def test_a_key_that_is_no_text_is_a_fault_of_its_item(item: bytes, fault: str, tmp_path: Path) -> None:
    (tmp_path / "export").write_bytes(b'{"code":"A"}\n' + item + b'\n{"code":"C"}\n')
    run = judged([tmp_path / "export"], layout_of("json"), here=tmp_path)
    assert [fate.structural for fate in run.fates(str(tmp_path / "export"))] == ["", fault, ""]


def test_a_value_that_another_item_leaves_no_column_for_is_not_dropped() -> None:
    items = seen(b'{"code":"A","a.b":1,"a":{"b":2}}\n{"code":"B","a":"x"}\n', "json")
    assert [one.fault for one in items] == ["duplicate_key", ""]


@pytest.mark.parametrize("block", [16, 1 << 20])
@pytest.mark.parametrize(
    ("end", "broken"),
    [
        (b"]", None),
        (b" ]\n ", None),
        (b"}", b"}"),
        (b']],{"code":"B"}', b']],{"code":"B"}'),
        (b"]" + b" " * 40 + b"x", b"]" + b" " * 40 + b"x"),
        (b"]\x0b", b"]\x0b"),
    ],
)
def test_what_stands_behind_an_array_is_one_broken_item(end: bytes, broken: bytes | None, block: int) -> None:
    first, *others = seen(b'[{"code":"A"}' + end, "json", block=block)
    assert first.fields == ["A"]
    assert [(one.fault, one.raw) for one in others] == ([("json", broken)] if broken else [])


@pytest.mark.parametrize(("depth", "fault"), [(199, ""), (200, "json"), (490, "json"), (5_000, "json"), (100_000, "json")])
@pytest.mark.parametrize("brackets", ["[]", "{}"])
def test_deep_nesting_is_refused_at_the_same_depth_everywhere(depth: int, fault: str, brackets: str) -> None:
    opening, closing = ('{"a":', "}") if brackets == "{}" else brackets
    data = (f'{{"code":"A"}}\n{{"code":"[[{{","note":{opening * depth}1{closing * depth}}}\n').encode()
    found: list[list[Seen]] = []
    thread = threading.Thread(target=lambda: found.append(seen(data, "json")))
    thread.start()
    thread.join()
    assert [one.fault for one in found[0]] == ["", fault]
    assert found[0] == seen(data, "json")


@pytest.mark.parametrize(
    ("header", "told"),
    [
        (b'co"de,amount', "line 3: the header cannot be read: a quote stands inside a field"),
        (b'"code"d,amount', "line 3: the header cannot be read: text follows the quote"),
        (b'"code,amount', "line 3: the header cannot be read: a quote opens a field"),
        (b"code,a\0b", "line 3: the header cannot be read: it holds control characters"),
        (b"code,\x1b[31m", "line 3: the header cannot be read: it holds control characters"),
    ],
)
@pytest.mark.parametrize("end", [b"\n", b"\r\n", b"\r"])
def test_a_header_is_read_as_strictly_as_its_records(header: bytes, told: str, end: bytes) -> None:
    data = end.join((b'a "report', b"", header, b"A,1", b"B,2", b""))
    with file_of(data) as path, pytest.raises(SourceError, match=told):
        read(path, layout_of(dialect=Dialect(skip_rows=2)))


def test_escaped_quotes_in_a_header_are_text() -> None:
    with file_of(b'code,a\\"b\nA,1\n') as path:
        account = read(path, layout_of(dialect=Dialect(escape="\\")))
    assert account.header == ("code", 'a"b')


@pytest.mark.parametrize("opening", [b"[", b'{"a":', b"[1,", b'[{"a":[[]],"b":'])
def test_brackets_without_end_are_refused_soon(opening: bytes, tmp_path: Path) -> None:
    (tmp_path / "export").write_bytes(b'[{"code":"A"},' + opening * (3 << 20))
    with pytest.raises(SourceError, match="export: more than 1048576 brackets are open at once"):
        judged([tmp_path / "export"], layout_of("json"), here=tmp_path)


def test_brackets_within_a_text_are_text() -> None:
    (item,) = seen(b'[{"code":"' + b"[" * (1 << 20) + b'"}]', "json")
    assert item.fault == "too_long"


@pytest.mark.parametrize("first", [b'"A,1', b"A," + b"x" * (2 << 20)])
def test_a_first_record_without_end_costs_no_other(first: bytes, tmp_path: Path) -> None:
    (tmp_path / "export").write_bytes(first + b"\n" + b"B,2\n" * (1 << 19))
    layout = layout_of(code=1, dialect=Dialect(header=False))
    assert read_head(tmp_path / "export", "export", layout).header == ("1", "2")


def test_a_header_that_does_not_end_is_told_with_its_line() -> None:
    with file_of(b'"code,amount\n' + b"A,1\n" * (1 << 19)) as path, pytest.raises(SourceError, match=r"line 1: .* a quote opens a field"):
        read(path, layout_of())


def test_the_limit_of_the_csv_module_is_never_lowered() -> None:
    name, before = b"x" * 200_000, csv.field_size_limit()
    with file_of(b"code," + name + b"\nA," + b"x" * 20 + b"\n") as path:
        assert read(path, layout_of(dialect=Dialect(escape="\\", max_record_bytes=30))).records[0].fault == ""
        assert read(path, layout_of()).header == ("code", name.decode())
    assert csv.field_size_limit() >= before
