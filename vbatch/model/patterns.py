"""The strptime patterns that a timestamp field may declare: those that say one instant and are read as they say."""

import re
from collections.abc import Iterator

DIRECTIVE = re.compile(r"%([-0-9]?[A-Za-z%])")
DIRECTIVES = {"Y", "y", "m", "-m", "b", "B", "d", "-d", "j", "a", "A", "H", "-H", "I", "-I", "p", "M", "S", "3f", "6f", "9f", "z", "s", "%"}
HOURS = {"H", "-H", "I", "-I"}
DATES = (
    ({"Y", "y"}, {"j"}),
    ({"Y", "y"}, {"m", "-m", "b", "B"}, {"d", "-d"}),
)


def has_offset(pattern: str) -> bool:
    """Whether a form says its own offset from UTC."""
    return "%z" in pattern or "%s" in pattern or pattern.endswith("Z")


def is_date_only(pattern: str) -> bool:
    """Whether a form has no time of day."""
    return not (HOURS | {"s"}) & set(DIRECTIVE.findall(pattern))


def misfits(pattern: str) -> Iterator[str]:
    """Why no instant can be read with a pattern."""
    found = set(DIRECTIVE.findall(pattern))
    yield from _unknown(pattern, found)
    if "s" not in found:
        yield from _incomplete(pattern, found)


def _unknown(pattern: str, found: set[str]) -> Iterator[str]:
    if "%" in DIRECTIVE.sub("", pattern):
        yield "it has a % that starts no directive"
    for directive in sorted(found - DIRECTIVES):
        yield "%f would read .5 as 5 nanoseconds; write %3f, %6f or %9f" if directive == "f" else f"%{directive} is not known"


def _incomplete(pattern: str, found: set[str]) -> Iterator[str]:
    if not any(all(found & part for part in parts) for parts in DATES):
        yield "it does not hold year, month and day"
    if bool({"I", "-I"} & found) != ("p" in found):
        yield "%I and %p are only understood together"
    if ("M" in found and not HOURS & found) or ({"I", "-I"} & found and "M" not in found):
        yield "it has an hour without minutes or minutes without an hour"
    if "S" in found and "M" not in found:
        yield "it has seconds without minutes"
    if has_offset(pattern) and is_date_only(pattern):
        yield "it has an offset without a time of day"
