"""Generated exports of gift cards: right and wrong values in every column, duplicates and twins, any quoting, any line ends."""

# ruff: noqa: RUF001 - lookalikes are what goes wrong

import csv
import io
import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from hypothesis import strategies as st

Row = dict[str, str]

YEARS = ("0001", "1582", "1999", "2000", "2021", "2024", "2100", "9999")
MONTHS_AND_MORE = ("00", "01", "02", "04", "06", "11", "12", "13")
DAYS_AND_MORE = ("00", "01", "28", "29", "30", "31", "32")
HOURS_AND_MORE = ("00", "09", "23", "24")
SIXTIES_AND_MORE = ("00", "59", "60", "61")
NEAR_MISSES = (
    "2021-1-5",
    "2021- 1-05",
    "2021-01- 5",
    "+021-01-05",
    "-021-01-05",
    "2021-1-005",
    "02021-1-05",
    "２０21-01-05",
    "2021-01-0５",
    "2021/01/05",
    "20210105",
    "2021-005",
    "2021-W01-1",
    "2021-01-05 ",
    " 2021-01-05",
    "2021-01-05\n",
    "2021-01-05T",
    "2021-01-05t10",
    "2021-01-05 10:30",
    "2021-01-05T1",
    "2021-01-05T 1",
    "2021-01-05T010",
    "2021-01-05T10:3",
    "2021-01-05T10:3 ",
    "2021-01-05T10: 3",
    "2021-01-05T10:30Z",
    "2021-01-05T+1:30",
    "2021-01-05T10:30:60",
    "2021-01-05T10:30:5",
    "2021-01-05T10:30:5Z",
    "2021-01-05T10:30:00z",
    "2021-01-05T10:30:00+00:00",
    "2021-01-05T10:30:00.5Z",
    "2021-01-05T10:30:00.50Z",
    "2021-01-05T10:30:00.5000Z",
    "2021-01-05T10:30:00.500",
    "2021-01-05T10:30:00,500Z",
    "2021-01-05T10:30:00. 50Z",
    "2021-01-05T10:30:00.+50Z",
    "2021-01-05T23:59:60.999Z",
    "2021-01-05T24:00:00.000Z",
    "2021-02-29",
    "2100-02-29",
    "0000-01-01",
    "0001-01-02",
    "1969-12-31T23:59:59.999Z",
    "9999-12-30T23:59:59.999Z",
    "01/02/2021",
    "never",
    "0",
    "null",
)
SENTINELS = ("0001-01-01", "1899-12-30", "1899-12-31", "1900-01-01T05", "1970-01-01T00:00:00Z", "9999-12-31T23:59:59.999Z")

GOOD_CODES = tuple(f"{letter}{number}" for number in range(4) for letter in "AaBbCc")
BAD_CODES = (
    *("", " A1", "A1 ", "A 1", "A\t1", "A\r1", "A\n1", "A\x7f1", "A\u00a01", "A\u200b1", "\ufeffA1", "A\u20281", "A\u30001", "A\x851"),
    *("1.23E+15", "-6,3e+18", "1.5E-7", "12345.0", "12,00", "=A1", "'00123", "#REF!", "#N/A", "1-Mar", "31-Dec-2021", "Mar-01"),
    *("****1234", "••77", "XXXX-XXXX-1", "xxxxXXXX", "Ä1", "１２", "\u0410BC"),  # the last starts with a Cyrillic A
)
ODD_CODES = (
    *("A/1", "50%", "a+b", "123456789012345000", "1234567890123450", "000000000000000000"),
    *("1.23E15", "1.5", "A*1", "MAR1", "-", '"', ",", '""', "A=B"),
)
GOOD_AMOUNTS = (
    *("0", "0.0", "5", "5.00", "10.5", "007.50", "-0", "-0.00"),
    *("9999999999999999.99", "0000000000000000000000000000000000000001.25"),
)
BAD_AMOUNTS = (
    *("", "-5", "-0.01", "1,50", "1.", ".5", ".", "-", "5.001", "0.000", "1e2", "1E2", "+5", "5 ", " 5"),
    *("5€", "$5", "１２", "5.٣٠", "1.2.3", "0x10", "NaN", "inf", "null", "1_000", "1 000", "--1", "−5", "5\n"),
    *("1,000.00", "1.005,00", "10000000000000000", "-10000000000000000.00", "9" * 40),
)
GOOD_INTEGERS = ("", "0", "5", "007", "-0", "9223372036854775807", "00000000000000000000000000000000000000005")
BAD_INTEGERS = (
    *("-1", "1.0", "5 ", " 5", "5\n", "9223372036854775808", "-9223372036854775808", "-9223372036854775809", "18446744073709551617"),
    *("１", "1e3", "+1", "1,000", "0x1", "true", "-", "1_0"),
)
GOOD_BOOLEANS = ("", "true", "TRUE", "True", "false", "FALSE", "False")
BAD_BOOLEANS = ("yes", "1", "0", "tRuE", "true ", " false", "wahr")
TEXTS = ("", "north", 'say "hi"', "a,b", "two\nlines", "two\r\nlines", "lone\rreturn", '"', "=1+1", "ünï", " padded ", "\t", "'")


def _forms(parts: tuple[str, ...]) -> list[str]:
    year, month, day, hour, minute, second, milliseconds = parts
    date = f"{year}-{month}-{day}"
    full = f"{date}T{hour}:{minute}:{second}"
    return [date, f"{date}T{hour}", f"{date}T{hour}:{minute}", full, f"{full}Z", f"{full}.{milliseconds}Z"]


def _any_date() -> st.SearchStrategy[str]:
    parts = (YEARS, MONTHS_AND_MORE, DAYS_AND_MORE, HOURS_AND_MORE, SIXTIES_AND_MORE, SIXTIES_AND_MORE, ("000", "001", "999"))
    return st.tuples(*map(st.sampled_from, parts)).flatmap(lambda chosen: st.sampled_from(_forms(chosen)))


GOOD_DATES = st.sampled_from(("", *_forms(("2020", "02", "29", "23", "59", "59", "999"))))
CHANGED_DATES = st.builds(
    lambda text, place, letter: text[:place] + letter + text[place + 1 :],
    st.sampled_from(_forms(("2021", "11", "05", "10", "30", "00", "000"))),
    st.integers(0, 23),
    st.sampled_from(" +-0９:TZ.x"),
)
ANY_DATES = st.one_of(st.sampled_from(NEAR_MISSES + SENTINELS), _any_date(), CHANGED_DATES)

GOOD = {
    "Code": st.sampled_from(GOOD_CODES),
    "Gift Amount": st.sampled_from(("5", "5.00", "10.5", "10000000.01")),
    "Redeemed Amount": st.sampled_from(("", "0", "1.00", "5")),
    "Redeemed Quantity": st.sampled_from(GOOD_INTEGERS),
    "Active": st.sampled_from(GOOD_BOOLEANS),
    "Category": st.sampled_from(TEXTS),
    "Start Date": st.sampled_from(("", "2019-12-31", "2020-02-29T23:59", "2020-03-01")),
    "Expiration Date": GOOD_DATES,
    "Region": st.sampled_from(TEXTS),
    "gift amount": st.sampled_from(TEXTS),
}
"""A column spelt in any other way than the layout's is metadata."""

ANY = {
    "Code": st.sampled_from(BAD_CODES + ODD_CODES),
    "Gift Amount": st.sampled_from(GOOD_AMOUNTS + BAD_AMOUNTS),
    "Redeemed Amount": st.sampled_from(GOOD_AMOUNTS + BAD_AMOUNTS),
    "Redeemed Quantity": st.sampled_from(GOOD_INTEGERS + BAD_INTEGERS),
    "Active": st.sampled_from(BAD_BOOLEANS),
    "Category": st.text(st.sampled_from('ab",;\r\n=é漢 ')),
    "Start Date": ANY_DATES,
    "Expiration Date": ANY_DATES,
    "Region": st.text(st.sampled_from('ab",;\r\n=é漢 ')),
    "gift amount": st.text(max_size=3).map(lambda text: "".join(letter for letter in text if letter.isprintable())),
}
REQUIRED = ("Code", "Gift Amount")


RowStrategy = Callable[[tuple[str, ...]], st.SearchStrategy[Row]]


@dataclass(frozen=True)
class Export:
    """A file in pieces: its head, then records and blank lines. Cells are None for a blank line and for a malformed record."""

    head: bytes
    pieces: tuple[tuple[bytes, Row | None], ...]

    @property
    def data(self) -> bytes:
        return self.head + b"".join(raw for raw, _ in self.pieces)

    @property
    def records(self) -> list[bytes]:
        return [raw for raw, _ in self.pieces if raw.strip(b"\r\n")]

    @property
    def rows(self) -> list[Row]:
        return [cells for _, cells in self.pieces if cells is not None]


def read_with_csv(data: bytes) -> list[Row]:
    """What Python's own reader makes of a well-formed file."""
    lines = csv.reader(io.StringIO(data.decode("utf-8-sig"), newline=""), strict=True)
    header, *records = [line for line in lines if line]
    return [dict(zip(header, record, strict=True)) for record in records]


@st.composite
def rows(draw: st.DrawFn, header: Iterable[str], good: dict[str, st.SearchStrategy[str]] = GOOD) -> Row:
    """A row; most often with nothing or with one thing wrong."""
    row = {name: draw(good[name]) for name in header}
    for name in draw(st.lists(st.sampled_from(sorted(row)), max_size=2)):
        row[name] = draw(ANY[name])
    return row


@st.composite
def headers(draw: st.DrawFn) -> tuple[str, ...]:
    others = draw(st.sets(st.sampled_from(sorted(set(GOOD) - set(REQUIRED)))))
    return tuple(draw(st.permutations([*REQUIRED, *sorted(others)])))


def line(cells: Iterable[str], end: str, quoted: Callable[[], bool]) -> bytes:
    """One record; a cell stands in quotes where it must, and where `quoted` says so."""
    texts = (f'"{cell.replace(chr(34), chr(34) * 2)}"' if set(cell) & set('",\r\n') or quoted() else cell for cell in cells)
    return (",".join(texts) + end).encode()


@st.composite
def exports(draw: st.DrawFn, row: RowStrategy = rows, least: int = 1, most: int = 12, *, unique: bool = False) -> Export:
    """A well-formed file."""
    header = draw(headers())
    ends = draw(st.sampled_from((("\n",), ("\r\n",), ("\n", "\r\n"), ("\r",))))
    end, quoted = st.sampled_from(ends), st.booleans()
    head = draw(st.sampled_from((b"", b"\xef\xbb\xbf"))) + line(header, draw(end), lambda: draw(quoted))
    by_code = (lambda cells: cells["Code"].lower()) if unique else None
    pieces: list[tuple[bytes, Row | None]] = []
    for cells in draw(st.lists(row(header), min_size=least, max_size=most, unique_by=by_code)):
        pieces += [(draw(end).encode(), None)] * draw(st.sampled_from((0, 0, 0, 1, 2)))
        pieces.append((line(cells.values(), draw(end), lambda: draw(quoted)), cells))
    if draw(st.booleans()):
        pieces[-1] = (pieces[-1][0].rstrip(b"\r\n"), pieces[-1][1])
    return Export(head, tuple(pieces))


GOOD_LINES = (b"A1,5,x", b"b2,10.50,", b'"C3",1,"y z"', b"D4,0,x", b"a1,7,x", b"A1,5,x", b"E5,2.25,x")
BAD_LINES = (
    *(b"F6,5", b"F6,5,x,y", b"F6", b"Code,Gift Amount,Region", b"F6,5\x00,x", b"F6,5,\x1b", b"F6,\xff,x"),
    *(b"F6,1x,x", b",5,x", b",,", b"F6,-1,x"),
    *(b'F6,5,x"', b'F"6,5,x', b'"F6"x,5,x', b'"F6,5,x', b'F6,5,"', b'F6,"5,x'),
)


@st.composite
def damaged(draw: st.DrawFn) -> bytes:
    """A file with malformed records among others, or with no sense at all."""
    soup = st.text(st.sampled_from('a1,,"\n\r'), max_size=8).map(str.encode)
    lines = draw(st.lists(st.one_of(st.sampled_from(GOOD_LINES), st.sampled_from(BAD_LINES), soup), min_size=1, max_size=14))
    ends = draw(st.sampled_from((b"\n", b"\r\n", b"\r"))), b"\n"
    body = b"".join(one + draw(st.sampled_from(ends)) for one in lines)
    return b"Code,Gift Amount,Region" + draw(st.sampled_from(ends)) + body[: len(body) - draw(st.sampled_from((0, 0, 1, 2)))]


GIFT = {"type": "GIFT_VOUCHER", "gift": {"amount": 500}}
ITEMS = (
    *(json.dumps({"code": code, **GIFT}) for code in ("A1", "a1", "B2", "[", "},{", '"', "\\", "é", "a\nb")),
    *(
        '{"code":"C3","type":"LOYALTY_CARD","loyalty_card":{"points":7},"metadata":{"x":[1,"],"]}}',
        '{\n "code" : "D4",\n "type":"GIFT_VOUCHER"}',
    ),
    *(
        '{"code":1,"type":"GIFT_VOUCHER"}',
        "{}",
        "5",
        "null",
        '"text"',
        "[1,2]",
        '{"code":}',
        '{"code":"E5"',
        '"code"}',
        '{"a":1,"a":2}',
        "\\",
    ),
    *('{"code":"\\ud800"}', '{"code":"\\u0000"}', "{'code':1}", '"', "]", "[", "}", "{", "", " "),
)


@st.composite
def json_exports(draw: st.DrawFn) -> bytes:
    """An array, or one object a line, of items right and wrong, and sometimes without an end."""
    items = [draw(st.sampled_from(ITEMS[:11])), *draw(st.lists(st.sampled_from(ITEMS), max_size=8))]
    if draw(st.booleans()):
        return "\n".join(item.replace("\n", " ") for item in items).encode() + draw(st.sampled_from((b"", b"\n")))
    between = st.sampled_from((",", ", ", ",\n", " ,\r\n"))
    body = "".join(item + draw(between) for item in items[:-1]) + items[-1]
    return f"{draw(st.sampled_from(('[', ' [ ')))}{body}{draw(st.sampled_from((']', ' ]', ']', '', '] x', ',]')))}".encode()
