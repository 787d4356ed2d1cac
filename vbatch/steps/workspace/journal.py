"""What is finished of a run that may be killed at any instant: one small file a part, written when the part's files are on the disk."""

import json
from collections.abc import Iterator
from dataclasses import asdict
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np

from vbatch.model.batch import Sums, Tally
from vbatch.model.part import Part
from vbatch.model.span import Span
from vbatch.steps.workspace.durable import sync


def note_part(part: Part) -> None:
    """Note a part beside its files, durably and last: where there is a note, the files are whole."""
    files = (part.accepted, part.findings)
    for path in files:
        sync(path)
    note = {
        "number": part.number,
        "source": part.source,
        "span": asdict(part.span),
        "tally": asdict(part.tally),
        "files": {path.name: path.stat().st_size for path in files},
    }
    place = _note_of(part.accepted)
    working = place.with_suffix(".writing")
    working.write_text(json.dumps(note, default=str), encoding="utf-8")
    sync(working)
    working.rename(place)
    sync(place.parent)


def noted_parts(folder: Path) -> tuple[Part, ...]:
    """The finished parts in a folder, from the first on without a gap; files that no note vouches for do not count."""
    return tuple(_noted(folder))


def part_files(folder: Path, number: int) -> tuple[Path, Path]:
    """Where the accepted rows and the findings of a part go."""
    return folder / f"part-{number:05d}.parquet", folder / f"part-{number:05d}.arrow"


def _noted(folder: Path) -> Iterator[Part]:
    number = 0
    while (note := _read_note(folder, number)) is not None:
        accepted, findings = part_files(folder, number)
        if note["files"] != {path.name: path.stat().st_size for path in (accepted, findings) if path.exists()}:
            return
        yield Part(
            number=number,
            source=note["source"],
            span=Span(**note["span"]),
            accepted=accepted,
            findings=findings,
            keys=np.empty(0, np.uint64),
            tally=_tally(note["tally"]),
        )
        number += 1


def _read_note(folder: Path, number: int) -> dict[str, Any] | None:
    try:
        note: dict[str, Any] = json.loads(_note_of(part_files(folder, number)[0]).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return note


def _note_of(accepted: Path) -> Path:
    return accepted.with_suffix(".json")


def _tally(values: dict[str, Any]) -> Tally:
    sums = {name: Sums(*map(Decimal, fates)) for name, fates in values.pop("sums").items()}
    return Tally(**values, sums=sums)
