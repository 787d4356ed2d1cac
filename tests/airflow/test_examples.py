"""Every DAG of pipelines/airflow on real files, and what reading them imports."""

import json
import subprocess
import sys
import threading
from collections.abc import Mapping
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from time import monotonic, sleep
from typing import Any

import pytest
from runs import Ran, cards, dags, export, query, ran, registered

from vbatch.airflow import get_provider_info

BAD = [f"GIFT-0000BAD{number},ten,2025-01-01" for number in range(4)]
PARSE = """
import runpy, sys
from pathlib import Path
for file in Path(sys.argv[1]).glob("*.py"):
    runpy.run_path(str(file))
print([name for name in ("polars", "duckdb", "pandera", "pyarrow") if name in sys.modules])
"""


def run(dag_id: str, *, at: datetime | None = None, conf: Mapping[str, str] | None = None) -> Ran:
    """Run an example without its patience."""
    dag = dags()[dag_id]
    for task in dag.tasks:
        if task.task_type == "VbatchExportSensor":
            task.stable_for = 0
            task.poke_interval = 0.1
    at = at or datetime.now(UTC)
    return ran(dag_id, dag.test(run_conf=dict(conf or {}), logical_date=at, run_after=at).run_id)


def manifest(data: Path, **more: Mapping[str, Any]) -> None:
    """Announce every export of a folder."""
    files = sorted((data / "exports" / "many").glob("*.csv"))
    exports = [
        {"path": file.name, "bytes": file.stat().st_size, "records": file.read_text().count("\n") - 1, "sha256": hashed(file)}
        | more.get(file.stem, {})
        for file in files
    ]
    (data / "exports" / "many" / "manifest.json").write_text(json.dumps({"exports": exports}))


def hashed(file: Path) -> str:
    return sha256(file.read_bytes()).hexdigest()


def test_reading_the_examples_imports_nothing_heavy(airflow_home: Path) -> None:
    done = subprocess.run([sys.executable, "-c", PARSE, airflow_home / "dags"], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"


def test_airflow_lists_the_provider() -> None:
    done = subprocess.run([sys.executable, "-m", "airflow", "providers", "list", "-o", "json"], capture_output=True, text=True, check=True)
    assert "vbatch" in {one["package_name"] for one in json.loads(done.stdout[done.stdout.index("[{") :])}


def test_provider_info_is_as_airflow_wants_it() -> None:
    import airflow  # noqa: PLC0415 - the tests of what is read must not need it
    import jsonschema  # noqa: PLC0415 - comes with Airflow

    schema = json.loads(Path(airflow.__file__).with_name("provider_info.schema.json").read_text())
    jsonschema.validate(get_provider_info(), schema)


def test_nightly_delta(data: Path) -> None:
    export(data, "exports/2026-03-05/a.csv", *cards(0, 200))
    export(data, "exports/2026-03-05/b.csv", *cards(200, 300))
    (data / "exports" / "2026-03-05" / "DONE").touch()
    done = run("vbatch_nightly_delta", at=datetime(2026, 3, 5, 2, 30, tzinfo=UTC))
    assert (done.states["load"], done.states["done"], done.states["ask_the_shop"]) == ("success", "success", "skipped")
    assert [Path(path).name for path in done.returned("arrived")] == ["a.csv", "b.csv"]
    (event,) = done.events("vbatch://codes/gift_cards")
    assert (event["accepted"], event["totals"]["gift_amount"]["accepted"]) == (300, "3000.00")
    assert len(registered(data / "codes.duckdb")) == 300


def test_nightly_delta_that_comes_twice_goes_to_the_shop(data: Path) -> None:
    for day in ("05", "06"):
        export(data, f"exports/2026-03-{day}/{day}.csv", *cards(0, 5), *cards(1000 * int(day), 1000 * int(day) + 5))
        (data / "exports" / f"2026-03-{day}" / "DONE").touch()
    run("vbatch_nightly_delta", at=datetime(2026, 3, 5, 2, 30, tzinfo=UTC))
    done = run("vbatch_nightly_delta", at=datetime(2026, 3, 6, 2, 30, tzinfo=UTC))
    assert (done.states["load"], done.states["ask_the_shop"], done.states["done"]) == ("success", "success", "skipped")
    assert done.returned("load")["faults"] == {"code.registered": 5}
    assert done.events("vbatch://codes/gift_cards") == []
    assert len(registered(data / "codes.duckdb")) == 10


def test_many_exports_are_one_commit(data: Path) -> None:
    export(data, "exports/many/a.csv", *cards(0, 100))
    export(data, "exports/many/b.csv", *cards(100, 190), *BAD)
    export(data, "exports/many/c.csv", *BAD)
    # The last also stands in the first: only the run over all of them can see it.
    export(data, "exports/many/d.csv", *cards(300, 400), *cards(0, 1))
    manifest(data)
    done = run("vbatch_many_exports")
    mapped = {task: state for task, state in done.states.items() if task.startswith("validate/")}
    assert mapped == dict.fromkeys(("validate/0", "validate/1", "validate/2", "validate/3"), "success")
    assert [done.returned(f"validate/{position}")["passed"] for position in range(4)] == [True, True, False, True]
    told = done.returned("commit")
    assert (told["status"], told["records"], told["accepted"]) == ("loaded", 295, 290)
    assert [Path(source["path"]).name for source in told["sources"]] == ["a.csv", "b.csv", "d.csv"]
    assert told["faults"] == {"code.duplicate": 1, "gift_amount.unreadable": 4}
    (event,) = done.events("vbatch://codes/gift_cards")
    assert (event["accepted"], event["run_id"]) == (290, told["run_id"])
    assert len(registered(data / "codes.duckdb")) == 290


def test_an_export_that_is_not_what_its_manifest_says_stops_the_commit(data: Path) -> None:
    export(data, "exports/many/a.csv", *cards(0, 10))
    export(data, "exports/many/b.csv", *cards(10, 20))
    manifest(data, b={"records": 11})
    done = run("vbatch_many_exports")
    assert (done.states["validate/0"], done.states["validate/1"], done.states["commit"]) == ("success", "failed", "upstream_failed")
    assert done.tries["validate/1"] == 1
    assert not (data / "codes.duckdb").exists()


def answer(choice: str, before: Any = None) -> threading.Thread:
    """A person who answers the next question, through the API that the web interface uses."""
    from airflow.api_fastapi.app import create_app  # noqa: PLC0415 - slow
    from fastapi.testclient import TestClient  # noqa: PLC0415 - comes with Airflow

    client = TestClient(create_app(apps="core"))
    token = client.get("/auth/token").json()["access_token"]
    questions = "SELECT dag_id, run_id, task_id FROM task_instance WHERE state = 'awaiting_input'"

    def respond() -> None:
        deadline = monotonic() + 60
        while not (asked := query(questions)) and monotonic() < deadline:
            sleep(0.1)
        if before:
            before()
        dag, run_id, task = asked[0]
        client.patch(
            f"/api/v2/dags/{dag}/dagRuns/{run_id}/taskInstances/{task}/-1/hitlDetails",
            json={"chosen_options": [choice], "params_input": {}},
            headers={"Authorization": f"Bearer {token}"},
        ).raise_for_status()

    thread = threading.Thread(target=respond)
    thread.start()
    return thread


@pytest.mark.parametrize(("choice", "load", "codes"), [("Approve", "success", 100), ("Reject", "skipped", 0)])
def test_a_load_that_a_person_approves(choice: str, load: str, codes: int, data: Path) -> None:
    export(data, "exports/cards.csv", *cards(0, 100), *BAD)
    person = answer(choice)
    done = run("vbatch_approved_load")
    person.join()
    assert (done.states["validate"], done.states["approve"], done.states["load"]) == ("success", "success", load)
    assert (len(registered(data / "codes.duckdb")) if codes else int((data / "codes.duckdb").exists())) == codes
    (body,) = query("SELECT body FROM hitl_detail d JOIN task_instance i ON i.id = d.ti_id WHERE i.run_id = ?", done.run)[0]
    assert "100 of 104 records would be registered, 4 are rejected." in body
    assert "| gift_amount | 1000.00 | 0.00 |" in body


def test_what_was_approved_is_what_is_loaded(data: Path) -> None:
    export(data, "exports/cards.csv", *cards(0, 100))
    person = answer("Approve", before=lambda: export(data, "exports/cards.csv", *cards(0, 101)))
    done = run("vbatch_approved_load")
    person.join()
    assert (done.states["load"], done.tries["load"]) == ("failed", 1)
    assert not (data / "codes.duckdb").exists()
