"""The power fails: what nobody has synced to the disk is lost, and still a second run ends as if nothing had happened."""

import pytest
from cases import Undisturbed
from states import half_done, state


@pytest.mark.parametrize("case", ["first", "replacing"])
def test_the_power_fails_at_any_step(request: pytest.FixtureRequest, case: str) -> None:
    undisturbed: Undisturbed = request.getfixturevalue(case)
    before = state(undisturbed.before)
    wrong: list[str] = []
    for one in undisturbed.disturbed("power", undisturbed.points(spread=3)):
        assert one.end.code == -9
        told = [one.wrong, half_done(before, one.between, undisturbed.state)]
        wrong += [f"power lost before {undisturbed.step(one.at)!r}: {what}" for what in told if what]
    assert wrong == []
