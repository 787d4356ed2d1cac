"""What is finished of a run that may be killed at any instant: one small file a part, written after the part's own files."""

import json
from collections.abc import Iterator
from dataclasses import asdict
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any
from uuid import uuid4

import numpy as np

from vbatch.model.batch import Sums, Tally
from vbatch.model.part import Part
from vbatch.model.span import Span

BOOT = Path("/proc/sys/kernel/random/boot_id")


def note_part(part: Part) -> None:
    """Note a part beside its files, last: where there is a note, the files are whole.

    They need not be on the disk for that, which would take longer than writing them: a process that is killed leaves what it wrote to the
    kernel, and when the machine itself goes down the note's boot is over and it counts no more.
    """
    note = {
        "boot": _boot(),
        "number": part.number,
        "source": part.source,
        "span": asdict(part.span),
        "tally": asdict(part.tally),
        "files": _sizes(part.rows, part.findings),
    }
    place = _note_of(part.rows)
    working = place.with_suffix(".writing")
    working.write_text(json.dumps(note, default=str), encoding="utf-8")
    working.rename(place)


def noted_parts(folder: Path) -> tuple[Part, ...]:
    """The finished parts in a folder, from the first on without a gap; files that no note vouches for do not count."""
    return tuple(_noted(folder))


def part_files(folder: Path, number: int) -> tuple[Path, Path]:
    """Where the accepted rows and the findings of a part go."""
    name = f"part-{number:05d}"
    return folder / f"{name}.arrow", folder / f"{name}.findings.arrow"


def _noted(folder: Path) -> Iterator[Part]:
    number = 0
    while (note := _read_note(folder, number)) is not None:
        rows, findings = part_files(folder, number)
        if note["boot"] != _boot() or note["files"] != _sizes(rows, findings):
            return
        yield Part(
            number=number,
            source=note["source"],
            span=Span(**note["span"]),
            rows=rows,
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


def _sizes(*files: Path) -> dict[str, int]:
    return {path.name: path.stat().st_size for path in files if path.exists()}


@cache
def _boot() -> str:
    """What names this boot of the machine; where it has no name, no other process's notes count."""
    try:
        return BOOT.read_text(encoding="ascii").strip()
    except OSError:
        return uuid4().hex


def _note_of(rows: Path) -> Path:
    return rows.with_suffix(".json")


def _tally(values: dict[str, Any]) -> Tally:
    sums = {name: Sums(*map(Decimal, fates)) for name, fates in values.pop("sums").items()}
    return Tally(**values, sums=sums)
