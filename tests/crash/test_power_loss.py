"""The power fails: what nobody has synced to the disk is lost, and still a second run ends as if nothing had happened."""

from collections.abc import Callable

import pytest
from cases import Undisturbed
from states import half_done, state


@pytest.mark.parametrize("case", ["first", "replacing"])
def test_the_power_fails_at_any_step(request: pytest.FixtureRequest, case: str, tried: Callable[[str, int, int], None]) -> None:
    undisturbed: Undisturbed = request.getfixturevalue(case)
    before = state(undisturbed.before)
    points = undisturbed.points(spread=2)
    wrong: list[str] = []
    for one in undisturbed.disturbed("power", points):
        assert one.end.code == -9
        told = [one.wrong, half_done(before, one.between, undisturbed.state)]
        wrong += [f"power lost before {undisturbed.step(one.at)!r}: {what}" for what in told if what]
    assert wrong == []
    tried(f"power failure, {case}", len(points), len(undisturbed.steps))
