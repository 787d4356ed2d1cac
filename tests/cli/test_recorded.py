"""A run that is recorded already is recognised by its sources alone: by their sizes, and then by their hashes."""

from collections.abc import Callable
from pathlib import Path
from typing import NoReturn

import pytest
from conftest import CLEAN

from vbatch import Options, Report, load, validate
from vbatch.engines import ledger
from vbatch.errors import SourceError
from vbatch.run import bring_in

SCOPED = Options(out=Path("out"))
OTHER = CLEAN.replace("GIFT-0102", "GIFT-0109")
Verb = Callable[..., Report]


def judged(_done: int, _records: int, _rejected: int) -> NoReturn:
    raise AssertionError("it was judged")


@pytest.fixture
def first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Report:
    """A load of two sources."""
    monkeypatch.chdir(tmp_path)
    Path("a").mkdir()
    Path("a/cards.csv").write_text(CLEAN)
    Path("a/more.csv").write_text("Code,Gift Amount\nGIFT-0103-FFFF,5.00\n")
    return load(["a/cards.csv", "a/more.csv"], "gift_cards", SCOPED)


@pytest.mark.parametrize(
    "sources",
    [["a/cards.csv", "a/more.csv"], ["a/more.csv", "a/cards.csv"], ["a"], ["a/*.csv"], [Path("a/more.csv").absolute, "a/cards.csv"]],
    ids=["the same", "turned", "the folder", "a glob", "an absolute path"],
)
@pytest.mark.parametrize("verb", [load, validate])
def test_nothing_is_judged(first: Report, verb: Verb, sources: list[str | Callable[[], Path]]) -> None:
    before = {path: (path.stat().st_mtime_ns, path.stat().st_ino) for path in Path().rglob("*")}
    again = verb([one if isinstance(one, str) else one() for one in sources], "gift_cards", SCOPED, progress=judged)
    assert again.to_json() == Path("out/report.json").read_text() == first.to_json()
    assert {path: (path.stat().st_mtime_ns, path.stat().st_ino) for path in Path().rglob("*")} == before


@pytest.mark.parametrize("verb", [load, bring_in, validate])
def test_sources_of_other_sizes_are_not_hashed_beforehand(first: Report, verb: Verb, monkeypatch: pytest.MonkeyPatch) -> None:
    Path("other.csv").write_text(CLEAN + "GIFT-0104-GGGG,5.00\n")

    def hashed(path: Path) -> NoReturn:
        raise AssertionError(f"{path} was hashed")

    monkeypatch.setattr(ledger, "sha256_of", hashed)
    for sources in (["other.csv"], ["a/cards.csv", "other.csv"], ["a/cards.csv"]):
        report = verb(sources, "gift_cards", Options(registry=Path("codes.duckdb")))
        assert report.run_id != first.run_id


def test_other_bytes_of_the_same_size_are_judged(first: Report) -> None:
    Path("a/cards.csv").write_text(OTHER)
    report = load(["a"], "gift_cards", Options())
    assert (report.accepted, report.faults) == (1, {"code.registered": 2})
    assert report.run_id != first.run_id


@pytest.mark.parametrize("options", [{"scope": "club"}, {"allow_truncated": True}, {"registry": Path("other.duckdb")}], ids=str)
def test_what_is_another_run_by_its_options_is_judged(first: Report, options: dict[str, str]) -> None:
    told: list[int] = []
    assert load(["a"], "gift_cards", Options(**options), progress=lambda done, *_: told.append(done))  # type: ignore[arg-type]
    assert told
    assert first.accepted == 3


def test_a_source_that_is_named_twice_is_refused_all_the_same(first: Report) -> None:
    Path("twin.csv").write_text(Path("a/cards.csv").read_text())
    assert load(["a/cards.csv", "twin.csv"], "gift_cards").run_id != first.run_id
    with pytest.raises(SourceError, match="is named twice"):
        load(["a/cards.csv", "a/cards.csv"], "gift_cards")


def test_a_limit_is_that_of_the_second_run(first: Report) -> None:
    Path("bad.csv").write_text(CLEAN)
    assert first.over_limit is False
    loaded = load(["bad.csv"], "gift_cards", Options(out=Path("bad")))
    assert (loaded.rejected, loaded.over_limit) == (2, False)
    again = validate(["bad.csv"], "gift_cards", Options(out=Path("bad")), progress=judged)
    assert (again.status, again.over_limit) == ("loaded", True)


def test_a_file_that_goes_away_meanwhile_is_named(first: Report, monkeypatch: pytest.MonkeyPatch) -> None:
    def gone(path: Path) -> NoReturn:
        raise FileNotFoundError(path)

    monkeypatch.setattr(ledger, "sha256_of", gone)
    assert load(["a"], "gift_cards", SCOPED) == first, "it is found out when the run was judged"
