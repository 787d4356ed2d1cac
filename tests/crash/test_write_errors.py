"""A write that fails, at any step: a named error, nothing visible, nothing registered, and a second run as if nothing had happened."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from cases import EVERY, Disturbed, Undisturbed
from processes import Zygote
from states import State, half_done, state, under

Tried = Callable[[str, int, int], None]

TWO_LINES = re.compile(r"(resuming .*\n)?error: (?!internal).+\nhint: .+\n")


CASES = [(case, fault) for case in ("first", "replacing", "validating") for fault in ("ENOSPC", "EIO")]


@pytest.mark.parametrize(("case", "fault"), CASES if EVERY else CASES[:1] + CASES[3:4])
def test_an_error_at_any_step(request: pytest.FixtureRequest, case: str, fault: str, tried: Tried) -> None:
    undisturbed: Undisturbed = request.getfixturevalue(case)
    before = state(undisturbed.before)
    points = undisturbed.points(spread=4)
    wrong: list[str] = []
    for one in undisturbed.disturbed(fault, points):
        told = [one.wrong, *shown(undisturbed, before, one)]
        wrong += [f"{fault} at {undisturbed.step(one.at)!r}: {what}" for what in told if what]
    assert wrong == []
    tried(f"{fault}, {case}", len(points), len(undisturbed.steps))


def shown(undisturbed: Undisturbed, before: State, one: Disturbed) -> list[str]:
    """In which way the error itself was not as it should be."""
    visible = [name for name in ("out", "codes.duckdb") if under(one.between, name) != under(before, name)]
    if one.end.code == undisturbed.end.code:
        # What cannot be cleaned up is no reason to say that a run failed.
        return [half_done(before, one.between, undisturbed.state), "" if visible else "it says that it was done"]
    wrong = [] if one.end.code == 2 and TWO_LINES.fullmatch(one.end.told) else [f"it ended with {one.end.code}: {one.end.told}"]
    # What is registered is published by the next run, and a result that is in its place may not be on the disk for sure.
    allowed = {"codes.duckdb": "cannot be put in its place" in one.end.told, "out": one.at > undisturbed.last("os.rename")}
    return wrong + [f"{name} changed" for name in visible if not allowed[name]]


def test_the_words(first: Undisturbed) -> None:
    with first.fresh("words") as place:
        full = first.run(place, fault="ENOSPC", at="part-00002.arrow")
        assert full.told == "error: out: the disk is full\nhint: free some space or write elsewhere with -o; nothing was published\n"
        broken = first.run(place, fault="EIO", at="part-00002.arrow")
        assert (
            broken.told == "error: out: cannot be written: Input/output error\nhint: choose another folder with -o; nothing was published\n"
        )
        late = first.run(place, fault="EIO", at=r"^os\.rename \S+/out out$")
        assert late.told.splitlines()[-2:] == [
            "error: out: cannot be put in its place: Input/output error",
            "hint: mend that and run the same command again; only this step is left",
        ]
        assert first.is_as_undisturbed(place, first.run(place)) == ""


def test_an_earlier_result_stays_when_it_cannot_be_replaced(validating: Undisturbed) -> None:
    with validating.fresh("not replaced") as place:
        end = validating.run(place, fault="EIO", at=r"^os\.rename \S+/out out$")
        assert (end.code, "cannot be put in its place" in end.told) == (2, True)
        assert under(state(place), "out") == under(state(validating.before), "out")
        assert validating.is_as_undisturbed(place, validating.run(place)) == ""


class TestFolders:
    """Where a result cannot appear by a rename is found out before anything is registered."""

    def test_a_mount_point(self, private: Zygote, exports: Path) -> None:
        (exports / "out").mkdir()
        private.mount(exports / "out", "size=1m")
        end = private.run(exports, "load", "a.csv", "-p", "gift_cards", "-o", "out")
        assert end.code == 2
        assert end.told == ("error: out: is a mount point, and cannot appear in one step\nhint: name a folder inside it with -o\n")
        assert not (exports / "codes.duckdb").exists()
        assert private.run(exports, "load", "a.csv", "-p", "gift_cards", "-o", "out/1").code == 0

    @pytest.mark.parametrize("made", [True, False], ids=["an empty folder", "nothing yet"])
    def test_a_link(self, zygote: Zygote, exports: Path, *, made: bool) -> None:
        real = exports / "disk" / "real"
        real.parent.mkdir()
        (exports / "out").symlink_to("disk/real")
        if made:
            real.mkdir()
        for code in (1, 0, 0):
            verb = "validate" if code else "load"
            end = zygote.run(exports, verb, "a.csv", "-p", "gift_cards", "-o", "out")
            assert end.code == code, end.told
            assert (real / "report.json").exists()
        assert {path.name for path in exports.iterdir()} == {"a.csv", "b.csv.gz", "codes.duckdb", "disk", "out", "tmp"}
        assert {path.name for path in real.parent.iterdir()} == {"real"}
