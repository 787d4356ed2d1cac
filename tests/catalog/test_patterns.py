"""Which strptime patterns a timestamp may declare, held against what polars does with them."""

import polars as pl
import pytest

from vbatch.model.layout import ISO_FORMS, Field
from vbatch.model.patterns import DIRECTIVES, has_offset, is_date_only, misfits
from vbatch.steps.convert.timestamps import SHAPES, timestamps

READABLE = [
    ("%d.%m.%Y", "03.02.2001", "2001-02-03 00:00:00"),
    ("%d.%m.%y", "03.02.01", "2001-02-03 00:00:00"),
    ("%-d/%-m/%Y", "3/2/2001", "2001-02-03 00:00:00"),
    ("%b %d %Y", "Feb 03 2001", "2001-02-03 00:00:00"),
    ("%Y%j", "2001034", "2001-02-03 00:00:00"),
    ("%d/%m/%Y %H:%M", "03/02/2001 14:05", "2001-02-03 14:05:00"),
    ("%d/%m/%Y %I:%M %p", "03/02/2001 02:05 PM", "2001-02-03 14:05:00"),
    ("%Y-%m-%d %H:%M:%S.%3f", "2001-02-03 14:05:06.500", "2001-02-03 14:05:06.500"),
    ("%Y-%m-%dT%H:%M:%S%z", "2001-02-03T14:05:06+0200", "2001-02-03 12:05:06"),
    ("%Y-%m-%dT%H:%M:%SZ", "2001-02-03T14:05:06Z", "2001-02-03 14:05:06"),
    ("%s", "981209106", "2001-02-03 14:05:06"),
    ("100%% %Y-%m-%d", "100% 2001-02-03", "2001-02-03 00:00:00"),
]

UNREADABLE = [
    ("", "it does not hold year, month and day"),
    ("iso8601", "it does not hold year, month and day"),
    ("%m/%Y", "it does not hold year, month and day"),
    ("%H:%M", "it does not hold year, month and day"),
    ("%d-%m-%Y %I:%M", "%I and %p are only understood together"),
    ("%d-%m-%Y %H:%M %p", "%I and %p are only understood together"),
    ("%d-%m-%Y %I %p", "it has an hour without minutes or minutes without an hour"),
    ("%d-%m-%Y %M", "it has an hour without minutes or minutes without an hour"),
    ("%d-%m-%Y %S", "it has seconds without minutes"),
    ("%Y-%m-%d%z", "it has an offset without a time of day"),
    ("%Y-%m-%d %Q", "%Q is not known"),
    ("%Y-%m-%d %H:%M %Z", "%Z is not known"),
    ("%Y-%m-%d %", "it has a % that starts no directive"),
    ("%Y-%m-%d %:z", "it has a % that starts no directive"),
    ("%d.%m.%Y %H:%M:%S.%f", "%f would read .5 as 5 nanoseconds; write %3f, %6f or %9f"),
]


@pytest.mark.parametrize(("pattern", "text", "instant"), READABLE)
def test_a_pattern_without_misfits_reads_what_it_says(pattern: str, text: str, instant: str) -> None:
    assert not list(misfits(pattern))
    one = Field(column="expires_at", source="x", kind="timestamp", formats=(pattern,), zone="UTC", date_only="start_of_day")
    assert timestamps(pl.Series([text]), one).dt.strftime("%Y-%m-%d %H:%M:%S%.f").to_list() == [instant]


@pytest.mark.parametrize(("pattern", "why"), UNREADABLE)
def test_a_pattern_that_names_no_instant_is_refused(pattern: str, why: str) -> None:
    assert why in list(misfits(pattern))


@pytest.mark.parametrize("pattern", ISO_FORMS)
def test_the_iso_forms_are_patterns_like_any_other(pattern: str) -> None:
    assert not list(misfits(pattern))
    assert has_offset(pattern) == pattern.endswith("Z")
    assert is_date_only(pattern) == (pattern == "%Y-%m-%d")


def test_the_converter_knows_every_directive_that_a_layout_may_use() -> None:
    assert set(SHAPES) >= DIRECTIVES
