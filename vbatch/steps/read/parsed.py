"""What a batch's records hold."""

from typing import NamedTuple

import polars as pl


class Parsed(NamedTuple):
    """The records of a batch: well-formed ones with their texts, malformed ones with the fault in FAULTS."""

    texts: pl.DataFrame
    malformed: pl.DataFrame
