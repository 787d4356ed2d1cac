"""Where the keys of a TOML document stand, in every way that TOML has to write them."""

import tomllib
from pathlib import Path

import pytest

from vbatch.catalog.document import Document, Where
from vbatch.catalog.load import LAYOUTS

TEXT = '''\
# line 1
plain = 1
"quoted key" = 2
dotted.inner.most = 3
long = """
plain = "not here"
[[fields]]
"""
list = [
    1,  # comment with ] and """
    2,
]
inline = { a = 1, b = { c = 2 } }

[table]   # line 15
inside = 1
[table.sub.subsub]
deep = 1

[[fields]]
x = 1
[fields.when]
w = 1

[[fields]]
  x = 2
  [fields.when]
  w = 2
  v = """a
b"""
  u = 3
'''


@pytest.mark.parametrize(
    ("where", "line"),
    [
        ((), 1),
        (("plain",), 2),
        (("quoted key",), 3),
        (("dotted", "inner", "most"), 4),
        (("dotted",), 4),
        (("long",), 5),
        (("list",), 9),
        (("list", 1), 9),
        (("inline", "b", "c"), 13),
        (("inline", "b", "missing"), 13),
        (("table",), 15),
        (("table", "inside"), 16),
        (("table", "missing"), 15),
        (("table", "sub"), 17),
        (("table", "sub", "subsub", "deep"), 18),
        (("fields", 0), 20),
        (("fields", 0, "x"), 21),
        (("fields", 0, "when", "w"), 23),
        (("fields", 0, "missing"), 20),
        (("fields", 1), 25),
        (("fields", 1, "x"), 26),
        (("fields", 1, "when"), 27),
        (("fields", 1, "when", "w"), 28),
        (("fields", 1, "when", "missing"), 27),
        (("fields", 1, "when", "v"), 29),
        (("fields", 1, "when", "u"), 31),
        (("fields", 2), 20),
        (("missing", "too"), 1),
        (("plain", "str"), 2),
    ],
)
def test_line(where: Where, line: int) -> None:
    document = Document(shelf=LAYOUTS, path=Path("x.toml"), text=TEXT, table=tomllib.loads(TEXT))
    assert document.line(where) == line
