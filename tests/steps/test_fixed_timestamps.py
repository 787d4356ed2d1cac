"""Timestamps of fixed width, against Python's own strptime."""

import re
from datetime import datetime, timedelta

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vbatch.steps.convert.fixed import Plan, local_times, plan

PATTERNS = (
    "%Y-%m-%d",
    "%Y-%m-%dT%H",
    "%Y-%m-%dT%H:%M",
    "%Y-%m-%dT%H:%M:%S",
    "%Y-%m-%dT%H:%M:%SZ",
    "%Y-%m-%dT%H:%M:%S.%3fZ",
    "%Y-%m-%dT%H:%M:%S.%6f",
    "%d.%m.%Y",
    "%m/%d/%Y %H:%M",
    "%Y%m%d%H%M%S",
    "xxxxxxx%d%m%Y",
    "%H:%M on %d/%m/%Y",
)
WIDTHS = {"%Y": 4, "%m": 2, "%d": 2, "%H": 2, "%M": 2, "%S": 2, "%3f": 3, "%6f": 6}
EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001 - local times are compared
DIRECTIVE = re.compile("|".join(WIDTHS))
LIKELY = {"%Y": (0, 2100), "%m": (0, 13), "%d": (0, 32), "%H": (0, 24), "%M": (0, 60), "%S": (0, 60), "%3f": (0, 999), "%6f": (0, 999_999)}


@st.composite
def written(draw: st.DrawFn, pattern: str) -> str:
    """A text of the pattern's width: a timestamp, nearly one, or one with a byte that does not belong there."""
    text = DIRECTIVE.sub(lambda found: f"{draw(st.integers(*LIKELY[found[0]])):0{WIDTHS[found[0]]}d}", pattern)
    if draw(st.booleans()):
        place = draw(st.integers(0, len(text) - 1))
        text = text[:place] + draw(st.sampled_from("0123456789-+ T:Z.x\0/\x7f")) + text[place + 1 :]
    return text


def told(text: str, pattern: str) -> datetime | None:
    """What Python reads, which also takes fewer digits and blanks for some."""
    shape = DIRECTIVE.sub(lambda found: f"[0-9]{{{WIDTHS[found[0]]}}}", re.escape(pattern))
    if not re.fullmatch(shape, text, flags=re.DOTALL):
        return None
    try:
        return datetime.strptime(text, re.sub("%[36]f", "%f", pattern))  # noqa: DTZ007 - local times are compared
    except ValueError:
        return None


def read(raw: pl.Series, how: Plan) -> list[datetime | None]:
    micros, valid = local_times(raw, how)
    return [EPOCH + timedelta(microseconds=int(micro)) if fits else None for micro, fits in zip(micros, valid, strict=True)]


@pytest.mark.parametrize("pattern", PATTERNS)
@given(data=st.data())
def test_a_timestamp_of_fixed_width_is_read_as_python_reads_it(pattern: str, data: st.DataObject) -> None:
    how = plan(pattern)
    assert how is not None
    texts = data.draw(st.lists(written(pattern), min_size=1, max_size=20))
    assert read(pl.Series(texts, dtype=pl.String), how) == [told(text, pattern) for text in texts]


@pytest.mark.parametrize("pattern", ["%Y-%m-%d", "%Y-%m-%dT%H:%M:%SZ"])
def test_a_slice_of_a_column_is_read_from_its_own_first_byte(pattern: str) -> None:
    how = plan(pattern)
    assert how is not None
    texts = [datetime(2000 + year, 2, 28, 3, 4, 5).strftime(pattern) for year in range(5)]  # noqa: DTZ001 - the same
    assert read(pl.Series(texts)[2:4], how) == [told(text, pattern) for text in texts[2:4]]


@pytest.mark.parametrize("pattern", ["%y-%m-%d", "%-d.%-m.%Y", "%d %b %Y", "%Y-%m-%d %z", "%Y-%m", "%Y-%j", "%s", "%Y\u00e4%m", "%H:%M"])
def test_other_patterns_have_no_plan(pattern: str) -> None:
    assert plan(pattern) is None
