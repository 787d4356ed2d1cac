"""Well-formed CSV files of every kind, and what may happen to them."""

from collections.abc import Callable
from dataclasses import dataclass, replace

from hypothesis import strategies as st
from slow_parser import Rules

MARKS = {
    "utf-8": b"\xef\xbb\xbf",
    "utf-16-le": b"\xff\xfe",
    "utf-16-be": b"\xfe\xff",
    "utf-32-le": b"\xff\xfe\0\0",
    "utf-32-be": b"\0\0\xfe\xff",
}
ENDS = ("\n", "\r\n", "\r")
NAMES = ("code", "amount", "region", "note", "day")
PLAIN = "ab1 =é漢\U0001f381"
INJECTED = (
    *(b'"', b'""', b",", b"\n", b"\r", b"\r\n", b'"\n', b',"', b'",', b"'", b";", b"\\"),
    *(
        b"\0",
        b"\x1a",
        b"\x0b",
        b"\x7f",
        b"\x1d",
        b"\xff",
        b"\xc3",
        b"\xed\xa0\x80",
        b"\xef\xbb\xbf",
        b"\xc2\x85",
        b"\xe2\x80\xa8",
        b"\xf4\x90\x80\x80",
    ),
)

Change = Callable[[bytes], bytes]


@dataclass(frozen=True)
class File:
    """A well-formed file: what stands before the header, header, records and blank lines."""

    rules: Rules
    preamble: bytes
    header: str
    lines: tuple[str, ...]
    fields: tuple[list[str], ...]

    @property
    def head(self) -> bytes:
        return self.preamble + self.header.encode(self.rules.encoding)

    @property
    def body(self) -> bytes:
        return "".join(self.lines).encode(self.rules.encoding)


@st.composite
def dialects(draw: st.DrawFn, encoding: str = "utf-8") -> Rules:
    return Rules(
        delimiter=draw(st.sampled_from(",,,;|\t\x01\x1f: ")),
        quote=draw(st.sampled_from(('"', '"', '"', "'", None))),
        encoding=encoding,
        skipped=draw(st.sampled_from((0, 0, 0, 2))),
        header=draw(st.integers(0, 3)) > 0,
        keep_empty=draw(st.booleans()),
    )


@st.composite
def files(draw: st.DrawFn, encoding: str = "utf-8", alphabet: str = PLAIN, most: int = 8) -> File:
    """A well-formed file."""
    rules = draw(dialects(encoding))
    # A control character that nothing stands between is just that.
    names = NAMES[: draw(st.integers(2 if rules.delimiter < " " else 1, 4))]
    ends = draw(st.sampled_from((("\n",), ("\r\n",), ("\r",), ENDS)))
    special = (rules.delimiter + rules.quote + "\r\n" + rules.quote) if rules.quote else ""
    texts = st.text(st.sampled_from((alphabet + special) if rules.quote else alphabet.replace(rules.delimiter, "")), max_size=5)
    always = draw(st.booleans())

    def line(fields: list[str]) -> str:
        quoted = (_quoted(field, rules, always=always or draw(st.integers(0, 3)) == 0) for field in fields)
        return rules.delimiter.join(quoted) + draw(st.sampled_from(ends))

    preamble = "".join(draw(st.sampled_from(("a report", '"', ","))) + draw(st.sampled_from(ends)) for _ in range(rules.skipped))
    header, lines, records = line(list(names)), [], []
    for _ in range(draw(st.integers(1, most))):
        if draw(st.integers(0, 7)) == 0:
            lines.append(draw(st.sampled_from(ends)))
            continue
        fields = [draw(texts) for _ in names]
        if (one := line(fields)).strip("\r\n"):
            lines.append(one)
            records.append(fields)
    if lines and draw(st.integers(0, 3)) == 0:
        lines[-1] = lines[-1].removesuffix("\n").removesuffix("\r")
    mark = draw(st.sampled_from((b"", MARKS[encoding]))) if encoding in MARKS else b""
    return File(replace(rules, mark=len(mark)), mark + preamble.encode(encoding), header, tuple(lines), tuple(records))


def _quoted(field: str, rules: Rules, *, always: bool) -> str:
    if rules.quote is None:
        return field
    needed = set(field) & {rules.delimiter, rules.quote, "\r", "\n"}
    return rules.quote + field.replace(rules.quote, rules.quote * 2) + rules.quote if needed or always else field


@st.composite
def changes(draw: st.DrawFn, size: int, header: bytes) -> Change:
    """Something that happens to a file of so many bytes."""
    at, count = draw(st.integers(0, size)), draw(st.integers(1, 3))
    kind = draw(st.sampled_from(("insert", "insert", "insert", "delete", "flip", "truncate", "line ends", "header")))
    if kind == "delete":
        return lambda data: data[:at] + data[at + count :]
    if kind == "flip":
        bit = 1 << draw(st.integers(0, 7))
        return lambda data: data[:at] + bytes(byte ^ bit for byte in data[at : at + 1]) + data[at + 1 :]
    if kind == "truncate":
        return lambda data: data[:at]
    if kind == "line ends":
        old, new = draw(st.sampled_from(((b"\n", b"\r"), (b"\r\n", b"\n"), (b"\n", b"\r\n"), (b"\r", b""))))
        return lambda data: data.replace(old, new, count)
    injected = header if kind == "header" else draw(st.sampled_from(INJECTED))
    return lambda data: data[:at] + injected + data[at:]


@st.composite
def corrupted(draw: st.DrawFn, file: File, most: int = 4) -> bytes:
    """The file after what happened to its records."""
    body = file.body
    for change in draw(st.lists(changes(len(body), file.header.encode(file.rules.encoding)), max_size=most)):
        body = change(body)
    return file.head + body
