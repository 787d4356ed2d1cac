"""One example of each fault, out of errors.parquet."""

from collections.abc import Iterable, Mapping
from pathlib import Path

import polars as pl

from vbatch.cli.mask import masked, shortened, visible


def examples(errors: Path, faults: Iterable[str]) -> Mapping[str, tuple[str, str]]:
    """Where each fault stands first, and what was found there.

    Args:
        errors: path of errors.parquet.
        faults: the codes of the faults.

    Returns:
        For each fault that the file holds, its `source:line` and the masked code with the value. Nothing at all if the file cannot be read:
        a run does not fail because its summary is poor.
    """
    try:
        lines = pl.scan_parquet(errors)
        # One narrow pass finds the places, so that a file of any size is never held in memory.
        numbered = lines.select("fault").with_row_index("place").filter(pl.col("fault").is_in(list(faults)))
        firsts = numbered.group_by("fault").agg(pl.col("place").min()).collect(engine="streaming")
        return {fault: _example(lines.slice(place, 1).collect().row(0, named=True)) for fault, place in firsts.iter_rows()}
    except (OSError, pl.exceptions.PolarsError):
        return {}


def _example(line: Mapping[str, str | int | None]) -> tuple[str, str]:
    return visible(f"{line['source']}:{line['line']}"), "  ".join(_found(line))


def _found(line: Mapping[str, str | int | None]) -> Iterable[str]:
    """The masked code and the value; a record that is broken as a whole may hold its code anywhere, so its bytes are not shown."""
    code, column, value = line["code"], line["column"], line["value"]
    if code:
        yield f"'{masked(str(code))}'"
    if column not in {None, "code"} and value != code:
        yield "empty" if value is None else f"'{shortened(str(value))}'"
