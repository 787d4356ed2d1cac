"""The folders below tests/cases, each of which says what goes into a run and what the rules make of it.

A case holds its sources (`input.csv`, or `input-1.csv` and so on), `accepted.csv` with the columns that matter to it, `errors.csv` in
the columns of the real one, and where it needs them `case.toml`, `pipeline.py` and `layout.toml`. The keys of case.toml are the fields
of `Case`.
"""

import csv
import io
import tomllib
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

from vbatch import Pipeline
from vbatch.catalog import pipeline

HERE = Path(__file__).with_name("cases")
SHIPPED = {
    "coupon_carrier": "code_list",
    "voucherify_campaign_csv": "gift_cards",
    "voucherify_json": "voucherify_json",
    "voucherify_standalone_csv": "standalone",
}

Row = dict[str, str]


@dataclass(frozen=True, kw_only=True)
class Case:
    """One folder.

    Args:
        folder: where it is.
        pipeline: name of a shipped pipeline; without it pipeline.py, here or one folder up, or the one that SHIPPED names for the layout.
        verb: what is run.
        status: how the report ends; what the verb does where all goes well if not given.
        over_limit: whether more rows were rejected than max_rejected allows.
        on_conflict, severities: instead of the pipeline's.
        as_of, max_rejected: options.
        registered: sources that are loaded into the registry first.
        used: codes that are then marked as used.
        encoding: of the sources where a line end is not one byte.
        cut_off: whether the sources are given as gzip files that end where they end.
        blank_lines: of each source.
        notes: what the report says about the fit of each source and the layout.
        xfail: why the case does not hold yet.
    """

    folder: Path
    pipeline: str = ""
    verb: str = "validate"
    status: str = ""
    over_limit: bool | None = None
    on_conflict: str = ""
    severities: dict[str, str] = field(default_factory=dict)
    as_of: datetime | None = None
    max_rejected: str = ""
    registered: tuple[str, ...] = ()
    used: tuple[str, ...] = ()
    encoding: str = "latin-1"
    cut_off: bool = False
    blank_lines: tuple[int, ...] | None = None
    notes: tuple[tuple[str, ...], ...] | None = None
    xfail: str = ""

    @property
    def name(self) -> str:
        return f"{self.folder.parent.name}/{self.folder.name}"

    @property
    def sources(self) -> list[str]:
        return sorted(path.name + ".gz" * self.cut_off for path in self.folder.glob("input*"))

    def data(self, source: str) -> bytes:
        return (self.folder / source.removesuffix(".gz")).read_bytes()

    def rows(self, name: str) -> list[Row]:
        return rows_of((self.folder / name).read_bytes())

    def worked_out(self) -> Pipeline:
        own = [str(path) for path in (self.folder / "pipeline.py", self.folder.parent / "pipeline.py") if path.exists()]
        chosen = self.pipeline or (own or [SHIPPED[self.folder.parent.name]])[0]
        changes: dict[str, Any] = {"on_conflict": self.on_conflict} if self.on_conflict else {}
        return replace(loaded(chosen), severities=self.severities or loaded(chosen).severities, **changes)


@cache
def loaded(name: str) -> Pipeline:
    return pipeline(name)


def rows_of(data: bytes) -> list[Row]:
    return list(csv.DictReader(io.StringIO(data.decode("utf-8"), newline="")))


def found_cases() -> list[Case]:
    cases = []
    for folder in sorted(path.parent for path in HERE.glob("*/*/errors.csv")):
        file = folder / "case.toml"
        settings = tomllib.loads(file.read_text("utf-8")) if file.exists() else {}
        cases.append(Case(folder=folder, **{key: tuple(value) if isinstance(value, list) else value for key, value in settings.items()}))
    return cases
