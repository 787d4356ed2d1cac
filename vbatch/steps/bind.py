"""Fits a source's header to the fields of a layout."""

from collections.abc import Sequence
from difflib import get_close_matches

from vbatch.errors import SourceError
from vbatch.model.binding import Binding, text_column
from vbatch.model.layout import Field, Layout
from vbatch.model.rulebook import Rulebook


def bind(layout: Layout, rulebook: Rulebook, header: Sequence[str], path: str) -> Binding:
    """Fit a header to a layout.

    Args:
        layout: the legacy format.
        rulebook: the pipeline's, with the fields that its schema has.
        header: the source's field names in order; positions as text where it has no header.
        path: the source, for messages.

    Raises:
        SourceError: a field that must be there is missing or doubled, or an unmapped field is refused.
    """
    mapped = {name for one in rulebook.fields for name in (str(one.source), *one.consulted)}
    _refuse_doubled(header, mapped, layout, path)
    _refuse_missing(layout, rulebook, header, path)
    places = {name: text_column(position) for position, name in enumerate(header)}
    leftover = [name for name in header if name not in mapped and name not in layout.unmapped.drop]
    if leftover and layout.unmapped.to == "refuse":
        raise SourceError(
            f"{path}: the layout {layout.name} does not know the column {leftover[0]!r}",
            hint="map it, or name it under [unmapped] drop in the layout",
        )
    return Binding(
        header=tuple(header),
        fields=tuple((one, places[str(one.source)]) for one in rulebook.fields if str(one.source) in places),
        consulted={name: places[name] for one in rulebook.fields for name in one.consulted if name in places},
        metadata=tuple((_own_name(name, layout, leftover), places[name]) for name in leftover) if layout.unmapped.to == "metadata" else (),
        notes=_notes(leftover, mapped - set(header)),
    )


def _own_name(name: str, layout: Layout, leftover: Sequence[str]) -> str:
    """The name under which a field becomes metadata: JSON that has metadata already names its keys there."""
    own = name.removeprefix("metadata.") if layout.format == "json" else name
    return name if own in leftover else own


def _refuse_doubled(header: Sequence[str], mapped: set[str], layout: Layout, path: str) -> None:
    doubled = sorted({name for name in header if header.count(name) > 1 and name not in layout.unmapped.drop})
    if doubled:
        known = doubled[0] in mapped
        raise SourceError(
            f"{path}: the column {doubled[0]!r} stands {header.count(doubled[0])} times in the header",
            hint="keep the right one" if known else "rename one of them, or drop both by name under [unmapped] in the layout",
        )


def _refuse_missing(layout: Layout, rulebook: Rulebook, header: Sequence[str], path: str) -> None:
    for one in rulebook.fields:
        name = str(one.source)
        if name not in header and _needed(one, rulebook):
            raise SourceError(f"{path}: the column {name!r} of the layout {layout.name} is missing", hint=_hint(name, rulebook, header))


def _hint(name: str, rulebook: Rulebook, header: Sequence[str]) -> str:
    like = get_close_matches(name.casefold(), {one.casefold(): one for one in header}, n=1, cutoff=0.6)
    meant = next((one for one in header if like and one.casefold() == like[0]), None)
    if meant:
        return f"the header has {meant!r}; rename it if that is meant"
    if any(str(one.source) in header for one in rulebook.fields):
        return f"the header is: {_shown(header)}"
    # What is no header may be a record, and its code must not be shown.
    return "no column of the layout is in the first line; is it a header, and are delimiter and skip_rows right?"


def _needed(one: Field, rulebook: Rulebook) -> bool:
    return one.required or (one.column in rulebook.required and not one.when)


def _shown(header: Sequence[str]) -> str:
    text = ", ".join(name or "''" for name in header)
    return text if len(text) <= 200 else text[:200] + " …"  # noqa: PLR2004 - a hint is one line


def _notes(leftover: Sequence[str], absent: set[str]) -> tuple[str, ...]:
    folded = {name.casefold(): name for name in absent}
    found = []
    for name in leftover:
        like = get_close_matches(name.casefold(), folded, n=1, cutoff=0.8)
        if like:
            found.append(f"the column {name!r} is not mapped; the layout has {folded[like[0]]!r}, which this file lacks")
    return tuple(found)
