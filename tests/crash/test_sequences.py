"""Sequences of load, import, replay, forget, mark, export and kills, each a process, against a plain-Python model of what must be."""

import csv
import json
import re
import shutil
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import ClassVar

from cases import EVERY, HEADER, cards
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule, run_state_machine_as_test
from processes import Ended, Zygote

from vbatch import verify
from vbatch.registry import Registry

KILLED = -9
BAD = 'CARD 77,1.00,0.00,EU\nCARD-0099,"1,50",,EU\n'
# Few codes that most of them have, so that short sequences meet.
FILES = {"a": cards(0, 5), "b": BAD + cards(3, 8), "c": cards(6, 9) + cards(0, 2)}
NAMES = st.sampled_from(sorted(FILES))
STATUSES = st.sampled_from(["used", "used", "delivered", "disabled"])
STEPS = st.integers(1, 330)
"""A load has some three hundred."""


def codes_of(text: str) -> list[str]:
    """The codes of a source that are good by themselves."""
    return [line.split(",")[0] for line in text.splitlines() if f"{line}\n" not in BAD and f"{line}\n" != HEADER]


@dataclass
class Model:
    """What must be: which codes each run holds, by what it read; which are used; what happened so far."""

    runs: dict[str, list[str]] = field(default_factory=dict)
    corrected: dict[str, str] = field(default_factory=dict)
    status: dict[str, str] = field(default_factory=dict)

    def held(self) -> dict[str, str]:
        return {code: run for run, codes in self.runs.items() for code in codes}

    def verdicts(self, text: str) -> tuple[list[str], Counter[str]]:
        """The codes that a source would get, and what the others lose them for."""
        held, free, faults = self.held(), [], Counter[str]()
        for code in codes_of(text):
            if self.status.get(code) == "used":
                faults["code.used"] += 1
            elif code in held:
                faults["code.registered"] += 1
            else:
                free.append(code)
        return free, faults


class Sequences(RuleBasedStateMachine):
    ran: ClassVar[Counter[str]] = Counter()

    def __init__(self, zygote: Zygote, folder: Path) -> None:
        super().__init__()
        self.zygote, self.place = zygote, folder
        folder.mkdir()
        self.registry = Registry(folder / "codes.duckdb")
        self.model, self.ids, self.mended = Model(), dict[str, str](), dict[str, int]()
        for name, text in FILES.items():
            (folder / f"{name}.csv").write_text(HEADER + text)
        self.ran["sequences"] += 1

    def run(self, *arguments: str, **order: int | str) -> Ended:
        self.ran["processes"] += 1
        return self.zygote.run(self.place, *arguments, **order)

    @initialize(name=NAMES, step=STEPS)
    def first(self, name: str, step: int) -> None:
        self.killed_and_loaded(name, step)

    @rule(name=NAMES)
    def load(self, name: str) -> None:
        self.loaded(f"load {name}", FILES[name], "load", f"{name}.csv", "-o", f"out-{name}")

    @rule(name=NAMES, step=STEPS)
    def killed_and_loaded(self, name: str, step: int) -> None:
        arguments = ("load", f"{name}.csv", "-o", f"out-{name}")
        known = f"load {name}" in self.model.runs
        before = self.registered()
        end = self.run(*arguments, "-p", "gift_cards", fault="kill", at=step)
        assert end.code in {0, KILLED}, end.told
        self.ran["kills"] += end.code == KILLED
        if not known and self.registered() > before:
            # It was registered before it was killed.
            self.model.runs[f"load {name}"], _ = self.model.verdicts(FILES[name])
        self.loaded(f"load {name}", FILES[name], *arguments)

    @rule(name=NAMES)
    def bring_in(self, name: str) -> None:
        self.loaded(f"import {name}", FILES[name], "registry", "import", f"{name}.csv")

    @rule(name=NAMES)
    def replay(self, name: str) -> None:
        out = self.place / f"out-{name}"
        if f"load {name}" in self.model.runs and json.loads((out / "report.json").read_text())["rejected"]:
            text = (out / "rejected" / "replay" / f"{name}.csv").read_text()
            shutil.copy(out / "rejected" / "replay" / f"{name}.csv", self.place / "mended.csv")
            run = f"replay {text}"
            # The same replay again is the same run, whose output is where it was.
            mended = f"out-mended-{self.mended.setdefault(text, len(self.mended))}"
            self.loaded(run, text, "load", "mended.csv", "-o", mended, "--corrects", self.ids[f"load {name}"])
            self.model.corrected.setdefault(run, f"load {name}")

    def loaded(self, run: str, text: str, *arguments: str) -> None:
        """It ends as the model says."""
        known = run in self.model.runs
        free, faults = self.model.verdicts(text)
        end = self.run(*arguments, "-p", "gift_cards", "--format", "json")
        assert end.code == 0, end.told
        report = json.loads(end.data)
        if not known:
            self.model.runs[run] = free
            assert {code: rows for code, rows in report["faults"].items() if code in {"code.used", "code.registered"}} == faults
        assert known == any(re.match("[A-Z]+ BEFORE  ", line) for line in end.told.splitlines()), end.told
        assert report["accepted"] == len(self.model.runs[run])
        self.ids[run] = report["run_id"]
        if "-o" in arguments:
            assert verify(self.place / arguments[arguments.index("-o") + 1]) == ()
        self.is_as_the_model()

    @rule(run=st.sampled_from([f"{verb} {name}" for verb in ("load", "import") for name in FILES]))
    def forget(self, run: str) -> None:
        corrected = any(one in self.model.runs and other == run for one, other in self.model.corrected.items())
        end = self.run("registry", "forget", self.ids.get(run, "0123456789"), "--reason", "test")
        if run not in self.model.runs or corrected:
            assert end.code == 2, end.told
        else:
            assert end.code == 0, end.told
            del self.model.runs[run]
        self.is_as_the_model()

    @rule(status=STATUSES, name=NAMES)
    def mark(self, status: str, name: str) -> None:
        if not self.registry.exists():
            return
        codes = codes_of(FILES[name])[:3]
        (self.place / "codes.txt").write_text("\n".join(codes) + "\n")
        held = self.model.held()
        known = [code for code in codes if code in held or self.model.status.get(code) == "used"]
        end = self.run("registry", "mark", status, "codes.txt", "--scope", "voucherify", "--reason", "test")
        assert end.code == int(len(known) < len(codes)), end.told
        self.model.status |= {code: status for code in known if self.model.status.get(code) != "used"}
        self.is_as_the_model()

    def registered(self) -> int:
        """How many runs there are."""
        return self.registry.runs().height if self.registry.exists() else 0

    def contents(self) -> set[tuple[str, str]]:
        """Each code with its run."""
        if not self.registry.exists():
            return set()
        self.registry.export(self.place / "e.csv")
        with (self.place / "e.csv").open() as file:
            return {(row["code"], row["run_id"]) for row in csv.DictReader(file)}

    def is_as_the_model(self) -> None:
        held = self.model.held()
        lost = {(code, "") for code, status in self.model.status.items() if status == "used" and code not in held}
        assert self.contents() == {(code, self.ids[run]) for code, run in held.items()} | lost
        assert not self.registry.exists() or self.registry.check() == ()
        assert not list(self.place.glob(".*"))

    def teardown(self) -> None:
        shutil.rmtree(self.place)


def test_sequences(zygote: Zygote, tmp_path: Path, record_property: Callable[[str, object], None]) -> None:
    numbers = count()
    Sequences.ran = Counter()
    how = settings(
        max_examples=100 if EVERY else 4,
        stateful_step_count=10,
        derandomize=not EVERY,
        deadline=None,
        phases=(Phase.generate,),
        suppress_health_check=list(HealthCheck),
    )
    run_state_machine_as_test(lambda: Sequences(zygote, tmp_path / str(next(numbers))), settings=how)
    record_property("tried", ", ".join(f"{many} {what}" for what, many in Sequences.ran.items()) + " as the model says")
