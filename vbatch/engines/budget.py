"""What a run may use of the machine, and whether there is enough of it, asked before it starts."""

import os
import shutil
from collections.abc import Sequence
from pathlib import Path

from vbatch.errors import OutputError, PipelineError
from vbatch.model.source import Source

MIB = 1 << 20
LEAST = 256 * MIB
"""Memory without which not even one batch at a time can be judged."""

SHARE = 4
"""A run may use this part of the machine's memory unless it is told otherwise."""

LIMITS = (Path("/sys/fs/cgroup/memory.max"), Path("/sys/fs/cgroup/memory/memory.limit_in_bytes"))
"""Where Linux says how much memory a container may use."""

SHORT = 64 * MIB
"""Bytes of sources that are not worth an estimate."""

JUDGED, WRITTEN, TWINS, REGISTERED = 1.5, 1.0, 1.2, 0.6
"""Bytes on the disk for each byte of the sources: judged rows, outputs, CSV twins, registry; measured on gift cards and rounded up."""


def memory_budget(asked: int | None) -> int:
    """Bytes of memory that a run may use for what grows with its input.

    Args:
        asked: what the user allows; None for a quarter of the machine's.

    Raises:
        PipelineError: it is not enough to judge one batch.
    """
    budget = asked if asked is not None else max(_machine() // SHARE, LEAST)
    if budget < LEAST:
        raise PipelineError(f"{budget // MIB} MiB of memory are not enough", hint=f"give it at least {LEAST // MIB}MiB")
    if (free := _available()) < LEAST:
        raise PipelineError(
            f"the machine has {free // MIB} MiB of memory left, and a run needs {LEAST // MIB}", hint="stop what else runs, or use another"
        )
    return budget


def refuse_full_disk(sources: Sequence[Source], place: Path, registry: Path | None, *, csv: bool) -> None:
    """Whether there will be enough room, as far as can be told from the size of the sources.

    Args:
        sources: unpacked.
        place: the folder that the run works in.
        registry: the file that codes are added to, if they are.
        csv: whether CSV twins are written.

    Raises:
        OutputError: there will not.
    """
    size = sum(source.file.stat().st_size for source in sources)
    if size < SHORT:
        return
    kept = sum(file.stat().st_size for file in place.rglob("*") if file.is_file())
    need = int(size * (JUDGED + WRITTEN + TWINS * csv)) - kept
    if registry is not None:
        there = _existing(registry.parent)
        if place.stat().st_dev == there.stat().st_dev:
            need += int(size * REGISTERED)
        else:
            _refuse(int(size * REGISTERED), there, "registry")
    _refuse(need, place, "output folder")


def _refuse(need: int, folder: Path, what: str) -> None:
    if (free := shutil.disk_usage(folder).free) < need:
        raise OutputError(
            f"the run needs about {need // MIB:,} MiB on the disk of the {what}, and {free // MIB:,} are free",
            hint=f"free some, or name another {what}",
        )


def _existing(folder: Path) -> Path:
    return next(one for one in (folder.absolute(), *folder.absolute().parents) if one.exists())


def _machine() -> int:
    """Bytes of memory of the machine, or of the container if that is less."""
    whole = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return min([whole, *_limits()])


def _available() -> int:
    try:
        lines = Path("/proc/meminfo").read_text(encoding="ascii").splitlines()
    except OSError:
        return _machine()
    known = dict(line.split(":", 1) for line in lines)
    return int(known["MemAvailable"].split()[0]) * 1024 if "MemAvailable" in known else _machine()


def _limits() -> list[int]:
    texts = [path.read_text(encoding="ascii").strip() for path in LIMITS if path.exists()]
    return [int(text) for text in texts if text.isdigit()]
