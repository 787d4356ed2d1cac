"""Sequences of register, forget, mark and lookup against a plain-Python model of what a registry promises."""

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

import polars as pl
import pytest
from hypothesis import Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from vbatch.errors import RegistryError
from vbatch.model.registered import RegisteredRun
from vbatch.registry import CodesTakenError, Mark, Registry

# Few of each, so that short sequences meet.
ALL = ("abc", "ABC", "x")
SCOPES = st.sampled_from(["shop", "shop", "club"])
NAMES = st.sampled_from(["r1", "r2", "r3"])
CODES = st.lists(st.sampled_from(ALL), min_size=1, max_size=4)
STATUSES: st.SearchStrategy[Mark] = st.sampled_from(["delivered", "used", "used", "disabled"])


@dataclass
class Known:
    scope: str
    codes: list[str]
    corrects: str | None


@dataclass
class Model:
    """What the registry should say."""

    runs: dict[str, Known] = field(default_factory=dict)
    forgotten: list[tuple[str, int]] = field(default_factory=list)
    status: dict[tuple[str, str], Mark] = field(default_factory=dict)
    events: dict[str, list[tuple[str, str, str | None]]] = field(default_factory=lambda: {code: [] for code in ALL})

    def holder(self, scope: str, fits: Callable[[str], bool], apart_from: str = "") -> tuple[str, int] | None:
        """The earliest other run of the scope that holds such a code, and its record."""
        others = ((name, run.codes) for name, run in self.runs.items() if run.scope == scope and name != apart_from)
        return next(((name, codes.index(code) + 1) for name, codes in others for code in codes if fits(code)), None)

    def used(self, scope: str, code: str, apart_from: str = "") -> bool:
        own = self.runs.get(apart_from)
        return self.status.get((scope, code)) == "used" and not (own and own.scope == scope and code in own.codes)

    def lines(self, scope: str, code: str, apart_from: str) -> list[tuple[object, ...]]:
        """What a lookup should find for a code: exact, run, record, used."""
        same, used = self.holder(scope, code.__eq__, apart_from), self.used(scope, code, apart_from)
        other = self.holder(scope, lambda one: one != code and one.lower() == code.lower(), apart_from)
        return [(True, *(same or (None, None)), used)] * bool(same or used) + [(False, *(other or ()), False)] * bool(other)

    def verdict(self, status: Mark, scope: str, code: str) -> str:
        before = self.status.get((scope, code))
        if before == "used" != status:
            return "used"
        if before != "used" and self.holder(scope, code.__eq__) is None:
            return "unknown"
        return "already" if before == status else "marked"


class RegistryMachine(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.folder = TemporaryDirectory()
        self.registry = Registry(Path(self.folder.name, "codes.duckdb"))
        self.model = Model()

    @initialize(codes=CODES, used=CODES)
    def make(self, codes: list[str], used: list[str]) -> None:
        self.register("r1", "shop", codes, None)
        self.mark("used", "shop", used)

    @rule(name=NAMES, scope=SCOPES, codes=CODES, corrects=st.sampled_from([None, None, None, "r1", "r2"]))
    def register(self, name: str, scope: str, codes: list[str], corrects: str | None) -> None:
        codes = list(dict.fromkeys(codes))
        taken = [code for code in codes if self.model.used(scope, code) or self.model.holder(scope, code.__eq__)]
        if name not in self.model.runs and taken:
            with pytest.raises(CodesTakenError, match=f"registered {len(taken)} of these"):
                self.try_to_register(name, scope, codes, corrects, [])
            codes = [code for code in codes if code not in taken]
        with refused(name in self.model.runs or (corrects is not None and corrects not in self.model.runs)) as wrong:
            self.try_to_register(name, scope, codes, corrects, taken)
        if wrong is None:
            self.model.runs[name] = Known(scope, codes, corrects)
            for code in [*taken, *codes]:
                self.model.events[code].append(("attempt" if code in taken else "registered", scope, name))

    def try_to_register(self, name: str, scope: str, codes: list[str], corrects: str | None, attempts: list[str]) -> None:
        run = RegisteredRun(
            run_id=name,
            scope=scope,
            pipeline="p",
            registered_at=datetime.now(UTC),
            sources=("a",),
            report=f'{{"accepted": {len(codes)}}}',
            corrects=corrects,
        )
        failed = self.written("attempts", attempts).with_columns(fault=pl.lit("code.registered"))
        failed.write_parquet(Path(self.folder.name, "attempts"))
        self.written("part", codes)
        self.registry.register(run, [Path(self.folder.name, "part")], attempts=Path(self.folder.name, "attempts"))

    @rule(name=NAMES)
    def forget(self, name: str) -> None:
        corrected = any(run.corrects == name for run in self.model.runs.values())
        with refused(name not in self.model.runs or corrected) as wrong:
            count = self.registry.forget(name, by="me", reason="a test")
        if wrong is None:
            run = self.model.runs.pop(name)
            assert count == len(run.codes)
            self.model.forgotten.append((name, count))
            for code in run.codes:
                self.model.events[code].append(("forgotten", run.scope, name))

    @rule(status=STATUSES, scope=SCOPES, codes=CODES)
    def mark(self, status: Mark, scope: str, codes: list[str]) -> None:
        result = self.registry.mark(status, self.written("marks", codes), scope=scope, by="me", reason="a test")
        verdicts = []
        for code in codes:
            verdicts.append(self.model.verdict(status, scope, code))
            if verdicts[-1] == "marked":
                self.model.status[scope, code] = status
                self.model.events[code].append((status, scope, None))
        assert (result.marked, result.already) == (verdicts.count("marked"), verdicts.count("already"))
        assert result.unknown["code"].to_list() == [code for code, verdict in zip(codes, verdicts, strict=True) if verdict == "unknown"]
        assert result.used["code"].to_list() == [code for code, verdict in zip(codes, verdicts, strict=True) if verdict == "used"]

    @invariant()
    def lookup(self) -> None:
        self.written("all", list(ALL))
        for apart_from in ("", *list(self.model.runs)[:1]):
            found = self.registry.lookup("shop", [Path(self.folder.name, "all")], apart_from=apart_from)
            assert found.select("row", "exact", "run_id", "record", "used").rows() == [
                (row, *line) for row, code in enumerate(ALL) for line in self.model.lines("shop", code, apart_from)
            ]

    def written(self, name: str, codes: list[str]) -> pl.DataFrame:
        records = pl.int_range(1, pl.len() + 1, dtype=pl.UInt64).alias("_record")
        rows = pl.DataFrame({"code": codes}, schema={"code": pl.String}).with_columns(records, _source=pl.lit("a"))
        rows.write_parquet(Path(self.folder.name, name))
        return rows

    def teardown(self) -> None:
        registry, model = self.registry, self.model
        assert registry.check() == ()
        assert registry.runs().select("run_id", "codes").rows() == [(name, len(run.codes)) for name, run in model.runs.items()]
        assert registry.forgotten().select("run_id", "codes").rows() == model.forgotten
        held = [(name, run.scope, code) for name, run in model.runs.items() for code in run.codes]
        lost = sorted(key for key, status in model.status.items() if status == "used" and not model.holder(key[0], key[1].__eq__))
        registry.export(Path(self.folder.name, "e.parquet"))
        assert pl.read_parquet(Path(self.folder.name, "e.parquet")).select("run_id", "scope", "code", "status").rows() == [
            *((name, scope, code, model.status.get((scope, code))) for name, scope, code in held),
            *((None, scope, code, "used") for scope, code in lost),
        ]
        for code in ALL:
            events = registry.timeline(code).filter("exact").select("event", "scope", "run_id").rows()
            assert (code, events) == (code, model.events[code])
        self.folder.cleanup()


def refused(wrong: bool) -> AbstractContextManager[object]:  # noqa: FBT001  # the condition is the whole call
    """Expects a RegistryError if this is wrong; its value is None if it is not."""
    return pytest.raises(RegistryError) if wrong else nullcontext()


TestRegistryModel = RegistryMachine.TestCase
# Eight steps can be read as they are; to find fewer takes minutes.
TestRegistryModel.settings = settings(stateful_step_count=8, phases=(Phase.explicit, Phase.generate))
