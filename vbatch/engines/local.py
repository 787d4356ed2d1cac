"""The engine of one machine: one thread reads, a few judge, and no more batches are in memory than threads can use."""

import os
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace

import polars as pl

from vbatch.engines.examine import examiner
from vbatch.model.batch import PROVENANCE, Batch, Examine
from vbatch.model.engine import Job, Judged, Progress
from vbatch.model.part import Part, SettledPart
from vbatch.model.source import Account, Source
from vbatch.model.stopwatch import Stopwatch
from vbatch.steps.amend import amend, marks
from vbatch.steps.measure import sha256_of
from vbatch.steps.read import Batches, opened, parse, read_again
from vbatch.steps.rows import read_rows, write_accepted, write_keys, write_rows
from vbatch.steps.split import split, with_raw
from vbatch.steps.workspace import note_part, part_files

KEYS = ".keys"
BATCHES = 2
"""The part of the memory that batches in flight may use; the rest is for keys and for what does not grow."""

GROWTH = 6
"""Bytes of memory for each byte of a batch while it is judged, measured on gift cards and rounded up."""


WARM = 8 << 20
"""Bytes of a source whose first batch takes a while to read. Meanwhile a made-up row is judged, so that what is made once is ready then."""

ANY = "2000-01-01"
"""Each text of that row: a date, for which the most is made."""


class LocalEngine:
    """Judges on threads; polars works outside the interpreter's lock.

    Args:
        threads: batches judged at the same time; None for one a core.
    """

    def __init__(self, threads: int | None = None) -> None:
        self.threads = threads or os.cpu_count() or 1

    def judge(self, job: Job, done: Sequence[Part], progress: Progress) -> Judged:
        """Read, convert and check everything that is not done yet; parts land in the job's folder of judged parts."""
        accounts: list[Account] = []
        read, records, rejected = 0, sum(part.tally.records for part in done), sum(part.tally.rejected for part in done)
        with ThreadPoolExecutor(self.threads) as pool:
            parts = list(pool.map(_with_keys, done))
            for position, source in enumerate(job.sources):
                finished = [part for part in parts if part.source == position]
                with opened(source.file, source.path) as stream:
                    batches = Batches(
                        stream,
                        source,
                        job.rulebook.book,
                        rows=job.batch_rows,
                        number=len(parts),
                        position=position,
                        after=finished[-1] if finished else None,
                    )
                    for part in self._in_order(pool, batches, job, source):
                        parts.append(part)
                        finished.append(part)
                        records, rejected = records + part.tally.records, rejected + part.tally.rejected
                        progress(read + part.span.end, records, rejected)
                    size, digest = source.packed or (stream.bytes, stream.sha256)
                    blanks = batches.blanks + sum(part.span.blanks for part in finished)
                    accounts.append(Account(bytes=size, sha256=digest, records=batches.records, blanks=blanks))
                    read += stream.bytes
        return Judged(parts=tuple(parts), accounts=tuple(accounts))

    def settle(self, job: Job, parts: Sequence[Part], verdicts: pl.DataFrame) -> Iterator[SettledPart]:
        """Lay out the parts to be published, without the rows that the set-wise pass found fault with."""
        (job.out / "accepted").mkdir(mode=0o700)
        by_part = {int(key[0]): rows for key, rows in verdicts.partition_by("part", as_dict=True).items()}
        with ThreadPoolExecutor(self.threads) as pool:
            yield from pool.map(lambda place: _settle(job, place[1], by_part.get(place[0])), enumerate(parts))

    def _in_order(self, pool: ThreadPoolExecutor, batches: Batches, job: Job, source: Source) -> Iterator[Part]:
        examine = examiner(source.binding, job.rulebook, job.metadata, job.as_of)
        waiting: deque[Future[Part]] = deque()
        if source.file.stat().st_size > WARM:
            pool.submit(examine, pl.DataFrame([pl.Series(text, [ANY]) for text in source.binding.text_columns()]))
        try:
            for batch in _timed(batches, job.watch):
                room = max(1, job.memory // BATCHES // (len(batch.data) * GROWTH))
                waiting.append(pool.submit(_judge, batch, job, source, examine))
                if len(waiting) > min(self.threads, room - 1):
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            for future in waiting:
                future.cancel()


def _timed(batches: Batches, watch: Stopwatch) -> Iterator[Batch]:
    """The batches; reading, hashing and cutting them is one phase."""
    each = iter(batches)
    while True:
        with watch.time("read"):
            batch = next(each, None)
        if batch is None:
            return
        yield batch


def _with_keys(part: Part) -> Part:
    return replace(part, keys=write_keys(read_rows(part.rows)["code"], part.rows.with_suffix(KEYS)))


def _judge(batch: Batch, job: Job, source: Source, examine: Examine) -> Part:
    time = job.watch.time
    with time("parse"):
        parsed = parse(batch, source, job.rulebook.book)
    with time("examine"):
        judged = examine(parsed.texts)
    with time("split"):
        accepted, findings, tally = split(batch, judged, parsed.malformed, job.rulebook)
    rows_file, findings_file = part_files(job.judged, batch.number)
    with time("keep"):
        write_rows(accepted, rows_file, of=tally.records)
        write_rows(findings, findings_file, of=tally.records)
        keys = write_keys(accepted["code"], rows_file.with_suffix(KEYS))
    part = Part(
        number=batch.number,
        source=batch.source,
        span=batch.span,
        rows=rows_file,
        findings=findings_file,
        keys=keys,
        tally=tally,
    )
    note_part(part)
    return part


def _settle(job: Job, part: Part, verdicts: pl.DataFrame | None) -> SettledPart:
    """Publish a part: its accepted rows without those that lost their code, which join its findings."""
    source, rulebook = job.sources[part.source], job.rulebook
    file = job.out / "accepted" / f"part-{part.number:05d}.parquet"
    rows = read_rows(part.rows)
    if verdicts is None:
        write_accepted(rows, rulebook.kind, source.path, file)
        return SettledPart(source=part.source, accepted=file, sha256=sha256_of(file), findings=part.findings, tally=part.tally)
    marked = marks(verdicts, rows["_record"], rulebook.book)
    batch = read_again(source, part, rows.select(*PROVENANCE)[verdicts["row"].unique().sort()], rulebook.book)
    late = with_raw(parse(batch, source, rulebook.book).texts.join(marked, on="_record", maintain_order="left"), batch)
    if late.height != marked.height:
        raise AssertionError(f"{source.path}: {marked.height - late.height} records could not be read again")
    amended = amend(rows, read_rows(part.findings), late, part.tally, rulebook)
    findings_file = job.scratch / part.findings.name
    write_rows(amended.findings, findings_file, of=part.tally.records)
    write_accepted(amended.accepted, rulebook.kind, source.path, file)
    return SettledPart(source=part.source, accepted=file, sha256=sha256_of(file), findings=findings_file, tally=amended.tally)
