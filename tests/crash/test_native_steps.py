"""The same for the system calls of polars, pyarrow and DuckDB, which Python does not see: killed in the middle of a write, or failing."""

import re
from collections.abc import Callable

import pytest
from cases import EVERY, FIRST, REPLACING, Case, Undisturbed
from processes import Zygote
from states import half_done, state, under

Tried = Callable[[str, int, int], None]

FAULTS = ("native kill", "native ENOSPC", "native EIO")
CASES = [(case, fault) for case in (FIRST, REPLACING) for fault in FAULTS]
TWO_LINES = re.compile(r"(resuming .*\n)?error: (?!internal).+\nhint: .+\n")
SPREAD = 5


@pytest.mark.parametrize(("case", "fault"), CASES if EVERY else [CASES[0], CASES[4]])
def test_a_fault_at_any_call(native: Zygote, tmp_path_factory: pytest.TempPathFactory, case: Case, fault: str, tried: Tried) -> None:
    undisturbed = Undisturbed(case, native, tmp_path_factory.mktemp("native"))
    before = state(undisturbed.before)
    with undisturbed.fresh("counted") as place:
        calls = undisturbed.run(place, native=1, what=0).calls
    points = list(range(1, calls + 1)) if EVERY else list(range(calls // SPREAD, calls, calls // SPREAD))
    wrong: list[str] = []
    for one in undisturbed.disturbed(fault, points):
        told = [one.wrong, half_done(before, one.between, undisturbed.state)]
        if one.end.code == 2:
            told += [f"it told: {one.end.told}" * (not TWO_LINES.fullmatch(one.end.told))]
            told += ["it is visible" * (under(one.between, "out") != under(before, "out")) * ("put in its place" not in one.end.told)]
        else:
            told += [f"ended with {one.end.code}: {one.end.told}" * (one.end.code not in {-9, undisturbed.end.code})]
        wrong += [f"call {one.at}: {what}" for what in told if what]
    assert wrong == []
    tried(f"{fault}, {'first' if case is FIRST else 'replacing'}", len(points), calls)
