"""The real scheduler, DAG processor, triggerer and API server: schedules, assets, deferred sensors, and killed workers."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from conftest import DATA, LINEAGE
from runs import CODES, cards, export, ran, registered
from stack import Stack, until


@pytest.fixture(scope="module")
def stack(airflow_home: Path) -> Iterator[Stack]:
    subprocess.run([sys.executable, "-m", "airflow", "pools", "set", "vbatch_registry", "1", "one writer"], check=True, capture_output=True)
    stack = Stack(airflow_home)
    stack.start()
    try:
        stack.log_in()
        yield stack
    finally:
        stack.stop()


def noted(folder: Path) -> int:
    """How many batches an unfinished run has noted so far."""
    return len(list(folder.rglob("*.json")))


def test_a_worker_that_is_killed_while_it_loads(stack: Stack) -> None:
    export(DATA, "big/cards.csv", *cards(0, 400_000))
    stack.unpause("killed")
    run = stack.trigger("killed")
    place = DATA / "runs" / "killed" / run
    until(lambda: noted(place) > 3, "the first batches")
    pid = until(lambda: stack.task("killed", run, "load")["pid"], "the process of the task")
    assert not (DATA / "killed.duckdb").exists() or registered(DATA / "killed.duckdb") == []
    os.kill(pid, signal.SIGKILL)
    stack.succeed("killed", run)
    done = ran("killed", run)
    assert done.tries["load"] == 2
    told = done.returned("load")
    assert (told["accepted"], told["before"]) == (400_000, False)
    assert registered(DATA / "killed.duckdb") == [f"GIFT-{number:08d}" for number in range(400_000)]
    assert "\nresuming " in stack.log("killed", run, "load", 2)
    check = [sys.executable, "-m", "vbatch"]
    assert subprocess.run([*check, "registry", "check", "--registry", DATA / "killed.duckdb"], check=False).returncode == 0
    assert subprocess.run([*check, "verify", told["out"], "--against", DATA / "big" / "cards.csv"], check=False).returncode == 0


def test_a_schedule_a_deferred_sensor_and_an_asset(stack: Stack) -> None:
    stack.unpause("triggered")
    stack.unpause("scheduled")
    run = stack.run_of("scheduled")
    until(lambda: stack.task("scheduled", run, "arrived")["state"] == "deferred", "the sensor in the triggerer")
    file = export(DATA, "arriving/a.csv", *cards(0, 50), "GIFT-0000BAD1,ten,2025-01-01")
    file.with_name("a.csv.done").touch()
    stack.succeed("scheduled", run)
    done = ran("scheduled", run)
    assert done.returned("arrived") == [str(file)]
    assert (done.returned("load")["accepted"], done.returned("load")["rejected"]) == (50, 1)
    assert registered(DATA / "scheduled.duckdb") == [f"GIFT-{number:08d}" for number in range(50)]
    assert [event["accepted"] for event in done.events("vbatch://codes/stack")] == [50]
    log = stack.log("scheduled", run, "load", 1)
    assert "LOADED  50 of 51 records accepted" in log
    assert [code for code in CODES if code in log] == []
    links = stack.ask(f"/api/v2/dags/scheduled/dagRuns/{run}/taskInstances/load/links")
    assert links["extra_links"]["vbatch report"] == Path(done.returned("load")["report"]).as_uri()

    consumer = stack.run_of("triggered")
    stack.succeed("triggered", consumer)
    # The very run that was loaded: its codes are its own.
    assert ran("triggered", consumer).returned("check")["run_id"] == done.returned("load")["run_id"]


def test_a_load_that_is_refused(stack: Stack) -> None:
    export(DATA, "refused/a.csv", *cards(0, 3), "GIFT-0000BAD1,ten,2025-01-01")
    stack.unpause("refused")
    run = stack.trigger("refused")
    assert stack.end("refused", run) == "failed"
    done = ran("refused", run)
    assert (done.states["load"], done.tries["load"]) == ("failed", 1)
    assert (done.returned("load")["status"], done.returned("load")["rejected"]) == ("refused", 1)
    assert not (DATA / "refused.duckdb").exists() or registered(DATA / "refused.duckdb") == []


def test_the_lineage_of_all_that(stack: Stack) -> None:
    assert stack.processes
    events = [json.loads(line) for line in LINEAGE.read_text().splitlines()]
    ends = {(event["job"]["name"], event["eventType"]): event for event in events}
    loaded = ends["scheduled.load", "COMPLETE"]
    (read,) = loaded["inputs"]
    assert (read["namespace"], read["name"]) == ("file", str(DATA / "arriving" / "a.csv"))
    assert read["inputFacets"]["dataQualityMetrics"]["rowCount"] == 51
    assert {field["name"] for field in read["facets"]["schema"]["fields"]} >= {"Code", "Gift Amount"}
    failed = [one for one in read["inputFacets"]["dataQualityAssertions"]["assertions"] if not one["success"]]
    assert [(one["assertion"], one["column"], one["actual"]) for one in failed] == [("gift_amount.unreadable", "Gift Amount", "1")]
    written = {Path(one["name"]).name: one for one in loaded["outputs"]}
    rows = {name: one["outputFacets"]["outputStatistics"]["rowCount"] for name, one in written.items()}
    assert rows == {"accepted": 50, "rejected": 1, "discarded": 0, "scheduled.duckdb": 50}
    assert {field["name"]: field["type"] for field in written["accepted"]["facets"]["schema"]["fields"]}["code"] == "String"
    refused = ends["refused.load", "FAIL"]
    failed = [one for one in refused["inputs"][0]["inputFacets"]["dataQualityAssertions"]["assertions"] if not one["success"]]
    assert [(one["assertion"], one["actual"]) for one in failed] == [("gift_amount.unreadable", "1")]
    rows = {Path(one["name"]).name: one["outputFacets"]["outputStatistics"]["rowCount"] for one in refused["outputs"]}
    assert rows == {"accepted": 3, "rejected": 1, "discarded": 0}
    # The first attempt was killed, and could say nothing of what it had read.
    assert ends["killed.load", "COMPLETE"]["inputs"][0]["inputFacets"]["inputStatistics"]["rowCount"] == 400_000
    assert [line for line in LINEAGE.read_text().splitlines() if any(code in line for code in CODES)] == []
