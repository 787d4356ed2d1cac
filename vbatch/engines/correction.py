"""How far a run is mended by those that correct it."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import polars as pl

from vbatch.model.part import SettledPart
from vbatch.model.report import Report
from vbatch.registry import Registry


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
