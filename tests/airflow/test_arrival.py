"""When an export has arrived whole: the sensor's looks, without and with a triggerer."""

import asyncio
import json
import os
from pathlib import Path
from typing import Any

import pytest
from runs import cards, export

from vbatch.airflow import arrival
from vbatch.airflow.arrival import Awaited
from vbatch.airflow.sensor import VbatchExportSensor
from vbatch.airflow.trigger import VbatchExportTrigger
from vbatch.errors import SourceError


def test_nothing_has_arrived_yet(tmp_path: Path) -> None:
    look = Awaited(sources=(f"{tmp_path}/*.csv",)).look()
    assert (look.exports, look.lacking) == ((), f"nothing matches {tmp_path}/*.csv")


def test_a_file_must_have_been_left_alone_for_a_while(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = export(tmp_path, "a.csv", *cards(0, 1))
    awaited = Awaited(sources=(f"{tmp_path}/*.csv",), stable_for=30)
    # A copy that keeps the old time of modification is still a new file.
    os.utime(file, (0, 0))
    changed = file.stat().st_ctime
    monkeypatch.setattr(arrival, "time", lambda: changed + 29)
    assert awaited.look().lacking == f"{file} changed 29 s ago"
    monkeypatch.setattr(arrival, "time", lambda: changed + 30)
    assert awaited.look() == arrival.Arrival(exports=(str(file),))


def test_done_files(tmp_path: Path) -> None:
    for name in ("a.csv", "b.csv"):
        export(tmp_path, name, *cards(0, 1))
    both = Awaited(sources=(f"{tmp_path}/*.csv",), stable_for=0, done_file=f"{tmp_path}/DONE")
    each = Awaited(sources=(f"{tmp_path}/*.csv",), stable_for=0, done_file="{}.done")
    assert both.look().lacking == f"{tmp_path}/DONE is not there yet"
    assert each.look().lacking == f"{tmp_path}/a.csv.done is not there yet"
    (tmp_path / "DONE").touch()
    (tmp_path / "a.csv.done").touch()
    assert both.look().lacking == ""
    assert each.look().lacking == f"{tmp_path}/b.csv.done is not there yet"


def test_a_manifest_names_what_must_be_there(tmp_path: Path) -> None:
    file = tmp_path / "manifest.json"
    awaited = Awaited(manifest=str(file), stable_for=0)
    assert awaited.look().lacking == f"{file} is not there yet"
    announced = json.dumps({"exports": [{"path": "b.csv", "bytes": 60}, {"path": "a.csv"}]})
    file.write_text(announced[:20])
    assert awaited.look().lacking == f"{file} is not there yet"
    file.write_text(announced)
    assert awaited.look().lacking == f"{tmp_path}/b.csv is not there yet"
    export(tmp_path, "a.csv", *cards(0, 1))
    half = export(tmp_path, "b.csv")
    assert awaited.look().lacking == f"{half} has {half.stat().st_size} of 60 bytes"
    half.write_bytes(b"x" * 60)
    assert awaited.look() == arrival.Arrival(exports=(f"{tmp_path}/b.csv", f"{tmp_path}/a.csv"))


@pytest.mark.parametrize("text", ["[]", "{}", '{"exports": [{"bytes": 1}]}', '{"exports": 1}'])
def test_what_is_no_manifest_never_will_be(text: str, tmp_path: Path) -> None:
    file = tmp_path / "manifest.json"
    file.write_text(text)
    with pytest.raises(SourceError, match="is not a manifest"):
        Awaited(manifest=str(file)).look()
    trigger = VbatchExportTrigger(poke_interval=0, manifest=str(file))
    (event,) = asyncio.run(events_of(trigger))
    assert event["error"] == f"{file}: is not a manifest"
    with pytest.raises(Exception, match="is not a manifest; hint: "):
        VbatchExportSensor(task_id="arrived").execute_complete({}, event)  # type: ignore[typeddict-item] # it looks at the event only


async def events_of(trigger: VbatchExportTrigger) -> list[Any]:
    return [event.payload async for event in trigger.run()]


def test_the_trigger_survives_its_way_through_the_database(tmp_path: Path) -> None:
    file = export(tmp_path, "a.csv", *cards(0, 1))
    trigger = VbatchExportTrigger(poke_interval=0, sources=(f"{tmp_path}/*.csv",), stable_for=0)
    path, arguments = trigger.serialize()
    assert path == "vbatch.airflow.trigger.VbatchExportTrigger"
    again = VbatchExportTrigger(**json.loads(json.dumps(arguments)))
    assert again.awaited == trigger.awaited
    assert asyncio.run(events_of(again)) == [{"exports": [str(file)]}]
