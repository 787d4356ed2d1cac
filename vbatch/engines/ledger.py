"""What a run tells the registry besides its codes: attempts that came too late, and which run it mends."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import polars as pl

from vbatch.model.part import Part, SettledPart
from vbatch.model.report import Report
from vbatch.registry import Registry
from vbatch.steps.settle import TAKEN

ATTEMPT = {"code": pl.String, "_source": pl.String, "_record": pl.UInt64, "fault": pl.String}


def attempts_of(verdicts: pl.DataFrame, parts: Sequence[Part], rows_of: Callable[[Part], pl.DataFrame]) -> pl.DataFrame:
    """The rows that the registry turned away, with the columns of ATTEMPT.

    Args:
        verdicts: of the set-wise pass: part, row, fault.
        parts: the judged parts.
        rows_of: the accepted rows of a part, with `_source`.
    """
    frames = [pl.DataFrame(schema=ATTEMPT)]
    for (number, *_), rows in verdicts.filter(pl.col("fault").is_in(TAKEN)).partition_by("part", as_dict=True).items():
        found = rows_of(parts[int(number)]).select("code", "_source", "_record")[rows["row"].to_list()]
        frames.append(found.with_columns(rows["fault"].alias("fault")))
    return pl.concat(frames)


def correction(registry: Registry, run: str, scope: str, parts: Sequence[SettledPart]) -> dict[str, Any]:
    """How far a run is mended once these parts are registered.

    Args:
        registry: where the run is.
        run: its identity.
        scope: where codes must be unique.
        parts: what is about to be registered.

    Returns:
        The run, how many records it rejected, how many of their codes were accepted since, and how many are open; None for the last two
        where its outputs are gone.
    """
    stored = registry.stored(run)
    rejected = Report.from_json(stored.report).rejected if stored and stored.report else 0
    errors = Path(stored.outputs, "errors.parquet") if stored and stored.outputs else None
    if errors is None or not errors.exists():
        return {"run": run, "rejected": rejected, "since_accepted": None, "open": None}
    records = pl.read_parquet(errors).filter(pl.col("severity") == "error").unique(["source", "record"], maintain_order=True)
    now = pl.concat([pl.DataFrame(schema={"code": pl.String}), *(pl.read_parquet(part.accepted, columns=["code"]) for part in parts)])
    codes = records["code"]
    mended = registry.since_accepted(scope, codes, after=run) | codes.is_in(now["code"].implode())
    accepted = int(mended.fill_null(value=False).sum())
    return {"run": run, "rejected": rejected, "since_accepted": accepted, "open": rejected - accepted}
