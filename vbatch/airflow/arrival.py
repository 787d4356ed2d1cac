"""Whether exports have arrived whole. Looks at names, sizes and times only, and imports nothing of Airflow's."""

import glob
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from time import time
from typing import Any

from vbatch.errors import SourceError

HINT = 'write {"exports": [{"path": "cards.csv", "bytes": 1234, "records": 56, "sha256": "…"}]}; all but the path may be left out'


@dataclass(frozen=True, slots=True, kw_only=True)
class Promised:
    """An export as a manifest announces it.

    Args:
        path: absolute.
        bytes: size of the file; None if the manifest does not say.
        records: how many records it holds; None if the manifest does not say.
        sha256: hash of the file; None if the manifest does not say.
    """

    path: str
    bytes: int | None = None
    records: int | None = None
    sha256: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Awaited:
    """What is waited for. Paths are absolute.

    Args:
        sources: globs; none if the manifest names everything.
        stable_for: seconds since anything about a file has changed.
        done_file: a file that the sender writes last; `{}` in its name stands for each export, which then has one of its own.
        manifest: a JSON file that names the exports.
    """

    sources: tuple[str, ...] = ()
    stable_for: float = 30.0
    done_file: str | None = None
    manifest: str | None = None

    def look(self) -> "Arrival":
        """What there is now. SourceError if the manifest is not one."""
        try:
            promised = manifest(self.manifest) if self.manifest else ()
            exports = tuple(dict.fromkeys([*(one.path for one in promised), *_found(self.sources)]))
            return Arrival(exports=exports, lacking=next(self._lacking(exports, promised), ""))
        except FileNotFoundError as error:
            return Arrival(lacking=f"{error.filename} is not there yet")

    def _lacking(self, exports: Sequence[str], promised: Sequence[Promised]) -> Iterator[str]:
        """What is still missing, most important first."""
        if not exports:
            yield f"nothing matches {' '.join(self.sources)}"
        if self.done_file:
            yield from (f"{file} is not there yet" for file in _done_files(self.done_file, exports) if not Path(file).exists())
        for one in promised:
            if one.bytes is not None and (size := Path(one.path).stat().st_size) != one.bytes:
                yield f"{one.path} has {size:,} of {one.bytes:,} bytes"
        now = time()
        for path in exports:
            # Unlike the time of modification, this one changes whatever is done to a file, and nobody can set it.
            quiet = now - Path(path).stat().st_ctime
            if quiet < self.stable_for:
                yield f"{path} changed {max(quiet, 0):.0f} s ago"


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrival:
    """What has arrived.

    Args:
        exports: absolute paths, in the order of the manifest or by name.
        lacking: what is still waited for, in words; empty if everything is there.
    """

    exports: tuple[str, ...] = ()
    lacking: str = ""


def manifest(path: str) -> tuple[Promised, ...]:
    """The exports that a manifest announces; paths in it are relative to its own folder.

    Raises:
        FileNotFoundError: it is not there, or not whole yet.
        SourceError: it is something else.
    """
    try:
        values = json.loads(Path(path).read_text("utf-8"))
    except ValueError:
        # Half a manifest is none.
        raise FileNotFoundError(2, "is not whole", path) from None
    try:
        return tuple(_promised(Path(path).parent, one) for one in values["exports"])
    except (KeyError, TypeError) as error:
        raise SourceError(f"{path}: is not a manifest", hint=HINT) from error


def broken_promises(promised: Sequence[Promised], sources: Sequence[Mapping[str, Any]]) -> list[str]:
    """Where exports are not what the manifest says, in words.

    Args:
        promised: the manifest.
        sources: accounts of the sources of a run: path, bytes, records and sha256 of each.
    """
    read = {os.path.abspath(str(source["path"])): source for source in sources}  # noqa: PTH100 - as it is spelled
    return [
        f"{name}: the manifest says {what} {wanted}, found {read[name][what]}"
        for one in promised
        if (name := os.path.abspath(one.path)) in read  # noqa: PTH100 - the same
        for what, wanted in (("bytes", one.bytes), ("records", one.records), ("sha256", one.sha256))
        if wanted is not None and read[name][what] != wanted
    ]


def _promised(folder: Path, value: Mapping[str, Any]) -> Promised:
    return Promised(path=str(folder / value["path"]), bytes=value.get("bytes"), records=value.get("records"), sha256=value.get("sha256"))


def _found(sources: Sequence[str]) -> Iterator[str]:
    for source in sources:
        yield from sorted(path for path in glob.glob(source, recursive=True) if Path(path).is_file())  # noqa: PTH207 - absolute patterns


def _done_files(done_file: str, exports: Sequence[str]) -> list[str]:
    return [done_file.replace("{}", path) for path in exports] if "{}" in done_file else [done_file]
