"""A run is known by the bytes that it read, wherever they lie and whatever they are called; a recorded one touches nothing."""

import gzip
import json
import os
import shutil
from pathlib import Path

import pytest
from cases import HEADER, cards
from processes import Ended, Zygote
from states import state, tables, under

OUT = ("-p", "gift_cards", "-o", "out")


@pytest.fixture
def loaded(zygote: Zygote, exports: Path) -> Path:
    """A folder in which both exports were loaded as one run."""
    assert zygote.run(exports, "load", "a.csv", "b.csv.gz", *OUT).code == 0
    return exports


def times(folder: Path) -> dict[Path, tuple[int, int]]:
    """What tells that a file or folder was touched."""
    found = (folder / "codes.duckdb", folder / "out", *(folder / "out").rglob("*"))
    return {path: (path.stat().st_mtime_ns, path.stat().st_ino) for path in found}


def is_recorded(end: Ended) -> None:
    assert end.code == 0, end.told
    assert end.told.startswith("LOADED BEFORE"), end.told


def renamed(folder: Path) -> tuple[str, ...]:
    (folder / "a.csv").rename(folder / "cards of 2019.txt")
    return "cards of 2019.txt", "b.csv.gz"


def elsewhere(folder: Path) -> tuple[str, ...]:
    (folder / "deep" / "down").mkdir(parents=True)
    shutil.copy(folder / "a.csv", folder / "deep" / "down" / "a.csv")
    shutil.copy(folder / "b.csv.gz", folder / "deep" / "down" / "b.csv.gz")
    return "deep/down/a.csv", str(folder / "deep" / "down" / "b.csv.gz")


def turned(_: Path) -> tuple[str, ...]:
    return "b.csv.gz", "a.csv"


@pytest.mark.parametrize("sources", [renamed, elsewhere, turned])
def test_the_same_bytes_are_the_same_run(zygote: Zygote, loaded: Path, sources: object) -> None:
    assert callable(sources)
    named = sources(loaded)
    before, registered = times(loaded), tables(loaded / "codes.duckdb")
    end = zygote.run(loaded, "load", *named, *OUT)
    is_recorded(end)
    assert not end.batches, "nothing was judged"
    assert times(loaded) == before
    assert tables(loaded / "codes.duckdb") == registered
    assert not list(loaded.glob(".*"))


@pytest.mark.parametrize(
    "arguments",
    [OUT, (*OUT, "--batch-rows", "7"), (*OUT, "--restart"), (*OUT, "--csv"), ("-p", "gift_cards"), (*OUT[:-1], "other")],
    ids=["the same command", "in other batches", "anew", "with CSV", "in a folder of its own", "in another folder"],
)
def test_a_recorded_run_touches_nothing(zygote: Zygote, loaded: Path, arguments: tuple[str, ...]) -> None:
    before, whole = times(loaded), state(loaded)
    end = zygote.run(loaded, "load", "a.csv", "b.csv.gz", *arguments, "--format", "json")
    is_recorded(end)
    assert not end.batches, "nothing was judged"
    assert times(loaded) == before
    after = state(loaded)
    after.pop("runs", None)
    assert after == whole
    assert end.data == (loaded / "out" / "report.json").read_text(), "its report is the one that was stored"


@pytest.mark.parametrize("source", ["b.csv", "a.csv.gz", "both.csv", "a.csv and one line"])
def test_the_same_records_in_other_bytes_are_duplicates(zygote: Zygote, loaded: Path, source: str) -> None:
    plain = (loaded / "a.csv").read_bytes()
    unpacked = gzip.decompress((loaded / "b.csv.gz").read_bytes())
    contents = {
        "b.csv": unpacked,
        "a.csv.gz": gzip.compress(plain, mtime=0),
        "both.csv": plain + unpacked.split(b"\n", 1)[1],
        "a.csv and one line": plain + b"\n",
    }
    (loaded / source).write_bytes(contents[source])
    end = zygote.run(loaded, "load", source, "-p", "gift_cards", "-o", "again")
    assert end.code == 0, end.told
    told = json.loads((loaded / "again" / "report.json").read_text())
    assert told["status"] == "loaded"
    assert told["accepted"] == 0
    assert told["faults"]["code.registered"] > 100
    runs = tables(loaded / "codes.duckdb")["runs"]
    assert len(runs) == 2


def test_each_source_alone_is_another_run(zygote: Zygote, loaded: Path) -> None:
    (loaded / "new.csv").write_text(HEADER + cards(800, 810))
    for sources in (("a.csv",), ("a.csv", "b.csv.gz", "new.csv")):
        end = zygote.run(loaded, "load", *sources, "-p", "gift_cards", "-o", f"out-{len(sources)}")
        assert end.code == 0
        assert end.told.startswith("LOADED  "), end.told
    assert [len(row["sources"]) for row in tables(loaded / "codes.duckdb")["runs"]] == [2, 1, 3]


class TestAnotherRegistry:
    """That a result says it was loaded is true for the registry in which it was."""

    def test_another_registry_gets_the_codes(self, zygote: Zygote, loaded: Path) -> None:
        end = zygote.run(loaded, "load", "a.csv", "b.csv.gz", *OUT, "--registry", "other.duckdb")
        assert end.code == 0
        assert end.told.startswith("LOADED  "), end.told
        mine, other = (tables(loaded / name)["codes"] for name in ("codes.duckdb", "other.duckdb"))
        assert mine == other

    def test_a_forgotten_run_is_loaded_again(self, zygote: Zygote, loaded: Path) -> None:
        before = state(loaded)
        run = json.loads((loaded / "out" / "report.json").read_text())["run_id"]
        assert zygote.run(loaded, "registry", "forget", run, "--reason", "tried out").code == 0
        end = zygote.run(loaded, "load", "a.csv", "b.csv.gz", *OUT)
        assert end.code == 0
        assert end.told.startswith("LOADED  "), end.told
        assert under(state(loaded), "out") == under(before, "out")
        is_recorded(zygote.run(loaded, "load", "a.csv", "b.csv.gz", *OUT))


class TestBeforeAnythingIsJudged:
    """Sizes say whether a run can be recorded, and hashes whether it is."""

    def test_it_writes_no_parts(self, zygote: Zygote, exports: Path) -> None:
        first, second = (zygote.run(exports, "load", "a.csv", "b.csv.gz", *OUT, watched=True) for _ in range(2))
        is_recorded(second)
        wrote = [sum("judged/" in step for step in end.steps) for end in (first, second)]
        assert wrote[0] > 2
        assert second.steps
        assert wrote[1] == 0

    def test_other_bytes_of_the_same_size_are_judged(self, zygote: Zygote, loaded: Path) -> None:
        content, facts = (loaded / "a.csv").read_bytes(), (loaded / "a.csv").stat()
        changed = content.replace(b"CARD-0100,100.50", b"CARD-9100,100.50")
        assert len(changed) == len(content)
        assert changed != content
        (loaded / "a.csv").write_bytes(changed)
        os.utime(loaded / "a.csv", ns=(facts.st_atime_ns, facts.st_mtime_ns))
        end = zygote.run(loaded, "load", "a.csv", "b.csv.gz", "-p", "gift_cards", "-o", "again")
        assert end.code == 0
        assert end.batches
        assert end.told.startswith("LOADED  "), end.told
        report = json.loads((loaded / "again" / "report.json").read_text())
        assert report["accepted"] == 1

    def test_what_was_killed_before_it_was_published_is_published(self, zygote: Zygote, exports: Path) -> None:
        whole = Path(shutil.copytree(exports, exports.with_name(f"{exports.name}-whole")))
        steps = zygote.run(whole, "load", "a.csv", "b.csv.gz", *OUT, watched=True).steps
        rename = max(number for number, step in enumerate(steps, 1) if step.startswith("os.rename .out.vbatch/out"))
        assert zygote.run(exports, "load", "a.csv", "b.csv.gz", *OUT, fault="kill", at=rename).code == -9
        assert (exports / "codes.duckdb").exists()
        assert not (exports / "out").exists()
        end = zygote.run(exports, "load", "a.csv", "b.csv.gz", *OUT)
        is_recorded(end)
        assert not end.batches
        assert state(exports) == state(whole)

    @pytest.mark.parametrize("verb", [("validate",), ("registry", "import")], ids=" ".join)
    def test_other_verbs(self, zygote: Zygote, loaded: Path, verb: tuple[str, ...]) -> None:
        line = (*verb, "a.csv", "b.csv.gz", *(OUT if verb == ("validate",) else OUT[:2]))
        first, before = zygote.run(loaded, *line), times(loaded)
        end = zygote.run(loaded, *line)
        assert (end.code, end.batches, times(loaded)) == (first.code, [], before), end.told
        assert " BEFORE  " in end.told.split("\n")[0]

    def test_a_stream_is_recognised_when_it_is_read(self, zygote: Zygote, exports: Path) -> None:
        assert zygote.run(exports, "load", "a.csv", *OUT).code == 0
        os.mkfifo(exports / "pipe")
        running = zygote.start(exports, "load", "pipe", *OUT)
        (exports / "pipe").write_bytes((exports / "a.csv").read_bytes())
        end = running.wait()
        is_recorded(end)
        assert end.batches
