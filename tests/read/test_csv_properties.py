"""Whatever happens to a CSV file, vbatch's account of it is that of the slow parser."""

from dataclasses import replace
from pathlib import Path

import pytest
from corrupted import File, corrupted, files
from hypothesis import given
from hypothesis import strategies as st
from judging import Run, judged, place
from reading import Account, blocks_of, examples, file_of, layout_of, read
from slow_parser import Rules, Told, told_by_the_rules

from vbatch import Dialect, Layout, SourceError


def layout_by(rules: Rules) -> Layout:
    dialect = Dialect(
        delimiter=rules.delimiter,
        quote=rules.quote,
        encoding=rules.encoding,
        max_record_bytes=rules.longest,
        header=rules.header,
        skip_rows=rules.skipped,
        keep_empty=rules.keep_empty,
    )
    return layout_of(code="code" if rules.header else 1, dialect=dialect)


def assert_told_alike(data: bytes, rules: Rules, *, rows: int = 1000, block: int = 1 << 20) -> None:
    told = told_by_the_rules(data, rules)
    with file_of(data) as path, blocks_of(block):
        if not told.records:
            with pytest.raises(SourceError):
                read(path, layout_by(rules), rows=rows)
            return
        account = read(path, layout_by(rules), rows=rows)
    assert_same(account, told, data, rules)


def assert_same(account: Account, told: Told, data: bytes, rules: Rules) -> None:
    assert account.header == tuple(told.header.fields if rules.header else (str(number + 1) for number in range(len(told.header.fields))))
    assert [seen[:5] for seen in account.records] == [tuple(record) for record in told.records]
    assert [seen.raw for seen in account.records] == [data[one.offset : one.offset + one.length] for one in told.records]
    assert account.blanks == told.blanks
    assert account.size == len(data)
    for piece in _between(account, data):
        assert not piece.decode(rules.encoding).strip("\r\n"), "nothing but blank lines stands between the records"


def _between(account: Account, data: bytes) -> list[bytes]:
    ends = [account.start] + [seen.offset + seen.length for seen in account.records]
    starts = [seen.offset for seen in account.records] + [len(data)]
    assert all(end <= start for end, start in zip(ends, starts, strict=True)), "no two records share a byte"
    return [data[end:start] for end, start in zip(ends, starts, strict=True)]


@examples(150)
@given(file=files())
def test_a_well_formed_file_is_read_as_it_was_written(file: File) -> None:
    data = file.head + file.body
    told = told_by_the_rules(data, file.rules)
    records = told.records if file.rules.header else told.records[1:]
    assert not {record.fault for record in records} - {"", "repeated_header"}
    written = [fields for fields, record in zip(file.fields, records, strict=True) if not record.fault]
    assert [[field or "" for field in record.fields] for record in records if not record.fault] == written
    assert_told_alike(data, file.rules)


@examples(300)
@given(data=st.data())
def test_a_corrupted_file_is_told_alike(data: st.DataObject) -> None:
    file = data.draw(files())
    content = data.draw(corrupted(file))
    rows, block = data.draw(st.sampled_from((1, 3, 1000))), data.draw(st.sampled_from((16, 17, 40, 64, 1 << 20)))
    assert_told_alike(content, file.rules, rows=rows, block=block)


@examples(150)
@given(data=st.data(), longest=st.integers(12, 40))
def test_records_near_the_limit_are_told_alike(data: st.DataObject, longest: int) -> None:
    file = data.draw(files(most=6))
    rules = replace(file.rules, longest=max(longest, len(file.header.encode()) + 1))
    rows, block = data.draw(st.sampled_from((1, 3, 1000))), data.draw(st.sampled_from((16, 40, 1 << 20)))
    assert_told_alike(data.draw(corrupted(file)), rules, rows=rows, block=block)


ALPHABETS = {
    "cp1252": "ab €é",
    "latin-1": "ab\x80éÿ",
    "ascii": "ab~ ",
    "cp037": "ab1é",
    "cp437": "ab░é",
    "utf-16-le": "ab漢\U0001f381\u2028\u0a0a\u0d22",
    "utf-16-be": "ab漢\U0001f381\u0a0a\u220d\u2c2c",
    "utf-32-le": "ab漢\U0001f381\u0a0a",
    "utf-32-be": "ab漢\U0001f381",
    "shift_jis": "ab漢ソ表ｱ",
    "cp932": "ab漢ソ≒①",
    "euc_jp": "ab漢ソｱ",
    "gbk": "ab漢誰侾",
    "gb18030": "ab漢\U0001f381é",
    "big5": "ab漢許功",
    "euc_kr": "ab한글",
}


@pytest.mark.parametrize("encoding", sorted(ALPHABETS))
@examples(25)
@given(data=st.data())
def test_any_encoding_is_told_alike(encoding: str, data: st.DataObject) -> None:
    file = data.draw(files(encoding, ALPHABETS[encoding], most=5))
    content = data.draw(st.one_of(st.just(file.head + file.body), corrupted(file, most=3)))
    rows, block = data.draw(st.sampled_from((1, 2, 1000))), data.draw(st.sampled_from((16, 17, 61, 1 << 20)))
    assert_told_alike(content, file.rules, rows=rows, block=block)


@examples(25)
@given(data=st.data(), rows=st.sampled_from((1, 3, 1000)))
def test_a_run_accounts_for_every_record(data: st.DataObject, rows: int) -> None:
    file = data.draw(files().filter(lambda file: file.rules.header))
    content = data.draw(corrupted(file))
    told = told_by_the_rules(content, file.rules)
    with place() as here:
        path = here / "export.csv"
        path.write_bytes(content)
        if not told.records:
            with pytest.raises(SourceError):
                judged([path], layout_by(file.rules), here=here, batch_rows=rows)
            return
        run = judged([path], layout_by(file.rules), here=here, batch_rows=rows)
        assert_fates(run, told, content, path)


def assert_fates(run: Run, told: Told, data: bytes, path: Path) -> None:
    fates, names = run.fates(str(path)), told.header.fields
    assert [fate.offset for fate in fates] == [record.offset for record in told.records]
    assert [fate.structural for fate in fates] == [record.fault for record in told.records]
    rejected = [(fate, record) for fate, record in zip(fates, told.records, strict=True) if not fate.accepted]
    assert [fate.length for fate, _ in rejected] == [record.length for _, record in rejected]
    head = data[: told.header.offset + told.header.length]
    assert run.replay(path.name) == head + b"".join(data[one.offset : one.offset + one.length] for _, one in rejected)
    assert run.report.sources[0].blank_lines == told.blanks
    assert run.report.sources[0].bytes == len(data)
    assert all(told.records[number - 1].line == line for number, line in run.lines().items())
    for fate, record in zip(fates, told.records, strict=True):
        assert fate.texts == dict(zip(names, record.fields or [None] * len(names), strict=True))


@examples(150)
@given(data=st.data())
def test_rejects_stay_the_records_that_they_were(data: st.DataObject) -> None:
    """Up to the first open quote as they are, and all of them once no quote is open: what follows an open one can have closed it nowhere
    else. Nobody who reads the replay file alone could tell that two lines were no record."""
    file = data.draw(files().filter(lambda file: file.rules.header))
    content = data.draw(corrupted(file))
    told = told_by_the_rules(content, file.rules)
    bad = [(content[one.offset : one.offset + one.length], one.fault) for one in told.records if one.fault]
    head = content[: told.header.offset + told.header.length]
    opens = next((number for number, (_, fault) in enumerate(bad) if fault == "unclosed_quote"), len(bad))
    assert told_in(head, bad, file.rules)[:opens] == bad[:opens]
    quote = (file.rules.quote or "").encode()
    mended = [(b"x" + raw.replace(quote, b"") if fault == "unclosed_quote" else raw, fault) for raw, fault in bad]
    found = told_in(head, mended, file.rules)
    assert [raw for raw, _ in found] == [raw for raw, _ in mended]
    # What is not mended has the fault that it had.
    assert all(now == before for (_, now), (_, before) in zip(found, mended, strict=True) if before != "unclosed_quote")


def told_in(head: bytes, bad: list[tuple[bytes, str]], rules: Rules) -> list[tuple[bytes, str]]:
    """The records of a replay file, as vbatch and the slow parser tell them: bytes and fault of each."""
    if not bad:
        return []
    replay = head + b"".join(raw for raw, _ in bad)
    assert_told_alike(replay, rules, rows=3)
    return [(replay[one.offset : one.offset + one.length], one.fault) for one in told_by_the_rules(replay, rules).records]
