"""What a run read and wrote; tests/airflow looks at the events that OpenLineage's client makes of it."""

from pathlib import Path

import pytest

from vbatch import Options, load
from vbatch.catalog import pipeline
from vbatch.lineage import before, lineage_of
from vbatch.model.rulebook import rulebook

BAD = "Code,Gift Amount\nGIFT-0001,1.00\nGIFT-0002,x\nGIFT-0003,y\n"


def test_datasets_of_a_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    # Somebody asks for lineage, but the client is not installed: nothing is told, and nothing is missed.
    monkeypatch.setenv("OPENLINEAGE_URL", "http://127.0.0.1:9")
    Path("bad.csv").write_text(BAD)
    Path("good.csv").write_text("Code,Gift Amount\nGIFT-0004,1.00\n")
    used = pipeline("gift_cards")
    lineage = lineage_of(load(["bad.csv", "good.csv"], used, Options(out=Path("out"))), used)
    bad, good = lineage.inputs
    assert (bad.name, bad.rows, bad.bytes) == (str(tmp_path / "bad.csv"), 3, len(BAD))
    assert {one.fault: one.rows for one in bad.assertions if one.rows} == {"gift_amount.unreadable": 2}
    assert [one.fault for one in good.assertions] == [fault.code for fault in rulebook(used).book]
    assert not any(one.rows for one in good.assertions)
    assert {one.fault: one.column for one in bad.assertions}["gift_amount.unreadable"] == "Gift Amount"
    written = {Path(one.name).name: (one.rows, one.files) for one in lineage.outputs}
    assert written == {"accepted": (2, 2), "rejected": (2, 1), "discarded": (0, 1), "codes.duckdb": (2, 1)}


def test_a_run_that_registered_nothing_did_not_write_the_registry(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("bad.csv").write_text(BAD)
    used = pipeline("gift_cards")
    report = load(["bad.csv"], used, Options(out=Path("out"), max_rejected=Options().limit("validate")))
    assert [Path(one.name).name for one in lineage_of(report, used).outputs] == ["accepted", "rejected", "discarded"]


def test_a_run_without_a_report_was_to_read_its_sources(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert [one.name for one in before(["a.csv", "-"]).inputs] == [str(tmp_path / "a.csv")]
