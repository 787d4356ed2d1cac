"""How one source's fields meet a layout."""

from collections.abc import Mapping
from dataclasses import dataclass

from vbatch.model.layout import Field


@dataclass(frozen=True, slots=True, kw_only=True)
class Binding:
    """Which text column of a source feeds which field.

    Args:
        header: the source's field names in order; text column i of its frames is called `text_column(i)`.
        fields: the fields that the source has, with the text column of each.
        consulted: text columns of the source fields that other fields need: conditions and currencies.
        metadata: names and text columns of the source fields that become metadata.
        notes: what people should know about the fit, one sentence each.
    """

    header: tuple[str, ...]
    fields: tuple[tuple[Field, str], ...]
    consulted: Mapping[str, str]
    metadata: tuple[tuple[str, str], ...]
    notes: tuple[str, ...] = ()

    def text_columns(self) -> list[str]:
        """The names of the text columns."""
        return [text_column(position) for position in range(len(self.header))]


def unbound() -> Binding:
    """The binding of a source of which only the bytes matter."""
    return Binding(header=(), fields=(), consulted={}, metadata=())


def text_column(position: int) -> str:
    """The name of a source field in text frames; source names could collide with canonical ones."""
    return f"_t{position}"


def unnamed(position: int) -> str:
    """The name of a source field for which the header has none."""
    return f"column {position + 1}"


def not_text_column(text: str) -> str:
    """The name of the column that tells which values of a text column did not arrive as text (JSON only)."""
    return f"{text}_not_text"
