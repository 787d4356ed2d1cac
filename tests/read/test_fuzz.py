"""Nonsense of every kind against `validate`, for a stated time: named errors at most, and no byte without an owner.

VBATCH_FUZZ_SECONDS sets the time, VBATCH_FUZZ_SEED the start. What it finds becomes a test of its own.
"""

import bz2
import gzip
import io
import json
import lzma
import os
import random
import time
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from judging import Run, judged, place
from reading import layout_of

from vbatch import Dialect, Layout, VbatchError

SECONDS = float(os.environ.get("VBATCH_FUZZ_SECONDS", "10"))
SEED = int(os.environ.get("VBATCH_FUZZ_SEED", "1"))
LONGEST = 300


def zipped(data: bytes) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("member", data)
    return file.getvalue()


PACKERS: tuple[Callable[[bytes], bytes], ...] = (gzip.compress, bz2.compress, lzma.compress, zipped)
ENCODINGS = (
    "utf-8",
    "utf-8",
    "utf-8",
    "ascii",
    "cp1252",
    "latin-1",
    "cp037",
    "shift_jis",
    "gb18030",
    "utf-16",
    "utf-16-le",
    "utf-32",
    "utf-7",
    "hz",
    "iso2022_jp",
)
TEXTS = (
    "A1",
    "a",
    "",
    "1",
    "é",
    "漢",
    " ",
    "a,b",
    'q"q',
    "two\nlines",
    "\r",
    "'",
    "\t",
    "=1",
    "null",
    "9" * 20,
    "x" * LONGEST,
    "\u2028",
    "\x85",
    "\U0001f381",
)
SPICES = (
    *(b'"', b'""', b"'", b",", b";", b"\t", b"\n", b"\r", b"\r\n", b"\n\n", b"\\", b"{", b"}", b"[", b"]", b":", b"null", b"-", b"1e9"),
    *(
        b"\0",
        b"\x1a",
        b"\x1b$B",
        b"~{",
        b"+AAo-",
        b"\xff",
        b"\xfe\xff",
        b"\xff\xfe",
        b"\xef\xbb\xbf",
        b"\xc3",
        b"\xed\xa0\x80",
        b"\x81",
        b"PK\x03\x04",
        b"\x1f\x8b",
    ),
)


@dataclass(frozen=True)
class Attempt:
    """A file and how it is read."""

    data: bytes
    layout: Layout
    rows: int
    allow_truncated: bool
    packed: bool

    @property
    def plain(self) -> bool:
        """Whether the file is what its records lie in."""
        return not self.packed and self.layout.format in {"csv", "lines", "json"} and self.layout.dialect.encoding == "utf-8"


def csv_file(chance: random.Random, dialect: Dialect) -> str:
    names = ["code", "amount", "region"][: chance.randint(1, 3)]
    ends = chance.choice((["\n"], ["\r\n"], ["\r"], ["\n", "\r\n", "\r", "\n\n"]))

    def cell(text: str) -> str:
        mark = dialect.quote or ""
        return f"{mark}{text.replace(mark, mark * 2) if mark else text}{mark}" if chance.random() < 0.6 else text

    rows = [names] * dialect.header + [[chance.choice(TEXTS) for _ in names] for _ in range(chance.randint(0, 8))]
    return "".join(dialect.delimiter.join(map(cell, row)) + chance.choice(ends) for row in rows)


def json_file(chance: random.Random) -> str:
    values = (*TEXTS, 1, 1.5, None, True, [], [1, "a"], {}, {"a": "b"}, {"a": {"b": [{}]}})
    items = [
        {name: chance.choice(values) for name in ("code", "amount", "a.b")[: chance.randint(1, 3)]} for _ in range(chance.randint(0, 6))
    ]
    if chance.random() < 0.5:
        return "\n".join(json.dumps(item, ensure_ascii=chance.random() < 0.5) for item in items)
    return json.dumps(items, ensure_ascii=False, indent=chance.choice((None, 0)))


def mangled(chance: random.Random, data: bytes) -> bytes:
    for _ in range(chance.choice((0, 1, 1, 2, 5, 20))):
        at = chance.randint(0, len(data))
        match chance.randrange(6):
            case 0:
                data = data[:at] + data[at + chance.randint(1, 9) :]
            case 1:
                data = data[:at] + bytes([data[at] ^ (1 << chance.randrange(8))]) + data[at + 1 :] if at < len(data) else data
            case 2:
                data = data[:at] if chance.random() < 0.3 else data
            case 3:
                data = data[:at] + data[(other := chance.randint(0, len(data))) : other + chance.randint(1, 30)] + data[at:]
            case _:
                data = data[:at] + chance.choice(SPICES) + data[at:]
    return data


def attempt_of(chance: random.Random) -> Attempt:
    dialect = Dialect(
        delimiter=chance.choice(",,,;\t|"),
        quote=chance.choice(('"', '"', '"', "'", None)),
        encoding=chance.choice(ENCODINGS),
        escape=chance.choice((None, None, None, "\\")),
        header=chance.random() < 0.8,
        skip_rows=chance.choice((0, 0, 0, 1, 3)),
        max_record_bytes=chance.choice((30, LONGEST, 1 << 20)),
    )
    form = chance.choice(("csv",) * 6 + ("json",) * 3 + ("lines", "lines", "parquet", "xlsx"))
    by_name = form not in {"csv", "lines"} or (form == "csv" and dialect.header)
    text = json_file(chance) if form == "json" else csv_file(chance, dialect)
    data = text.encode(dialect.encoding, "replace") if form in {"csv", "lines"} else text.encode()
    # Most often the beginning stays as it is, so that the file is judged.
    start = 0 if chance.random() < 0.2 else len(data) // 3
    data = data[:start] + mangled(chance, data[start:])
    packed = chance.random() < 0.2
    if packed:
        data = mangled(chance, chance.choice(PACKERS)(data))
    return Attempt(
        data, layout_of(form, code="code" if by_name else 1, dialect=dialect), chance.choice((1, 2, 1000)), chance.random() < 0.5, packed
    )


def survives(attempt: Attempt) -> bool:
    """Whether the file was judged; a named error is fine, too."""
    with place() as here:
        path = here / "export"
        path.write_bytes(attempt.data)
        try:
            run = judged([path], attempt.layout, here=here, batch_rows=attempt.rows, allow_truncated=attempt.allow_truncated)
        except VbatchError as error:
            return refused(error, here)
        for account in run.report.sources:
            run.fates(account.path)
        if attempt.plain:
            assert_owned(attempt, run, path)
        return True


def refused(error: VbatchError, here: Path) -> bool:
    assert error.message.strip()
    assert error.hint.strip()
    assert {one.name for one in here.iterdir()} == {"export"}, "nothing is published"
    return False


def assert_owned(attempt: Attempt, run: Run, path: Path) -> None:
    """Between the records of the file is nothing but blank lines, or the brackets of an array."""
    fates = run.fates(str(path))
    between = b"\r\n\t ]" if attempt.layout.format == "json" else b"\r\n"
    ends = [fate.offset for fate in fates[1:]] + [len(attempt.data)]
    for fate, end in zip(fates, ends, strict=True):
        assert fate.offset < end
        if fate.length is not None:
            assert not attempt.data[fate.offset + fate.length : end].strip(between)


def test_nonsense_ends_in_named_errors_at_most() -> None:
    start, number, done = time.monotonic(), 0, 0
    while time.monotonic() - start < SECONDS:
        seed = f"{SEED}-{number}"
        attempt = attempt_of(random.Random(seed))  # noqa: S311 - no secret
        try:
            done += survives(attempt)
        except Exception as error:  # noqa: BLE001 - whatever it is, it is found
            pytest.fail(f"{seed}: {error!r} for {attempt}")
        number += 1
    assert done, "some files are judged"
