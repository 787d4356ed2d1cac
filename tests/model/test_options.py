from datetime import UTC, datetime, timedelta, timezone

import pytest

from vbatch import Options, PipelineError


def test_an_instant_without_a_zone_is_refused() -> None:
    with pytest.raises(PipelineError, match="2026-01-01T00:00:00 has no time zone"):
        Options(as_of=datetime(2026, 1, 1))  # noqa: DTZ001 - that is the point


def test_one_instant_is_one_option_in_every_zone() -> None:
    paris = datetime(2026, 1, 1, 1, tzinfo=timezone(timedelta(hours=1)))
    assert Options(as_of=paris).shown("validate") == Options(as_of=datetime(2026, 1, 1, tzinfo=UTC)).shown("validate")
