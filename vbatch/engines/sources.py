"""Opens the sources of a run far enough to know what each of them is."""

import re
from collections import Counter
from collections.abc import Sequence
from itertools import chain, count
from pathlib import Path

from vbatch.errors import SourceError
from vbatch.model.pipeline import Pipeline
from vbatch.model.rulebook import Rulebook
from vbatch.model.source import Source
from vbatch.steps.bind import bind
from vbatch.steps.read import Export, read_head

PACKED = re.compile(r"(?:\.(?:gz|bz2|xz|zst|zip))+$")
"""Endings that say how a file is packed."""
LONGEST = 200
"""Bytes of a file name; an archive may hold names that no disk takes."""


def understand(found: Sequence[Export], pipeline: Pipeline, rulebook: Rulebook) -> tuple[Source, ...]:
    """Read the head of each export and fit it to the layout; SourceError if one does not fit or is named twice."""
    paths = [export.path for export in found]
    doubled = next((path for path, times in Counter(paths).items() if times > 1), None)
    if doubled:
        raise SourceError(f"{doubled}: is named twice", hint="name each source once; a record is known by its source and its number")
    names = _replay_names(paths)
    return tuple(_source(export, name, pipeline, rulebook) for export, name in zip(found, names, strict=True))


def _source(export: Export, replay: str, pipeline: Pipeline, rulebook: Rulebook) -> Source:
    head = read_head(export.file, export.path, pipeline.layout)
    return Source(
        path=export.path,
        file=export.file,
        packed=export.packed,
        truncated=export.truncated,
        replay=replay,
        shape=head.shape,
        dialect=head.dialect,
        binding=bind(pipeline.layout, rulebook, head.header, export.path),
        offset=head.offset,
        line=head.line,
        positions=head.positions,
        frame=head.frame,
    )


def _replay_names(paths: Sequence[str]) -> tuple[str, ...]:
    """The file name of each source's rejected records.

    It is the source's own; without the endings of compression, and without any folder that an archive's member names; numbered if another
    source of the run has it, too. Rows of tables are written as JSON objects.
    """
    names: list[str] = []
    for path in paths:
        own = PACKED.sub("", Path(path.replace(":", "/").replace("\\", "/")).name)
        own = "stdin" if own in {"-", "", ".."} else own
        own += ".ndjson" if own.endswith((".parquet", ".xlsx")) else ""
        own = own.encode()[-LONGEST:].decode(errors="ignore")
        numbered = chain([own], (f"{number}-{own}" for number in count(2)))
        names.append(next(name for name in numbered if name not in names))
    return tuple(names)
