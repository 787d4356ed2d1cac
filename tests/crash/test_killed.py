"""A run that is killed at any step, and run again: all is as if it had never been killed."""

import os
import shutil
from collections.abc import Callable
from itertools import count
from pathlib import Path

import pytest
from cases import BOTH, CASES, FIRST, HEADER, REPLACING, VALIDATING, Undisturbed, cards
from processes import Zygote
from states import DRAFT, State, report, state

EVERY = os.environ.get("VBATCH_CRASH_POINTS") == "all"
KILLED = -9
DECISIVE = ("text .out.vbatch/out/report.json", "duckdb commit", "os.link", "os.rename", "shutil.rmtree .out.vbatch", "os.rmdir .out.vbatch")
"""Steps around which it matters most what was done before and what after."""


@pytest.fixture(scope="module", params=CASES, ids=lambda case: case.name)
def undisturbed(request: pytest.FixtureRequest, zygote: Zygote, tmp_path_factory: pytest.TempPathFactory) -> Undisturbed:
    return Undisturbed(request.param, zygote, tmp_path_factory.mktemp("case"))


@pytest.fixture(scope="module")
def first(zygote: Zygote, tmp_path_factory: pytest.TempPathFactory) -> Undisturbed:
    return Undisturbed(FIRST, zygote, tmp_path_factory.mktemp("first"))


@pytest.fixture(scope="module")
def replacing(zygote: Zygote, tmp_path_factory: pytest.TempPathFactory) -> Undisturbed:
    return Undisturbed(REPLACING, zygote, tmp_path_factory.mktemp("replacing"))


def points(undisturbed: Undisturbed, spread: int = 8) -> list[int]:
    """All steps and one more, or some all over the run and those around the decisive ones."""
    total = len(undisturbed.steps)
    if EVERY:
        return list(range(1, total + 2))
    decisive = {undisturbed.last(step) + more for step in DECISIVE for more in (0, 1) if undisturbed.has(step)}
    return sorted({*range(1, total, total // spread), *decisive, total + 1})


def test_killed_at_any_step(undisturbed: Undisturbed) -> None:
    before = state(undisturbed.before)
    wrong = []
    for one in undisturbed.disturbed("kill", points(undisturbed)):
        if one.at <= len(undisturbed.steps):
            assert one.end.code == KILLED
        else:
            assert one.end.code == undisturbed.end.code, "it survives when there are no steps left"
        told = [one.wrong, half_done(before, one.between, undisturbed.state)]
        wrong += [f"killed before {undisturbed.step(one.at)!r}: {what}" for what in told if what]
    assert wrong == []


def half_done(before: State, between: State, after: State) -> str:
    """Nothing, or what of a killed run is visible without being whole."""
    out = [part(one, "out") for one in (before, between, after)]
    codes = [part(one, "codes.duckdb") for one in (before, between, after)]
    moving = not out[1] and part(between, ".out.vbatch/aside")
    if out[1] not in (out[0], out[2]) and not moving:
        return "half a result is visible"
    if codes[1] not in (codes[0], codes[2]):
        return "half of the codes are registered"
    return "it is visible and not registered" if out[1] == out[2] != out[0] and codes[1] != codes[2] else ""


def part(whole: State, name: str) -> State:
    """What a state holds under a name."""
    return {path: content for path, content in whole.items() if path == name or path.startswith(f"{name}/")}


def test_killed_again_and_again(first: Undisturbed) -> None:
    with first.fresh("again and again") as place:
        for kills in count(1):
            end = first.run(place, fault="kill", at=23 * kills)
            if end.code != KILLED:
                break
        assert kills > 6
        assert first.is_as_undisturbed(place, end) == ""


@pytest.mark.xfail(strict=True, reason="the registry does not look for drafts that another process left")
def test_a_killed_first_load_leaves_no_draft(first: Undisturbed) -> None:
    with first.fresh("draft") as place:
        assert first.run(place, fault="kill", at=first.last("duckdb commit")).code == KILLED
        assert first.run(place).code == 0
        left = [path for path in place.iterdir() if path.name.startswith(DRAFT)]
        shutil.rmtree(place / left[0]) if left else None
        assert left == []


class TestRegisteredAndNotPublished:
    """Killed between the registry's commit and the rename: whatever is run next, the result appears where it belongs."""

    def _killed(self, undisturbed: Undisturbed, place: Path) -> None:
        assert undisturbed.run(place, fault="kill", at=undisturbed.last("os.rename .out.vbatch/out")).code == KILLED
        assert state(place)["codes.duckdb"] == undisturbed.state["codes.duckdb"]
        assert state(place).get("out/report.json") != undisturbed.state["out/report.json"]

    @pytest.mark.parametrize(
        "arguments",
        [
            ("load", *BOTH, "--restart"),
            ("load", *BOTH, "--batch-rows", "10"),
            ("load", "b.csv.gz", "a.csv", *BOTH[2:]),
            ("load", *BOTH, "--registry", "./codes.duckdb"),
            ("validate", *BOTH, "--max-rejected", "100%"),
        ],
        ids=["anew", "in other batches", "in another order", "by another name of the registry", "only validated"],
    )
    def test_the_same_input(self, first: Undisturbed, arguments: tuple[str, ...]) -> None:
        with first.fresh("the same input") as place:
            self._killed(first, place)
            end = first.zygote.run(place, *arguments)
            assert first.is_as_undisturbed(place, end) == ""

    @pytest.mark.parametrize("change", [lambda file: file.rename(file.with_name("c.csv")), lambda file: os.utime(file, (0, 0))])
    def test_another_name_or_time(self, first: Undisturbed, change: Callable[[Path], Path | None]) -> None:
        with first.fresh("another name") as place:
            self._killed(first, place)
            renamed = change(place / "a.csv") or place / "a.csv"
            end = first.zygote.run(place, "load", renamed.name, *BOTH[1:])
            renamed.rename(place / "a.csv")
            assert first.is_as_undisturbed(place, end) == ""

    def test_in_a_folder_of_its_own(self, zygote: Zygote, exports: Path) -> None:
        arguments = ("-p", "gift_cards", "--batch-rows", "64")
        assert zygote.run(exports, "load", "a.csv", *arguments, fault="kill", at=r"^os\.rename \S+/out runs/").code == KILLED
        (exports / "a.csv").rename(exports / "c.csv")
        again = zygote.run(exports, "load", "c.csv", *arguments)
        assert again.code == 0, again.told
        (out,) = (exports / "runs").iterdir()
        assert report((out / "report.json").read_text())["sources"][0]["path"] == "a.csv"
        assert zygote.run(exports, "verify", str(out)).code == 0

    @pytest.mark.parametrize("more", [(), ("--registry", "other.duckdb")], ids=["the same registry", "another registry"])
    def test_another_run(self, first: Undisturbed, more: tuple[str, ...]) -> None:
        with first.fresh("another run") as place:
            self._killed(first, place)
            (place / "other.csv").write_text(HEADER + cards(500, 510))
            end = first.zygote.run(place, "load", "other.csv", *BOTH[2:], *more)
            assert (end.code, "out: holds another run" in end.told) == (2, True), end.told
            (place / "other.csv").unlink()
            assert first.is_as_undisturbed(place, first.run(place)) == ""

    def test_an_earlier_result_is_replaced(self, replacing: Undisturbed) -> None:
        with replacing.fresh("replaced") as place:
            self._killed(replacing, place)
            end = replacing.zygote.run(place, *replacing.case.arguments, "--restart")
            assert replacing.is_as_undisturbed(place, end) == ""


class TestHalfwayThroughAReplacement:
    """Killed when the earlier result was moved aside and the new one had not taken its place."""

    def test_another_run_finds_the_earlier_result(self, zygote: Zygote, tmp_path: Path) -> None:
        validating = Undisturbed(VALIDATING, zygote, tmp_path)
        with validating.fresh("halfway") as place:
            assert validating.run(place, fault="kill", at=validating.last("os.rename .out.vbatch/out")).code == KILLED
            assert not (place / "out").exists()
            end = zygote.run(place, "load", "earlier.csv", *BOTH[2:])
            assert (end.code, "out: holds another run" in end.told) == (2, True), end.told
            assert state(place) == state(validating.before)

    def test_another_folder_is_not_in_the_way(self, replacing: Undisturbed) -> None:
        with replacing.fresh("halfway") as place:
            assert replacing.run(place, fault="kill", at=replacing.last("os.rename .out.vbatch/out")).code == KILLED
            assert replacing.zygote.run(place, "validate", "a.csv", "-p", "gift_cards", "-o", "elsewhere").code == 1
            shutil.rmtree(place / "elsewhere")
            assert replacing.is_as_undisturbed(place, replacing.run(place)) == ""
