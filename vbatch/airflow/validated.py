"""What an earlier task validated, and whether it is still the same when it is to be loaded."""

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

Told = Mapping[str, Any]
"""A small report of `vbatch.airflow.outcome`."""


def passed(validated: Told | Iterable[Told | None]) -> list[Told]:
    """The reports of exports that may be loaded; of a mapped task that was skipped there is none."""
    reports = [validated] if isinstance(validated, Mapping) else validated
    return [one for one in reports if one and one["passed"]]


def exports_of(reports: Iterable[Told]) -> tuple[str, ...]:
    """Paths of the files that were validated, each once."""
    return tuple(dict.fromkeys(export["path"] for one in reports for export in one["exports"]))


def changed(reports: Sequence[Told]) -> Iterator[str]:
    """Files that are not any more what was validated. Reads them whole."""
    for report in reports:
        hashes = {source["path"]: source["sha256"] for source in report["sources"]}
        for export in report["exports"]:
            if not _same(Path(export["path"]), export, hashes.get(export["path"])):
                yield export["path"]


def read_otherwise(report: Told, reports: Iterable[Told]) -> bool:
    """Whether a run read other bytes than were validated."""
    return {source["sha256"] for source in report["sources"]} != {source["sha256"] for one in reports for source in one["sources"]}


def fingerprint(path: str) -> dict[str, Any]:
    """A file by path, size and time."""
    facts = Path(path).stat()
    return {"path": path, "size": facts.st_size, "modified": facts.st_mtime_ns}


def _same(file: Path, export: Told, sha256: str | None) -> bool:
    if not file.is_file():
        return False
    if sha256 is None:
        # What is known of an archive are the hashes of its members.
        return fingerprint(str(file)) == dict(export)
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest() == sha256
