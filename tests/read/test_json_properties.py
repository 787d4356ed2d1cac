"""Whatever happens to JSON items, vbatch's account of them is that of the slow reader."""

import json
from itertools import pairwise
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from reading import Account, blocks_of, examples, file_of, layout_of, read
from slow_json import Item, told_as_array, told_as_lines

from vbatch import Dialect, SourceError

LONGEST = 500
SPACES = st.sampled_from(("", "", " ", "\n", "\r\n", "\r", "\t", "  \n", "\r\r\n\n"))
TEXTS = st.text(st.sampled_from('ab1,"\\]}[{:é漢\U0001f381\n'), max_size=4)
VALUES: st.SearchStrategy[Any] = st.recursive(
    st.one_of(TEXTS, st.none(), st.booleans(), st.integers(-5, 10**20), st.just(1.50), st.just(1e300)),
    lambda inner: st.one_of(st.lists(inner, max_size=2), st.dictionaries(st.sampled_from(("a", "b", 'k"', "x.y")), inner, max_size=2)),
    max_leaves=4,
)
GOOD = st.builds(
    lambda code, more: {"code": code} | more, TEXTS, st.dictionaries(st.sampled_from(("amount", "meta", "a")), VALUES, max_size=3)
)
BALANCED = (
    *(
        '{"code" "A"}',
        "{code: 1}",
        '{"code":NaN}',
        '{"code":-Infinity}',
        "[1,2]",
        '"text"',
        "12",
        "null",
        "{}",
        "[]",
        "",
        "{1:2}",
        '{"a":1,}',
    ),
    *('{"code":"A","code":"B"}', '{"a":{"b":1,"b":2}}', '{"a":[{"b":1,"b":1}]}', '{"a.b":1,"a":{"b":2}}', '{"code":"A"} {"code":"B"}'),
    *(
        '{"code":"\\ud800"}',
        '{"code":"\\udc00\\ud800"}',
        '{"code":"\\u0000"}',
        '{"code":"\\u001a"}',
        '{"\\ud800":1}',
        '{"\\u0000":1}',
        '{"code":"\x01"}',
    ),
    *(
        '{"code":00123}',
        '{"code":1e5}',
        '{"code":-0}',
        '{"code":1.}',
        '{"code":0x1F}',
        '{"code":"\\x"}',
        '{"code":"tab\there"}',
        "{'code':'A'}",
        "/**/",
    ),
    *('{"code":' + "[" * depth + "]" * depth + "}" for depth in (180, 199, 200)),
    '{"code":"' + "x" * LONGEST + '"}',
)
INJECTED = (
    b'"',
    b"\\",
    b'\\"',
    b"[",
    b"]",
    b"{",
    b"}",
    b",",
    b"\n",
    b"\r",
    b"\xff",
    b"\xe6\xbc",
    b"\0",
    b"\xed\xa0\x80",
    b" ",
    b"\xef\xbb\xbf",
)


@st.composite
def item_texts(draw: st.DrawFn) -> list[str]:
    """The texts of items, most of them right."""
    good = [json.dumps(one, ensure_ascii=draw(st.booleans())) for one in draw(st.lists(GOOD, min_size=1, max_size=6))]
    for _ in range(draw(st.integers(0, 2))):
        good.insert(draw(st.integers(0, len(good))), draw(st.sampled_from(BALANCED)))
    return good


@st.composite
def arrays(draw: st.DrawFn) -> bytes:
    items = draw(item_texts())
    separators = [draw(SPACES) + "," + draw(SPACES) for _ in items[1:]] + [draw(SPACES)]
    body = "".join(item + separator for item, separator in zip(items, separators, strict=True))
    after = draw(st.sampled_from(("", "", "", "]", ',{"code":"A"}', '{"code":"A"},{"code":"B"}', "\x0b", "\0", " " * 70 + "x")))
    return (draw(SPACES) + "[" + draw(SPACES) + body + "]" + draw(SPACES) + after).encode()


@st.composite
def lines(draw: st.DrawFn) -> bytes:
    items, ends = draw(item_texts()), st.sampled_from(("\n", "\n", "\r\n", "\n\n", " \n", ",\n"))
    return "".join(item + draw(ends) for item in items).removesuffix(draw(st.sampled_from(("", "\n")))).encode()


@st.composite
def changed(draw: st.DrawFn, data: bytes) -> bytes:
    """The file after things happened to it, but not to what stands before its first item."""
    for _ in range(draw(st.integers(0, 3))):
        at = draw(st.integers(min(len(data), data.index(b"[") + 1 if data.lstrip()[:1] == b"[" else 1), len(data)))
        kind = draw(st.sampled_from(("insert", "delete", "truncate")))
        tail = b"" if kind == "truncate" else data[at + (kind == "delete") :]
        data = data[:at] + (draw(st.sampled_from(INJECTED)) if kind == "insert" else b"") + tail
    return data


def account_of(data: bytes, rows: int, block: int) -> Account | SourceError:
    with file_of(data) as path, blocks_of(block):
        try:
            return read(path, layout_of("json", dialect=Dialect(max_record_bytes=LONGEST)), rows=rows)
        except SourceError as error:
            return error


def paths_in(account: Account | SourceError) -> tuple[str, ...]:
    return account.header if isinstance(account, Account) else ()


def assert_same(account: Account | SourceError, told: list[Item], data: bytes) -> None:
    if isinstance(account, SourceError):
        assert not any(item.texts for item in told), account
        return
    assert [seen[:4] for seen in account.records] == [item[:4] for item in told]
    for seen, item in zip(account.records, told, strict=True):
        assert seen.raw == data[item.offset : item.offset + item.length]
        assert {path: text for path, text in zip(account.header, seen.fields, strict=False) if text is not None} == item.texts
    assert account.size == len(data)


CUTS = {"rows": st.sampled_from((1, 3, 1000)), "block": st.sampled_from((16, 17, 40, 64, 1 << 20))}


@examples(200)
@given(data=st.data(), **CUTS)
def test_an_array_is_told_alike(data: st.DataObject, rows: int, block: int) -> None:
    content = data.draw(arrays().flatmap(changed))
    account = account_of(content, rows, block)
    told = told_as_array(content, LONGEST, paths_in(account))
    assert_same(account, told, content)
    if isinstance(account, Account):
        assert account.start == told[0].offset
        assert all(one.offset + one.length == after.offset for one, after in pairwise(told))
        end = told[-1].offset + told[-1].length
        assert content[end : end + 1] in (b"]", b"")
        assert not content[end + 1 :].strip(b" \t\r\n")


@examples(200)
@given(data=st.data(), **CUTS)
def test_one_object_a_line_is_told_alike(data: st.DataObject, rows: int, block: int) -> None:
    content = data.draw(lines().flatmap(changed).filter(lambda content: content.startswith(b"{")))
    account = account_of(content, rows, block)
    told, blanks = told_as_lines(content, LONGEST, paths_in(account))
    assert_same(account, told, content)
    if isinstance(account, Account):
        assert account.blanks == blanks
