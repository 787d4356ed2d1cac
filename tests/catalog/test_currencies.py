"""How many decimals currencies have."""

import re

import pytest

from vbatch.model.currency import DECIMALS, decimals_of


@pytest.mark.parametrize(
    ("currency", "decimals"), [("EUR", 2), ("USD", 2), ("JPY", 0), ("ISK", 0), ("KWD", 3), ("CLF", 4), ("XOF", 0), ("XCG", 2)]
)
def test_decimals(currency: str, decimals: int) -> None:
    assert decimals_of(currency) == decimals


@pytest.mark.parametrize("text", ["", "eur", "EURO", "DEM", "HRK", "XAU", "XXX"])
def test_everything_else_is_no_active_currency_with_a_minor_unit(text: str) -> None:
    with pytest.raises(KeyError):
        decimals_of(text)


def test_the_list_is_whole() -> None:
    assert len(DECIMALS) == 165
    assert all(re.fullmatch("[A-Z]{3}", currency) for currency in DECIMALS)
