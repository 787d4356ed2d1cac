"""The chain of a run and those that mend its rejected records: what is still open, also where a code itself was mended."""

import json
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest

from vbatch import Options, Report, load, verify
from vbatch.engines.correction import correction
from vbatch.registry import Registry

HEADER = "Code,Gift Amount,Redeemed Amount\n"
GOOD, NO_AMOUNT, SPACE, UMLAUT = "CARD-1,1.00,\n", "CARD-2,x,\n", "CARD 3,3.00,\n", "CARD 4,4.00,\n"
Mend = Callable[..., Report]


@pytest.fixture
def first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Report:
    """A load of four records, of which the last three are rejected: one for its amount, two for their code."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "cards.csv").write_text(HEADER + GOOD + NO_AMOUNT + SPACE + UMLAUT)
    return load(["cards.csv"], "gift_cards", Options(out=Path("out")))


@pytest.fixture
def mend(first: Report) -> Mend:
    """Load these lines as what the replay file became."""

    def load_mended(*lines: str, out: str = "mended", name: str = "cards.csv") -> Report:
        assert Path("out/rejected/replay/cards.csv").read_text() == HEADER + NO_AMOUNT + SPACE + UMLAUT
        Path(f"{out}-source").mkdir()
        Path(f"{out}-source", name).write_text(HEADER + "".join(lines))
        report = load([f"{out}-source/{name}"], "gift_cards", Options(out=Path(out), corrects=first.run_id[:12]))
        assert verify(out) == ()
        return report

    return load_mended


def counts(report: Report) -> tuple[int, int]:
    assert report.corrects is not None
    assert report.corrects["rejected"] == 3
    return report.corrects["since_accepted"], report.corrects["open"]


def still_open(out: str = "mended") -> list[int]:
    return sorted(pl.read_csv(f"{out}/still_open.csv")["record"].unique())


def test_a_record_whose_code_was_mended_in_its_place(mend: Mend) -> None:
    report = mend("CARD-2,2.00,\n", "CARD-3,3.00,\n", "CARD 4,4.00,\n")
    assert counts(report) == (2, 1)
    assert still_open() == [4]


def test_all_of_them(mend: Mend) -> None:
    assert counts(mend("CARD-2,2.00,\n", "CARD-3,3.00,\n", "CARD-4,4.00,\n")) == (3, 0)
    assert still_open() == []


@pytest.mark.parametrize(
    "lines",
    [
        ("CARD-2,2.00,\n", "CARD-3,3.00,\n"),
        ("CARD-3,3.00,\n", "CARD-2,2.00,\n", "CARD-4,4.00,\n"),
        ("CARD-2,2.00,\n", "CARD-3,3.00,\n", "CARD-4,4.00,\n", "CARD-5,5.00,\n"),
    ],
    ids=["a line is gone", "a line moved", "a line more"],
)
def test_where_places_prove_nothing_only_codes_count(mend: Mend, lines: tuple[str, ...]) -> None:
    assert counts(mend(*lines)) == (1, 2)
    assert still_open() == [3, 4]


def test_a_file_of_another_name_has_no_places(mend: Mend) -> None:
    assert counts(mend("CARD-2,2.00,\n", "CARD-3,3.00,\n", "CARD-4,4.00,\n", name="others.csv")) == (1, 2)


def test_one_after_the_other(mend: Mend, first: Report) -> None:
    assert counts(mend(NO_AMOUNT, "CARD-3,3.00,\n", UMLAUT, out="once")) == (1, 2)
    assert counts(mend(NO_AMOUNT, SPACE, "CARD-4,4.00,\n", out="twice")) == (2, 1)
    assert still_open("twice") == [2]
    now = correction(Registry(Path("codes.duckdb")), first.run_id, first.scope, ())
    assert now.told() == {"run": first.run_id, "rejected": 3, "since_accepted": 2, "open": 1}


def test_without_its_outputs_nobody_can_say(mend: Mend, first: Report) -> None:
    Path("out").rename("elsewhere")
    Path("out/rejected/replay").mkdir(parents=True)
    Path("out/rejected/replay/cards.csv").write_text(HEADER + NO_AMOUNT + SPACE + UMLAUT)
    report = mend("CARD-2,2.00,\n")
    assert report.corrects == {"run": first.run_id, "rejected": 3, "since_accepted": None, "open": None}
    assert not Path("mended/still_open.csv").exists()


class TestACorrectionOfACorrection:
    """What a mended file had rejected again is followed to the runs that correct its run."""

    @pytest.fixture
    def second(self, mend: Mend) -> Report:
        """The code of one record is mended, of another the amount only; two are rejected again, one of them under a new code."""
        report = mend("CARD-2,y,\n", "CARD-3,3.00,\n", "CARD 5,4.00,\n", out="second")
        assert counts(report) == (1, 2)
        return report

    def third(self, second: Report, *lines: str, name: str = "cards.csv") -> None:
        assert Path("second/rejected/replay/cards.csv").read_text() == HEADER + "CARD-2,y,\n" + "CARD 5,4.00,\n"
        Path("third-source").mkdir()
        Path("third-source", name).write_text(HEADER + "".join(lines))
        load([f"third-source/{name}"], "gift_cards", Options(out=Path("third"), corrects=second.run_id))
        assert verify("third") == ()

    def open_in(self, first: Report) -> list[int]:
        """The records of the first run that are open, by what `registry runs` tells."""
        now = correction(Registry(Path("codes.duckdb")), first.run_id, first.scope, ())
        assert now.still_open is not None
        left = sorted(now.still_open["record"].unique())
        assert now.told() == {"run": first.run_id, "rejected": 3, "since_accepted": 3 - len(left), "open": len(left)}
        return left

    def test_by_place(self, first: Report, second: Report) -> None:
        assert self.open_in(first) == [2, 4]
        self.third(second, "CARD-7,2.00,\n", "CARD-4,4.00,\n")
        assert self.open_in(first) == []

    def test_what_is_still_open_stays_so(self, first: Report, second: Report) -> None:
        self.third(second, "CARD-2,z,\n", "CARD-4,4.00,\n")
        assert self.open_in(first) == [2]

    @pytest.mark.parametrize(
        ("lines", "name"),
        [
            (("CARD-4,4.00,\n",), "cards.csv"),
            (("CARD-4,4.00,\n", "CARD-2,2.00,\n"), "cards.csv"),
            (("CARD-2,2.00,\n", "CARD-4,4.00,\n"), "c.csv"),
        ],
        ids=["a line is gone", "a line moved", "another name"],
    )
    def test_where_places_prove_nothing_only_codes_count(self, first: Report, second: Report, lines: tuple[str, ...], name: str) -> None:
        self.third(second, *lines, name=name)
        assert self.open_in(first) == [2, 4][len(lines) == 2 :]

    def test_without_the_outputs_between_only_codes_count(self, first: Report, second: Report) -> None:
        self.third(second, "CARD-2,2.00,\n", "CARD-4,4.00,\n")
        Path("second").rename("elsewhere")
        assert self.open_in(first) == [4]

    def test_through_another_one(self, first: Report, second: Report) -> None:
        self.third(second, "CARD-2,2.00,\n", "CARD 6,4.00,\n")
        assert self.open_in(first) == [4]
        replayed = Path("third/rejected/replay/cards.csv")
        assert replayed.read_text() == HEADER + "CARD 6,4.00,\n"
        Path("fourth-source").mkdir()
        Path("fourth-source/cards.csv").write_text(HEADER + "CARD-4,4.00,\n")
        corrects = json.loads(Path("third/report.json").read_text())["run_id"]
        load(["fourth-source/cards.csv"], "gift_cards", Options(out=Path("fourth"), corrects=corrects))
        assert self.open_in(first) == []


def test_a_code_that_was_mended_before_it_was_accepted_is_known_by_that_code(first: Report, mend: Mend) -> None:
    """The second mended file has another name, and so no places."""
    second = mend(NO_AMOUNT, "CARD-3,x,\n", UMLAUT, out="second")
    Path("rest.csv").write_text(HEADER + "CARD-3,3.00,\n")
    load(["rest.csv"], "gift_cards", Options(out=Path("third"), corrects=second.run_id))
    now = correction(Registry(Path("codes.duckdb")), first.run_id, first.scope, ())
    assert now.still_open is not None
    assert sorted(now.still_open["record"].unique()) == [2, 4]


def test_a_rejected_record_that_moved_ends_the_way(first: Report, mend: Mend) -> None:
    """Nothing was accepted that could prove it, but what was rejected again does."""
    second = mend(NO_AMOUNT, UMLAUT, SPACE, out="second")
    Path("cards.csv").write_text(HEADER + "CARD-2,2.00,\n" + "CARD-4,4.00,\n" + "CARD 3,3.00,\n")
    load(["cards.csv"], "gift_cards", Options(out=Path("third"), corrects=second.run_id))
    now = correction(Registry(Path("codes.duckdb")), first.run_id, first.scope, ())
    assert now.still_open is not None
    assert sorted(now.still_open["record"].unique()) == [3, 4]
