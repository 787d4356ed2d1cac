"""The engine of one machine: one thread reads, a few judge, and no more batches are in memory than threads can use."""

import os
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor

import polars as pl

from vbatch.engines.examine import examiner
from vbatch.model.batch import Batch, Examine
from vbatch.model.engine import Job, Judged, Progress
from vbatch.model.part import Part
from vbatch.model.source import Account, Source
from vbatch.steps.amend import amend, marks
from vbatch.steps.read import Batches, opened, parse, read_again
from vbatch.steps.split import split, with_raw
from vbatch.steps.write import keys_of, write_accepted, write_findings


class LocalEngine:
    """Judges on threads; polars works outside the interpreter's lock.

    Args:
        threads: batches judged at the same time; None for one a core.
    """

    def __init__(self, threads: int | None = None) -> None:
        self.threads = threads or os.cpu_count() or 1

    def judge(self, job: Job, progress: Progress) -> Judged:
        """Read, convert and check everything; parts land in the job's folder."""
        (job.out / "accepted").mkdir()
        parts: list[Part] = []
        accounts: list[Account] = []
        rejected = records = done = 0
        with ThreadPoolExecutor(self.threads) as pool:
            for position, source in enumerate(job.sources):
                with opened(source.file, source.path) as stream:
                    batches = Batches(stream, source, job.rulebook.book, rows=job.batch_rows, number=len(parts), position=position)
                    for part in self._in_order(pool, batches, job, source):
                        parts.append(part)
                        records, rejected = records + part.tally.records, rejected + part.tally.rejected
                        progress(done + part.offset + part.size, records, rejected)
                    size, digest = source.packed or (stream.bytes, stream.sha256)
                    accounts.append(Account(bytes=size, sha256=digest, records=batches.records, blanks=batches.blanks))
                    done += stream.bytes
        return Judged(parts=tuple(parts), accounts=tuple(accounts))

    def amend(self, job: Job, parts: Sequence[Part], verdicts: pl.DataFrame) -> tuple[Part, ...]:
        """Take the rows that the set-wise pass found fault with out of their parts."""
        by_part = {int(key[0]): rows for key, rows in verdicts.partition_by("part", as_dict=True).items()}
        with ThreadPoolExecutor(self.threads) as pool:
            amended = pool.map(lambda position: _amend(job, parts[position], by_part[position]), by_part)
            changed = dict(zip(by_part, amended, strict=True))
        return tuple(changed.get(position, part) for position, part in enumerate(parts))

    def _in_order(self, pool: ThreadPoolExecutor, batches: Batches, job: Job, source: Source) -> Iterator[Part]:
        examine = examiner(source.binding, job.rulebook, job.metadata, job.as_of)
        waiting: deque[Future[Part]] = deque()
        try:
            for batch in batches:
                waiting.append(pool.submit(_judge, batch, job, source, examine))
                if len(waiting) > self.threads:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            for future in waiting:
                future.cancel()


def _judge(batch: Batch, job: Job, source: Source, examine: Examine) -> Part:
    parsed = parse(batch, source, job.rulebook.book)
    accepted, findings, tally = split(batch, examine(parsed.texts), parsed.malformed, job.rulebook, source.path)
    part = Part(
        number=batch.number,
        source=batch.source,
        offset=batch.offset,
        size=len(batch.original),
        first_record=int(batch.records["_record"][0]),
        line=int(batch.records["_line"][0]),
        accepted=job.out / "accepted" / f"part-{batch.number:05d}.parquet",
        findings=job.scratch / f"part-{batch.number:05d}.arrow",
        keys=keys_of(accepted["code"]).to_numpy(),
        tally=tally,
    )
    write_accepted(accepted, part.accepted)
    write_findings(findings, part.findings)
    return part


def _amend(job: Job, part: Part, verdicts: pl.DataFrame) -> Part:
    source, book = job.sources[part.source], job.rulebook.book
    accepted = pl.read_parquet(part.accepted)
    marked = marks(verdicts, accepted["_record"], book)
    batch = read_again(source, part, marked["_record"], book)
    late = with_raw(parse(batch, source, book).texts.join(marked, on="_record", maintain_order="left"), batch)
    amended = amend(accepted, pl.read_ipc(part.findings), late, part.tally, job.rulebook)
    write_findings(amended.findings, part.findings)
    if amended.accepted is None:
        return part.amended(amended.tally, part.keys)
    write_accepted(amended.accepted, part.accepted)
    return part.amended(amended.tally, keys_of(amended.accepted["code"]).to_numpy())
