"""Arrow data as polars frames, without a copy."""

from typing import Any

import polars as pl


def frame_of(data: Any) -> pl.DataFrame:
    """The frame of an Arrow table or record batch.

    An array by itself is better put into a record batch: for arrays polars imports pyarrow.compute, which takes longer than to read a
    small export.
    """
    frame = pl.from_arrow(data)
    assert isinstance(frame, pl.DataFrame)  # noqa: S101 - a table is no series
    return frame
