"""The one place that decides how much of a code or a value may be seen."""

KEPT = 4
"""How many of the last characters of a code are shown at most; never more than half of it."""

LONGEST = 40
"""How many characters of a value are shown at most."""


def masked(code: str) -> str:
    """****1234 for a code. The asterisks do not tell its length."""
    kept = min(KEPT, len(code) // 2)
    return visible("****" + code[len(code) - kept :])


def shortened(value: str) -> str:
    """A value on one line, cut where it gets long."""
    return visible(value if len(value) <= LONGEST else value[: LONGEST - 1] + "…")


def visible(text: str) -> str:
    """The text with escapes for what a terminal would obey or hide: control characters, escape sequences, zero-width characters."""
    return "".join(one if one.isprintable() else one.encode("unicode_escape", "surrogatepass").decode() for one in text)
