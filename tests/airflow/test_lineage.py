"""vbatch outside Airflow tells OpenLineage the same, where somebody asked for it."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from runs import CODES, cards, export

LOADED = "import sys; from vbatch import load; load(['a.csv'], 'gift_cards'); print('openlineage' in sys.modules)"


def environment(**more: str) -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if "LINEAGE" not in name} | {"HOME": "/nowhere"} | more


def vbatch(folder: Path, *arguments: str, **more: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "vbatch", *arguments]
    return subprocess.run(command, cwd=folder, env=environment(**more), capture_output=True, text=True, check=False)


def asked(folder: Path) -> dict[str, str]:
    return {"OPENLINEAGE__TRANSPORT": json.dumps({"type": "file", "log_file_path": str(folder / "events"), "append": True})}


def events(folder: Path) -> list[Any]:
    return [json.loads(line) for line in (folder / "events").read_text().splitlines()]


def test_a_load(tmp_path: Path) -> None:
    export(tmp_path, "a.csv", *cards(0, 10), "GIFT-0000BAD1,ten,2025-01-01")
    assert vbatch(tmp_path, "load", "a.csv", "-p", "gift_cards", "-o", "out", **asked(tmp_path)).returncode == 0
    start, complete = events(tmp_path)
    assert [one["eventType"] for one in (start, complete)] == ["START", "COMPLETE"]
    assert start["run"]["runId"] == complete["run"]["runId"]
    assert (complete["job"]["name"], complete["producer"]) == ("vbatch.load.gift_cards", "urn:vbatch")
    (read,) = complete["inputs"]
    assert (read["namespace"], read["name"]) == ("file", str(tmp_path / "a.csv"))
    assert read["inputFacets"]["inputStatistics"]["rowCount"] == 11
    assertions = {one["assertion"]: one for one in read["inputFacets"]["dataQualityAssertions"]["assertions"]}
    assert assertions["gift_amount.unreadable"]["success"] is False
    assert assertions["gift_amount.unreadable"]["actual"] == "1"
    assert assertions["code.duplicate"]["success"] is True
    rows = {Path(one["name"]).name: one["outputFacets"]["outputStatistics"]["rowCount"] for one in complete["outputs"]}
    assert rows == {"accepted": 10, "rejected": 1, "discarded": 0, "codes.duckdb": 10}
    assert not any(code in (tmp_path / "events").read_text() for code in CODES)


def test_a_run_that_could_not_be(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("Number\n1\n")
    assert vbatch(tmp_path, "validate", "a.csv", "-p", "gift_cards", **asked(tmp_path)).returncode == 2
    start, fail = events(tmp_path)
    assert [one["eventType"] for one in (start, fail)] == ["START", "FAIL"]
    assert "a.csv" in fail["run"]["facets"]["errorMessage"]["message"]
    assert [one["name"] for one in fail["inputs"]] == [str(tmp_path / "a.csv")]
    assert fail["outputs"] == []


@pytest.mark.parametrize(
    "more", [{}, {"OPENLINEAGE_DISABLED": "true", "OPENLINEAGE_URL": "http://127.0.0.1:9"}, {"OPENLINEAGE_NAMESPACE": "x"}]
)
def test_nobody_asked(more: dict[str, str], tmp_path: Path) -> None:
    export(tmp_path, "a.csv", *cards(0, 10))
    done = subprocess.run([sys.executable, "-c", LOADED], cwd=tmp_path, env=environment(**more), capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"


def test_a_run_does_not_fail_because_nobody_listens(tmp_path: Path) -> None:
    export(tmp_path, "a.csv", *cards(0, 10))
    (tmp_path / "openlineage.yml").write_text("transport:\n  type: http\n  url: http://127.0.0.1:9\n  retry: {total: 0}\n")
    done = vbatch(tmp_path, "load", "a.csv", "-p", "gift_cards")
    assert done.returncode == 0
    assert "the lineage event COMPLETE could not be sent" in done.stderr
