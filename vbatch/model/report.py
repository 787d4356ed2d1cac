"""The account of a run: report.json as a value."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from decimal import Decimal
from typing import Any, Literal

from vbatch.model.batch import Tally

Status = Literal["validated", "loaded", "imported", "refused"]


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceReport:
    """What became of one source.

    Args:
        path: as given.
        bytes, sha256: of the file as it is.
        records: how many the parser gave back and were judged.
        counted: how many there are in the bytes, found without the parser.
        accepted, rejected, discarded: the fates; they add up to records.
        blank_lines: between the records.
        truncated: whether its compressed stream ended early.
        replay: where its rejected records are, in the output folder.
        notes: what people should know of how it fits the layout.
        reading: how its bytes were cut: shape, first data byte and its line, and the dialect.
    """

    path: str
    bytes: int
    sha256: str
    records: int
    counted: int
    accepted: int
    rejected: int
    discarded: int
    blank_lines: int = 0
    truncated: bool = False
    replay: str = ""
    notes: tuple[str, ...] = ()
    reading: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Output:
    """One file of the run: its path within the output folder, its size and hash, and its rows where it has rows."""

    path: str
    bytes: int
    sha256: str
    rows: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """The account of a run. Its counts add up, or it cannot be built: ValueError.

    Args:
        run_id: identity of the run: input bytes, layout, rules, options and version.
        verb: validate or load.
        pipeline: its name.
        scope: where codes must be unique.
        target: the destination's name.
        status: validated, loaded (registered), or refused (too many rejected; nothing registered).
        over_limit: whether more rows were rejected than allowed.
        started_at, finished_at: UTC, ISO 8601.
        seconds: wall time.
        records, accepted, rejected, discarded, warned: over all sources.
        faults: rows for each fault code.
        totals: for each amount column the sums over the fates, exact decimals as text.
        sources: one account each, in the order given.
        outputs: every file of the run but the report itself.
        options: what the run was asked for.
        corrects: the run whose rejected records this one mends: run, rejected, since_accepted and open, or None.
        versions: of vbatch and the libraries that decide results.
        timings: seconds of each phase up to the report, if they were asked for; phases of several threads are added up.
        path: the output folder; empty in report.json itself.
    """

    run_id: str
    verb: str
    pipeline: str
    scope: str
    target: str
    status: Status
    over_limit: bool = False
    started_at: str
    finished_at: str
    seconds: float
    records: int
    accepted: int
    rejected: int
    discarded: int
    warned: int
    faults: Mapping[str, int] = field(default_factory=dict)
    totals: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    sources: tuple[SourceReport, ...]
    outputs: tuple[Output, ...]
    options: Mapping[str, Any] = field(default_factory=dict)
    corrects: Mapping[str, Any] | None = None
    versions: Mapping[str, str] = field(default_factory=dict)
    timings: Mapping[str, float] | None = None
    path: str = ""

    def __post_init__(self) -> None:
        parts: tuple[Report | SourceReport, ...] = (self, *self.sources)
        for part in parts:
            if part.records != part.accepted + part.rejected + part.discarded:
                raise ValueError(f"the counts of {part.path or 'the run'} do not add up")
        for name in ("records", "accepted", "rejected", "discarded"):
            if getattr(self, name) != sum(getattr(source, name) for source in self.sources):
                raise ValueError(f"the sources' {name} do not add up")

    def to_json(self) -> str:
        """The text of report.json; its last field is the hash of all that stands before it."""
        values = {name: value for name, value in asdict(self).items() if name != "path" and not (name == "timings" and value is None)}
        return _sealed(json.dumps(values, indent=2, ensure_ascii=False).removesuffix("\n}"))

    @classmethod
    def from_json(cls, text: str, path: str = "") -> "Report":
        """Read report.json; ValueError, KeyError or TypeError where it is not one, or not as it was written."""
        values = json.loads(_unsealed(text))
        values["sources"] = tuple(SourceReport(**{**one, "notes": tuple(one["notes"])}) for one in values["sources"])
        values["outputs"] = tuple(Output(**one) for one in values["outputs"])
        return cls(**values, path=path)


SEAL = ',\n  "sha256": '


def _sealed(body: str) -> str:
    return f'{body}{SEAL}"{hashlib.sha256(body.encode()).hexdigest()}"\n}}\n'


def _unsealed(text: str) -> str:
    """The report without its hash. Texts are compared, not values, so that not even a space can change."""
    body = text.rpartition(SEAL)[0]
    if text != _sealed(body):
        raise ValueError("its text does not have the hash in its last field: it was changed after it was written")
    return body + "\n}"


def totals_of(tally: Tally) -> dict[str, dict[str, str]]:
    """The sums of a tally as exact decimal texts."""
    return {name: {fate: plain(value) for fate, value in sums._asdict().items()} for name, sums in tally.sums.items()}


def plain(value: Decimal) -> str:
    """A decimal as text without exponent."""
    return format(value, "f")
