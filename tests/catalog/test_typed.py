"""Tables are taken for values exactly as pydantic takes them, whose own reading of the annotations is the oracle."""

import json
import tomllib
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter
from pydantic import ValidationError as Invalid
from pydantic_core import ValidationError

import vbatch.catalog
from vbatch.catalog.typed import build
from vbatch.model.layout import Layout
from vbatch.model.target import Target

HERE = Path(vbatch.catalog.__file__).parent
TABLES = [
    (cls, tomllib.loads(path.read_text()))
    for folder, cls in (("layouts", Layout), ("targets", Target))
    for path in HERE.glob(f"{folder}/*.toml")
]
VALUES = st.one_of(
    st.integers(-1, 3),
    st.booleans(),
    st.text("ab", max_size=2),
    st.lists(st.sampled_from(["a", 1]), max_size=3),
    st.just({"a": "b"}),
    st.just(0.5),
)


def told(cls: type, table: dict[str, Any], *, oracle: bool) -> object:
    """The value, or what is wrong and where."""
    try:
        return TypeAdapter(cls).validate_json(json.dumps(table), strict=True) if oracle else build(cls, table)
    except (Invalid, ValidationError) as error:
        return [(one["type"], one["loc"], one["msg"]) for one in error.errors(include_url=False)]


@pytest.mark.parametrize(("cls", "table"), TABLES)
def test_what_ships_is_the_same_value(cls: type, table: dict[str, Any]) -> None:
    assert isinstance(told(cls, table, oracle=True), cls)
    assert told(cls, table, oracle=False) == told(cls, table, oracle=True)


@given(st.data())
def test_a_changed_value_is_wrong_in_the_same_way(data: st.DataObject) -> None:
    cls, table = data.draw(st.sampled_from(TABLES))
    changed = deepcopy(table)
    inner = data.draw(st.sampled_from([changed, *changed.get("fields", []), *(one for one in changed.values() if isinstance(one, dict))]))
    key = data.draw(st.sampled_from(sorted(inner)))
    if data.draw(st.booleans()):
        del inner[key]
    else:
        inner[key] = data.draw(VALUES)
    assert told(cls, changed, oracle=False) == told(cls, changed, oracle=True)


def test_an_unknown_key_is_refused_wherever_it_stands() -> None:
    cls, table = next((cls, table) for cls, table in TABLES if cls is Layout)
    for inner in (changed := deepcopy(table), (nested := deepcopy(table))["fields"][0]):
        inner["surprise"] = 1
    assert [kind for kind, *_ in told(cls, changed, oracle=False)] == ["unexpected_keyword_argument"]  # type: ignore[attr-defined]
    assert [where for _, where, _ in told(cls, nested, oracle=False)] == [("fields", 0, "surprise")]  # type: ignore[attr-defined]
