"""Reads layouts and targets: shipped ones by name, a user's own by path."""

from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

from pydantic_core import ValidationError

from vbatch.catalog.document import Flaw, Table, read
from vbatch.catalog.layout_checks import layout_flaws
from vbatch.catalog.shelf import Shelf
from vbatch.catalog.typed import build, type_flaws
from vbatch.errors import LayoutError, PipelineError
from vbatch.model.layout import Layout
from vbatch.model.target import Target

Value = TypeVar("Value")

HERE = Path(__file__).parent
LAYOUTS = Shelf(what="layout", ending=".toml", folder=HERE / "layouts", error=LayoutError)
TARGETS = Shelf(what="target", ending=".toml", folder=HERE / "targets", error=PipelineError)


def layout(name_or_path: str | Path) -> Layout:
    """A layout that ships with vbatch, by name, or a user's own, by the path of its .toml file.

    Raises:
        LayoutError: there is none of that name, or it is not valid; the message starts with file and line.
    """
    loaded = _load(LAYOUTS, Layout, layout_flaws, name_or_path)
    # TOML cannot write None.
    return loaded if loaded.dialect.quote else replace(loaded, dialect=replace(loaded.dialect, quote=None))


def target(name_or_path: str | Path) -> Target:
    """A target that ships with vbatch, by name, or a user's own, by the path of its .toml file.

    Raises:
        PipelineError: there is none of that name, or it is not valid; the message starts with file and line.
    """
    return _load(TARGETS, Target, _target_flaws, name_or_path)


def _load(shelf: Shelf, cls: type[Value], check: Callable[[Value, Table], Iterable[Flaw]], name_or_path: str | Path) -> Value:
    document = read(shelf, name_or_path)
    try:
        value = build(cls, document.table)
    except ValidationError as error:
        raise document.error(type_flaws(error, cls, document.table)) from error
    found = tuple(check(value, document.table))
    if found:
        raise document.error(found)
    return value


def _target_flaws(value: Target, _: Table) -> Iterable[Flaw]:
    for key in ("max_request_bytes", "max_codes"):
        limit = getattr(value, key)
        if limit is not None and limit < 1:
            yield Flaw((key,), f"`{key}` cannot be {limit}", hint="leave it out if no limit is known")
