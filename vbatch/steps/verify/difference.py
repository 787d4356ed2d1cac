"""What verification finds."""

from collections.abc import Iterator
from typing import NamedTuple


class Difference(NamedTuple):
    """One claim of a report that its files do not bear out: the file or count, and the two sides."""

    what: str
    claimed: str
    found: str


def compare(what: str, claimed: object, found: object) -> Iterator[Difference]:
    """The difference between two sides, if there is one."""
    if claimed != found:
        yield Difference(what, str(claimed), str(found))
