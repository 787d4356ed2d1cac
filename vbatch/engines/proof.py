"""Proves long after a run that every byte of its sources belongs to exactly one record, blank line, header or preamble."""

import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import polars as pl

from vbatch.errors import OutputError
from vbatch.model.binding import unbound
from vbatch.model.fault import FaultBook
from vbatch.model.layout import Dialect, Layout
from vbatch.model.report import Report, SourceReport
from vbatch.model.source import Frame, Source
from vbatch.steps.read import Batches, Export, expanded, exports, opened
from vbatch.steps.verify import Difference

Offsets = npt.NDArray[np.uint64]


class _Tiles(NamedTuple):
    """Records of a source, found again in its bytes: where they begin, and how many bytes and blank lines there are besides."""

    offsets: Offsets
    lengths: Offsets
    sha256: str
    blanks: int


def prove(out: Path, paths: Sequence[str]) -> tuple[Difference, ...]:
    """Hold sources against the run that read them.

    Args:
        out: the run's folder, which agrees with its report.
        paths: the sources, in the order of the run.

    Returns:
        Where a source is not the one that was read, or its records are not exactly those of the run.
    """
    report = Report.from_json((out / "report.json").read_text(encoding="utf-8"), str(out))
    with tempfile.TemporaryDirectory() as name:
        dialect = Dialect(**report.sources[0].reading["dialect"])
        layout = Layout(name="", title="", reference="", format=report.options["format"], fields=(), dialect=dialect)
        truncated = any(source.truncated for source in report.sources)
        found = exports(expanded(paths), Path(name), layout, allow_truncated=truncated)
        if len(found) != len(report.sources):
            raise OutputError(
                f"{out}: is a run of {len(report.sources)} sources, not of {len(found)}", hint="name them all, in their order"
            )
        differences = [one for source, export in zip(report.sources, found, strict=True) for one in _proved(out, source, export)]
    return tuple(differences)


def _proved(out: Path, source: SourceReport, export: Export) -> Iterator[Difference]:
    tiles = _tiles(source, export)
    if tiles.sha256 != source.sha256:
        yield Difference(f"{export.path}: sha256", source.sha256, tiles.sha256)
        return
    if len(tiles.offsets) != source.counted:
        yield Difference(f"{export.path}: records", str(source.counted), str(len(tiles.offsets)))
    if tiles.blanks != source.blank_lines:
        yield Difference(f"{export.path}: blank lines", str(source.blank_lines), str(tiles.blanks))
    run = _offsets_of_run(out, source.path)
    if not np.array_equal(run, tiles.offsets):
        stray = np.setxor1d(run, tiles.offsets)
        where = f"from byte {int(stray[0])} on" if len(stray) else "some twice"
        yield Difference(f"{export.path}: bytes", "one fate for each record", f"records without a fate or fates without a record, {where}")
    yield from _lengths(out, source.path, tiles)


def _tiles(source: SourceReport, export: Export) -> _Tiles:
    """Cut the source again as the report says that it was cut; parts that no record holds are the header and blank lines."""
    reading = source.reading
    cut = Source(
        path=export.path,
        file=export.file,
        replay="",
        truncated=source.truncated,
        shape=reading["shape"],
        dialect=Dialect(**reading["dialect"]),
        binding=unbound(),
        offset=reading["offset"],
        line=reading["line"],
        frame=Frame(),
    )
    offsets, lengths, blanks = [np.empty(0, np.uint64)], [np.empty(0, np.uint64)], 0
    with opened(export.file, export.path) as stream:
        batches = Batches(stream, cut, FaultBook(faults=()), rows=1 << 18, number=0, position=0)
        for batch in batches:
            offsets.append(batch.records["_offset"].to_numpy())
            lengths.append(batch.records["_length"].to_numpy())
            blanks += batch.span.blanks
        digest = export.packed[1] if export.packed else stream.sha256
    return _Tiles(np.concatenate(offsets), np.concatenate(lengths), digest, blanks + batches.blanks)


def _offsets_of_run(out: Path, path: str) -> Offsets:
    """Where the run's records begin in a source, whatever their fate, sorted."""
    frames = [
        pl.scan_parquet(file).filter(pl.col("_source") == path).select("_offset").collect()
        for fate in ("accepted", "rejected", "discarded")
        for file in sorted((out / fate).glob("*.parquet"))
    ]
    offsets: Offsets = np.sort(pl.concat(frames)["_offset"].to_numpy())
    return offsets


def _lengths(out: Path, path: str, tiles: _Tiles) -> Iterator[Difference]:
    """Whether the rejected and discarded rows claim the bytes that their records have."""
    known = pl.DataFrame({"_offset": tiles.offsets, "_length": tiles.lengths})
    for fate in ("rejected", "discarded"):
        for file in sorted((out / fate).glob("*.parquet")):
            rows = pl.scan_parquet(file).filter(pl.col("_source") == path).select("_offset", "_length").collect()
            if not rows.join(known, on=["_offset", "_length"], how="anti").is_empty():
                yield Difference(f"{fate}/{file.name}: lengths", "the bytes of the records", "others")
