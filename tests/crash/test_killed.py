"""A run that is killed at any step, and run again: all is as if it had never been killed."""

import os
import shutil
from collections.abc import Callable
from itertools import count
from pathlib import Path

import pytest
from cases import BOTH, HEADER, Undisturbed, cards
from processes import Zygote
from states import half_done, report, state

from vbatch import verify

Tried = Callable[[str, int, int], None]

KILLED = -9


def test_killed_at_any_step(undisturbed: Undisturbed, tried: Tried) -> None:
    before = state(undisturbed.before)
    points = undisturbed.points(spread=4)
    wrong: list[str] = []
    for one in undisturbed.disturbed("kill", points):
        assert one.end.code == KILLED
        told = [one.wrong, half_done(before, one.between, undisturbed.state)]
        wrong += [f"killed before {undisturbed.step(one.at)!r}: {what}" for what in told if what]
    assert wrong == []
    tried(f"SIGKILL, {undisturbed.name}", len(points), len(undisturbed.steps))


def test_it_survives_when_there_are_no_steps_left(first: Undisturbed) -> None:
    (one,) = first.disturbed("kill", [len(first.steps) + 1])
    assert (one.end.code, one.wrong) == (0, "")


def test_killed_again_and_again(first: Undisturbed) -> None:
    with first.fresh("again and again") as place:
        for kills in count(1):
            end = first.run(place, fault="kill", at=23 * kills)
            if end.code != KILLED:
                break
        assert kills > 6
        assert first.is_as_undisturbed(place, end) == ""


@pytest.mark.parametrize(("step", "later"), [("duckdb commit", 0), ("os.link", 0), ("os.link", 1)], ids=["not made", "whole", "made"])
def test_a_killed_first_load_leaves_no_draft_of_the_registry(first: Undisturbed, step: str, later: int) -> None:
    with first.fresh("draft") as place:
        assert first.run(place, fault="kill", at=first.last(step) + later).code == KILLED
        assert list(place.glob(".codes.duckdb.*"))
        assert first.is_as_undisturbed(place, first.run(place)) == ""
        assert not list(place.glob(".*"))
        assert not list((place / "tmp").iterdir())


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
        assert verify(out) == ()

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

    def test_another_run_finds_the_earlier_result(self, validating: Undisturbed) -> None:
        with validating.fresh("halfway") as place:
            assert validating.run(place, fault="kill", at=validating.last("os.rename .out.vbatch/out")).code == KILLED
            assert not (place / "out").exists()
            end = validating.zygote.run(place, "load", "earlier.csv", *BOTH[2:])
            assert (end.code, "out: holds another run" in end.told) == (2, True), end.told
            assert state(place) == state(validating.before)

    def test_another_folder_is_not_in_the_way(self, replacing: Undisturbed) -> None:
        with replacing.fresh("halfway") as place:
            assert replacing.run(place, fault="kill", at=replacing.last("os.rename .out.vbatch/out")).code == KILLED
            assert replacing.zygote.run(place, "validate", "a.csv", "-p", "gift_cards", "-o", "elsewhere").code == 1
            shutil.rmtree(place / "elsewhere")
            assert replacing.is_as_undisturbed(place, replacing.run(place)) == ""
