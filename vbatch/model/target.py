"""A destination as data."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """Where vouchers go, and the limits it sets.

    Args:
        name: how pipelines and reports call it.
        title: its name for people.
        reference: where its rules are written.
        case_sensitive: whether codes that differ only in case are two codes there.
        max_request_bytes: size of one import request, None where no limit is known.
        max_codes: codes a campaign or list can hold, None where no limit is known.
    """

    name: str
    title: str
    reference: str
    case_sensitive: bool
    max_request_bytes: int | None = None
    max_codes: int | None = None
