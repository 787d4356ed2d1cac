"""How a source is cut into batches, and how a batch is read again."""

from collections.abc import Iterator
from dataclasses import replace
from itertools import product
from types import SimpleNamespace
from typing import Any, cast
from unittest.mock import patch

import numpy as np
import polars as pl
import pytest
from corrupted import corrupted, files
from hypothesis import given
from hypothesis import strategies as st
from reading import Account, blocks_of, examples, file_of, layout_of, read, source_of
from test_csv_properties import ALPHABETS, layout_by
from test_json_properties import arrays, changed

from vbatch import Dialect, Layout, SourceError
from vbatch.model.batch import FAULTS, PLACE, PROVENANCE, Batch
from vbatch.model.fault import FaultBook
from vbatch.model.faults import records as record_faults
from vbatch.model.part import Part
from vbatch.model.span import Span
from vbatch.steps.read import Batches, again, batches, head, opened, read_again


def boundaries(account: Account) -> list[tuple[int, int]]:
    return [(batch.span.first_record, batch.records.height) for batch in account.batches]


def placed(batch: Batch) -> tuple[int, bytes, Span]:
    """A batch, wherever the block ended that it was found in."""
    return batch.number, batch.data, replace(batch.span, seen=0, digest="")


def read_in_blocks(data: bytes, layout: Layout, rows: int) -> Iterator[Account]:
    for block in (16, 50, 1 << 20):
        with file_of(data) as path, blocks_of(block):
            yield read(path, layout, rows=rows)


@pytest.mark.parametrize("rows", [1, 2, 1000])
def test_a_batch_has_no_more_bytes_than_is_good_whatever_the_blocks(rows: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batches, "LARGEST", 100)
    data = b"code,note\n" + b"".join(
        b"C%d,%b\n" % (number, b"x" * size) for number, size in enumerate((5, 20, 90, 300, 1, 1, 40, 40, 40, 5))
    )
    first, *others = read_in_blocks(data, layout_of(), rows)
    assert all(account.records == first.records for account in others)
    assert all(boundaries(account) == boundaries(first) for account in others)
    assert all(batch.span.size <= 100 or batch.records.height == 1 for batch in first.batches)
    if rows == 1000:
        assert [height for _, height in boundaries(first)] == [2, 1, 1, 4, 2]


@pytest.mark.parametrize("rows", [1, 2, 3, 1000])
def test_blank_lines_belong_to_the_batch_before_which_they_end(rows: int) -> None:
    data = b"code\n\nA\n\n\r\nB\rC\n\n\n\nD\n\n\n"
    for account in read_in_blocks(data, layout_of(), rows):
        assert account.blanks == 8
        assert sum(batch.span.blanks for batch in account.batches) == 6


@pytest.mark.parametrize("before", [0, 1, 5])
@pytest.mark.parametrize("rows", [1, 3, 1000])
@pytest.mark.parametrize(("form", "start", "good", "endless"), [
    ("csv", b"code,note\n", b"A,x\n", b"x" * 5000),
    ("csv", b"code,note\n", b'A,"x\n"\n', b"x" * 5000 + b'"'),
    ("lines", b"", b"A\n", b"x" * 5000),
    ("csv", b"code,note\n", b"A,x\n", b"x" * 5000 + b"\nA,x\n"),
    ("json", b"[\n", b'{"code":"A"},\n', b'{"code":[' + b" " * 5000),
    ("json", b"[\n", b'{"code":"A"},\n', b'{"code":"' + b"," * 5000),
    ("json", b'{"code":"A"}\n', b'{"code":"A"}\n', b'{"code":"' + b"," * 5000),
])  # fmt: skip
def test_a_record_without_an_end_is_refused(
    *, form: str, start: bytes, good: bytes, endless: bytes, rows: int, before: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in (batches, head):
        monkeypatch.setattr(module, "LONGEST", 1000)
    layout = layout_of(form, code=1 if form == "lines" else "code", dialect=Dialect(max_record_bytes=500))
    monkeypatch.setattr(head, "BLOCK", 64 if form == "json" else 1 << 20)
    with file_of(start + good * before + endless) as path, blocks_of(64), pytest.raises(SourceError, match="a record is longer than"):
        read(path, layout, rows=rows)


def assert_read_again(data: bytes, layout: Layout, rows: int) -> None:
    """Each batch can be read again on its own, but for what was wrong with its records."""
    book = FaultBook(faults=record_faults(layout.format))
    with file_of(data) as path, blocks_of(32):
        try:
            account, source = read(path, layout, rows=rows), source_of(path, layout)
        except SourceError:
            return
        for batch in account.batches:
            part: Any = SimpleNamespace(number=batch.number, source=0, span=batch.span, tally=SimpleNamespace(records=batch.records.height))
            for chosen, few in product((batch.records, batch.records[::2], batch.records[-1:]), (0, again.FEW)):
                with patch.object(again, "FEW", few):
                    found = read_again(source, cast(Part, part), chosen.select(*PROVENANCE), book)
                assert records_in(found) == records_in(batch, chosen)
                assert found.span == batch.span
                assert found.records.drop(*PLACE).equals(chosen.drop(*PLACE).with_columns(pl.lit(0, pl.UInt64).alias(FAULTS)))


def records_in(batch: Batch, chosen: pl.DataFrame | None = None) -> list[tuple[bytes, bytes]]:
    """The bytes of some records, or of all, in UTF-8 and in the source."""
    records = batch.records if chosen is None else chosen
    places = [records[name].to_numpy().astype(np.int64) for name in ("_at", "_size", "_offset", "_length")]
    return [
        (batch.data[at : at + size], batch.raws(np.array([offset]), np.array([length])))
        for at, size, offset, length in zip(*(place.tolist() for place in places), strict=True)
    ]


@examples(60)
@given(data=st.data(), rows=st.sampled_from((1, 2, 3)))
def test_a_batch_of_a_csv_file_is_read_again(data: st.DataObject, rows: int) -> None:
    encoding = data.draw(st.sampled_from(("utf-8", "utf-8", "cp1252", "utf-16-le", "shift_jis")))
    file = data.draw(files(encoding, ALPHABETS.get(encoding, "ab")))
    assert_read_again(data.draw(corrupted(file)), layout_by(file.rules), rows)


@examples(60)
@given(content=arrays().flatmap(changed), rows=st.sampled_from((1, 2, 3)))
def test_a_batch_of_an_array_is_read_again(content: bytes, rows: int) -> None:
    assert_read_again(content, layout_of("json"), rows)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16-le", "iso2022_jp"])
def test_reading_goes_on_behind_a_finished_part_as_if_it_had_not_stopped(encoding: str) -> None:
    data = "code\nA\nB\n\nC\n".encode(encoding) + (b"\x1b$B\n4A\n4A\n\x1b(B4A\n" if encoding == "iso2022_jp" else b"")
    layout = layout_of(dialect=Dialect(encoding=encoding))
    with file_of(data) as path, blocks_of(4):
        batches_of, source = read(path, layout, rows=1).batches, source_of(path, layout)
        for done, batch in enumerate(batches_of, 1):
            part: Any = SimpleNamespace(span=batch.span, tally=SimpleNamespace(records=1))
            with opened(path, path.name) as stream:
                rest = list(Batches(stream, source, FaultBook(faults=()), rows=1, number=done, position=0, after=cast(Part, part)))
            assert [placed(one) for one in rest] == [placed(one) for one in batches_of[done:]]
