"""The targets that ship with vbatch, and what can be wrong with one."""

from pathlib import Path

import pytest

from vbatch import LayoutError, PipelineError, Target, target

GOOD = """\
name = "acme"
title = "ACME"
reference = "ACME's manual"
case_sensitive = false
"""


def test_voucherify() -> None:
    loaded = target("voucherify")
    assert (loaded.name, loaded.case_sensitive) == ("voucherify", True)
    assert (loaded.max_request_bytes, loaded.max_codes) == (9_500_000, 100_000)


def test_coupon_carrier_states_no_limits() -> None:
    loaded = target("coupon_carrier")
    assert (loaded.name, loaded.case_sensitive) == ("coupon_carrier", True)
    assert (loaded.max_request_bytes, loaded.max_codes) == (None, None)


def test_a_target_of_ones_own(tmp_path: Path) -> None:
    file = tmp_path / "acme.toml"
    file.write_text(GOOD, encoding="utf-8")
    assert target(file) == Target(name="acme", title="ACME", reference="ACME's manual", case_sensitive=False)


@pytest.mark.parametrize(
    ("text", "message", "hint"),
    [
        (
            GOOD.replace("case_sensitive = false\n", ""),
            "1: `case_sensitive` is missing",
            "a target needs name, title, reference, case_sensitive",
        ),
        (GOOD + "max_code = 1\n", "5: unknown key `max_code`", "did you mean 'max_codes'? "),
        (GOOD + "max_codes = 0\n", "5: `max_codes` cannot be 0", "leave it out"),
        (GOOD + "max_codes = '1'\n", '5: `max_codes` must be a whole number, not "1"', "without quotes"),
        (GOOD + "[dialect]\n", "5: unknown key `dialect`", "known here: name"),
        (GOOD + "fields = [{ a = 1 }]\n", "5: unknown key `fields`", "known here: name"),
        (GOOD + "max_codes = many\n", "5: not TOML: invalid value", "https://toml.io"),
    ],
)
def test_a_flaw_is_named_with_its_line(tmp_path: Path, text: str, message: str, hint: str) -> None:
    file = tmp_path / "acme.toml"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(PipelineError) as caught:
        target(file)
    assert not isinstance(caught.value, LayoutError)
    assert caught.value.message == f"{file}:{message}"
    assert hint in caught.value.hint


def test_an_unknown_name() -> None:
    with pytest.raises(PipelineError, match=r"^no target is called 'vouchrify'$") as caught:
        target("vouchrify")
    assert caught.value.hint == "did you mean 'voucherify'? shipped: coupon_carrier, voucherify; give one of your own by its path"
