"""How a task ends, what it returns, and what it tells, for every kind of input."""

import re
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import pytest
from runs import CODES, HEADER, Ran, cards, dags, export, ran, registered, run

from vbatch.airflow import work

BAD = "GIFT-0000BAD1,ten,2025-01-01"
ROUTES = {"doubles", "too_many", "fine"}

HOLDER = "import duckdb, signal, sys; held = duckdb.connect(sys.argv[1]); print('held', flush=True); signal.pause()"


def followed(done: Ran) -> set[str]:
    return {task for task in ROUTES if done.states[task] == "success"}


def test_a_clean_export_is_loaded(data: Path) -> None:
    export(data, "exports/a.csv", *cards(0, 100))
    done = run("load_fail")
    assert (done.states["judge"], followed(done)) == ("success", {"fine"})
    told = done.returned("judge")
    assert (told["status"], told["records"], told["accepted"], told["rejected"]) == ("loaded", 100, 100, 0)
    assert told["totals"]["gift_amount"] == {"accepted": "1000.00", "rejected": "0.00", "discarded": "0.00"}
    assert Path(told["report"]).is_file()
    assert done.link("judge") == Path(told["report"]).as_uri()
    assert registered(data / "codes.duckdb") == [f"GIFT-{number:08d}" for number in range(100)]
    (event,) = done.events("vbatch://load/fail")
    assert (event["accepted"], event["totals"], event["run_id"]) == (100, told["totals"], told["run_id"])


def test_rejected_within_the_limit(data: Path) -> None:
    export(data, "exports/a.csv", *cards(0, 9), BAD)
    done = run("validate_fail", max_rejected="10%")
    told = done.returned("judge")
    assert (done.states["judge"], told["passed"], told["over_limit"], told["rejected"]) == ("success", True, False, 1)
    assert told["faults"] == {"gift_amount.unreadable": 1}
    assert Path(told["sources"][0]["replay"]).read_text() == HEADER + BAD + "\n"
    assert not (data / "codes.duckdb").exists()


@pytest.mark.parametrize(
    ("dag", "judge", "route", "follows"),
    [
        ("validate_fail", "failed", "upstream_failed", set()),
        ("validate_skip_downstream", "success", "skipped", set()),
        ("validate_continue", "success", "success", {"too_many"}),
        ("load_fail", "failed", "upstream_failed", set()),
        ("load_skip_downstream", "skipped", "skipped", set()),
        ("load_continue", "success", "success", {"too_many"}),
    ],
)
def test_over_the_limit(dag: str, judge: str, route: str, follows: set[str], data: Path) -> None:
    export(data, "exports/a.csv", *cards(0, 9), BAD)
    done = run(dag, max_rejected="0")
    assert (done.states["judge"], done.states["route"], followed(done)) == (judge, route, follows)
    assert done.tries["judge"] == 1
    told = done.returned("judge")
    assert (told["over_limit"], told["passed"], told["rejected"]) == (True, dag.endswith("continue"), 1)
    assert Path(told["errors"]).is_file()
    if dag.startswith("load"):
        assert told["status"] == "refused"
        assert done.events(f"vbatch://load/{dag.partition('_')[2]}") == []
        assert not (data / "codes.duckdb").exists()


def test_a_held_registry_is_tried_again(data: Path) -> None:
    export(data, "exports/a.csv", *cards(0, 5))
    run("load_fail")
    export(data, "exports/a.csv", *cards(5, 15))
    with subprocess.Popen([sys.executable, "-c", HOLDER, data / "codes.duckdb"], stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        held = run("load_fail")
        holder.kill()
    assert (held.states["judge"], held.tries["judge"]) == ("failed", 2)
    assert held.returned("judge") is None
    done = run("load_fail")
    assert (done.states["judge"], done.tries["judge"], done.returned("judge")["accepted"]) == ("success", 1, 10)


@pytest.mark.parametrize(
    "conf",
    [
        {"sources": "exports/broken.csv"},
        {"sources": "exports/none.csv"},
        {"pipeline": "no_such_pipeline"},
        {"registry": "exports/a.csv"},
        {"max_rejected": "many"},
        {"as_of": "yesterday"},
        {"as_of": "2026-01-01T00:00:00"},
    ],
    ids="-".join,
)
def test_what_a_person_must_mend_is_not_tried_again(conf: dict[str, str], data: Path) -> None:
    export(data, "exports/a.csv", *cards(0, 1))
    (data / "exports" / "broken.csv").write_text("Number,Amount\n1,2\n")
    done = run("load_fail", **conf)
    assert (done.states["judge"], done.tries["judge"], done.returned("judge")) == ("failed", 1, None)
    assert not (data / "runs").exists() or not list((data / "runs").rglob("report.json"))


def test_the_unforeseen_is_tried_again_and_never_quoted(
    data: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    export(data, "exports/a.csv", *cards(0, 1))

    def fail(*_: object, **__: object) -> None:
        raise ValueError("cannot read GIFT-00000000")

    monkeypatch.setitem(work.VERBS, "load", fail)
    done = run("load_fail")
    assert (done.states["judge"], done.tries["judge"]) == ("failed", 2)
    told = "".join(capfd.readouterr())
    assert "internal error: ValueError" in told
    assert "GIFT-00000000" not in told


def test_the_log_has_the_summary_and_no_code(data: Path, capfd: pytest.CaptureFixture[str]) -> None:
    rows = cards(0, 20)
    export(data, "exports/a.csv", *rows, rows[3], BAD, "GIFT-0000BAD2")
    done = run("load_continue")
    assert followed(done) == {"doubles"}
    told = "".join(capfd.readouterr())
    assert "LOADED  20 of 23 records accepted" in told
    assert "'****BAD1'" in told
    assert [line for line in told.splitlines() if any(code in line for code in CODES)] == []


def test_the_log_has_lines_of_progress(data: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    export(data, "exports/a.csv", *cards(0, 100_000))
    monkeypatch.setattr(work, "progress_log", partial(work.progress_log, every=0.001))
    run("validate_fail")
    assert re.search(r"[\d,]+ records \([\d,]+/s\), 0 rejected; settling codes and writing files", capfd.readouterr().out)


def test_a_report_can_have_an_address_of_its_own(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    export(data, "exports/a.csv", *cards(0, 1))
    operator = type(dags()["validate_fail"].get_task("judge"))
    monkeypatch.setattr(operator, "pre_execute", lambda self, _context: setattr(self, "report_url", "https://reports.example/1"))
    assert run("validate_fail").link("judge") == "https://reports.example/1"


def again(dag: str, at: datetime) -> Ran:
    """Run a DAG with the same id of the run as before, as if its tasks had been cleared."""
    return ran(dag, dags()[dag].test(logical_date=at, run_after=at).run_id)


def test_a_cleared_task_returns_the_stored_report(data: Path) -> None:
    export(data, "exports/a.csv", *cards(0, 10))
    at = datetime(2026, 3, 1, tzinfo=UTC)
    first = again("load_fail", at).returned("judge")
    second = again("load_fail", at).returned("judge")
    assert (first["before"], second["before"]) == (False, True)
    assert {**second, "before": False} == first
    assert len(registered(data / "codes.duckdb")) == 10


def test_a_cleared_task_sees_that_an_export_was_mended(data: Path) -> None:
    export(data, "exports/a.csv", *cards(0, 10), BAD)
    at = datetime(2026, 3, 2, tzinfo=UTC)
    done = again("validate_fail", at)
    assert done.states["judge"] == "failed"
    first = done.returned("judge")
    export(data, "exports/a.csv", *cards(0, 11))
    second = again("validate_fail", at)
    assert (second.states["judge"], second.returned("judge")["accepted"]) == ("success", 11)
    out = Path(second.returned("judge")["out"])
    assert sorted(path.name for path in out.parent.iterdir() if not path.name.startswith(".")) == [
        "judge",
        f"judge.{first['run_id'][:12]}",
    ]


def test_a_registered_run_is_never_moved(data: Path) -> None:
    export(data, "exports/a.csv", *cards(0, 10))
    at = datetime(2026, 3, 3, tzinfo=UTC)
    first = again("load_fail", at).returned("judge")
    export(data, "exports/a.csv", *cards(10, 20))
    second = again("load_fail", at)
    assert (second.states["judge"], second.tries["judge"]) == ("failed", 1)
    assert len(registered(data / "codes.duckdb")) == 10
    assert Path(first["report"]).is_file()


def test_outputs_are_for_their_owner_only(data: Path) -> None:
    export(data, "exports/a.csv", *cards(0, 10))
    out = Path(run("load_fail").returned("judge")["out"])
    files = [data / "codes.duckdb", out, *out.rglob("*")]
    assert [path for path in files if path.stat().st_mode & 0o077] == []


def test_a_kill_stops_the_run(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    export(data, "exports/a.csv", *cards(0, 10))
    stopping: list[Callable[[], None]] = []

    def killed(*_: object, **__: object) -> None:
        stopping[0]()

    task = dags()["load_fail"].get_task("judge")
    monkeypatch.setattr(type(task), "pre_execute", lambda self, _context: stopping.append(self.on_kill))
    monkeypatch.setitem(work.VERBS, "load", killed)
    done = run("load_fail")
    assert (done.states["judge"], done.tries["judge"]) == ("failed", 2)
