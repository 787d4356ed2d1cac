"""Several processes at the same time: one registry, one folder, readers and writers."""

import json
import re
from pathlib import Path

import duckdb
import polars as pl
import pytest
from cases import HEADER, cards
from processes import Ended, Zygote
from states import tables

from vbatch import verify
from vbatch.registry import Registry


def job(number: int, *more: str) -> tuple[str, ...]:
    return ("load", f"{number}.csv", "-p", "gift_cards", "-o", f"out-{number}", "--batch-rows", "40", *more)


def accepted(out: Path) -> list[str]:
    return [code for file in sorted((out / "accepted").glob("*.parquet")) for code in pl.read_parquet(file)["code"]]


@pytest.mark.parametrize(("count", "known"), [(3, False), (8, True)], ids=["that three want to make", "that is there for eight"])
def test_overlapping_exports_into_one_registry(zygote: Zygote, tmp_path: Path, count: int, *, known: bool) -> None:
    for number in range(count):
        (tmp_path / f"{number}.csv").write_text(HEADER + cards(20 * number, 20 * number + 80) + cards(900, 930))
    if known:
        (tmp_path / "known.csv").write_text(HEADER + cards(925, 940))
        assert zygote.run(tmp_path, "load", "known.csv", "-p", "gift_cards", "-o", "known").code == 0
    # All have judged everything and looked for nothing when the first may go on.
    running = [zygote.start(tmp_path, *job(number), pause_after=3).paused() for number in range(count)]
    for one in running:
        one.go_on()
    ends = [one.wait() for one in running]
    assert [one.code for one in ends] == [0] * count, "".join(one.told for one in ends)
    outs = {json.loads((out / "report.json").read_text())["run_id"]: out for out in tmp_path.glob("out-*")}
    assert len(outs) == count
    registry = Registry(tmp_path / "codes.duckdb")
    runs = {row["run_id"]: row["codes"] for row in registry.runs().to_dicts()}
    assert {run: len(accepted(out)) for run, out in outs.items()} == {run: runs[run] for run in outs}
    found = tables(tmp_path / "codes.duckdb")
    names = {row["run"]: row["run_id"] for row in found["runs"]}
    holders = {row["code"]: names[row["run"]] for row in found["codes"]}
    assert len(found["codes"]) == len(holders)
    assert holders.keys() == {line.split(",")[0] for line in every_line(tmp_path)}
    assert registry.check() == ()
    for run, out in outs.items():
        losers_name_their_winners(out, run, holders)
        assert verify(out) == ()
    assert not list(tmp_path.glob(".*"))


def every_line(folder: Path) -> list[str]:
    return [line for file in folder.glob("*.csv") for line in file.read_text().splitlines()[1:]]


def losers_name_their_winners(out: Path, run: str, holders: dict[str, str]) -> None:
    """Every record that was not accepted says which run has its code, and that run has it."""
    errors = pl.read_parquet(out / "errors.parquet").to_dicts()
    assert len(errors) == json.loads((out / "report.json").read_text())["rejected"]
    for one in errors:
        assert one["fault"] == "code.registered"
        named = re.search(r"run ([0-9a-f]{12}) on ", one["message"])
        assert named, one["message"]
        assert holders[one["code"]].startswith(named[1])
        assert holders[one["code"]] != run


def test_the_same_export_twice_at_once(zygote: Zygote, tmp_path: Path) -> None:
    for number in (1, 2, 3):
        (tmp_path / f"{number}.csv").write_text(HEADER + cards(0, 100))
    running = [zygote.start(tmp_path, *job(number), pause_after=3).paused() for number in (1, 2, 3)]
    for one in running:
        one.go_on()
    ends = [one.wait() for one in running]
    assert [one.code for one in ends] == [0, 0, 0], "".join(one.told for one in ends)
    assert len(list(tmp_path.glob("out-*/report.json"))) == 1, "the run is the same one, and its report is stored once"
    assert Registry(tmp_path / "codes.duckdb").runs()["codes"].to_list() == [100]
    assert not list(tmp_path.glob(".*"))


class TestOneFolder:
    """Two runs into one output folder."""

    def test_the_second_is_told_who_writes_there(self, zygote: Zygote, exports: Path) -> None:
        arguments = ("-p", "gift_cards", "-o", "out")
        one = zygote.start(exports, "load", "a.csv", *arguments, pause_after=1).paused()
        for source in ("a.csv", "b.csv.gz"):
            other = zygote.run(exports, "load", source, *arguments)
            assert other.code == 2
            assert other.told == (
                f"error: out: another run is writing there (process {one.process})\nhint: wait for it, or choose another folder with -o\n"
            )
        one.go_on()
        assert one.wait().code == 0
        late = zygote.run(exports, "load", "b.csv.gz", *arguments)
        assert (late.code, "out: holds another run" in late.told) == (2, True)
        assert verify(exports / "out") == ()

    def test_one_of_many_gets_it(self, zygote: Zygote, tmp_path: Path) -> None:
        for number in range(5):
            (tmp_path / f"{number}.csv").write_text(HEADER + cards(20 * number, 20 * number + 10))
        running = [zygote.start(tmp_path, *job(number), "-o", "out") for number in range(5)]
        ends = [one.wait() for one in running]
        assert sorted(one.code for one in ends) == [0, 2, 2, 2, 2]
        assert all(re.match("error: out: (another run is writing there|holds another run)", one.told) for one in ends if one.code)
        assert Registry(tmp_path / "codes.duckdb").runs()["codes"].to_list() == [10]
        assert verify(tmp_path / "out") == ()
        assert not list(tmp_path.glob(".*"))


class TestOneRegistry:
    """A registry that somebody uses."""

    @pytest.fixture
    def place(self, zygote: Zygote, exports: Path) -> Path:
        assert zygote.run(exports, "load", "a.csv", "-p", "gift_cards", "-o", "earlier").code == 0
        return exports

    def _load(self, zygote: Zygote, place: Path, *more: str) -> Ended:
        return zygote.run(place, "load", "b.csv.gz", "-p", "gift_cards", "-o", "out", "--batch-rows", "40", *more)

    @pytest.mark.parametrize("verb", ["load", "validate"])
    def test_held_for_too_long(self, zygote: Zygote, place: Path, verb: str) -> None:
        with duckdb.connect(str(place / "codes.duckdb")) as con:
            con.execute("SELECT 1")
            end = zygote.run(place, verb, "b.csv.gz", "-p", "gift_cards", "-o", "out", "--wait", "0.1")
        assert end.code == 75
        assert re.fullmatch(
            r"error: the registry \S*codes\.duckdb is held by process \d+\nhint: try again when it has ended, .*\n", end.told
        )
        assert not (place / "out").exists()

    def test_held_at_the_end_of_the_work(self, zygote: Zygote, place: Path) -> None:
        one = zygote.start(
            place, "load", "b.csv.gz", "-p", "gift_cards", "-o", "out", "--batch-rows", "40", "--wait", "0", pause_after=2
        ).paused()
        with duckdb.connect(str(place / "codes.duckdb")) as con:
            con.execute("SELECT 1")
            one.go_on()
            end = one.wait()
        assert (end.code, "is held by process" in end.told) == (75, True), end.told
        again = self._load(zygote, place)
        assert (again.code, again.batches) == (0, []), again.told
        assert re.fullmatch("resuming [0-9a-f]{8}…: 3 of 3 batches done", again.told.splitlines()[0])

    def test_readers_work_while_a_load_computes(self, zygote: Zygote, place: Path) -> None:
        one = zygote.start(place, "load", "b.csv.gz", "-p", "gift_cards", "-o", "out", "--batch-rows", "40", pause_after=1).paused()
        for question in (("info",), ("runs",), ("find", "CARD-0007"), ("check",)):
            assert zygote.run(place, "registry", *question, "--wait", "0").code == 0
        one.go_on()
        assert one.wait().code == 0
        assert Registry(place / "codes.duckdb").runs().height == 2
