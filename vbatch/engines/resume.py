"""How far an interrupted run had come."""

from collections.abc import Sequence

from vbatch.model.engine import Job
from vbatch.model.part import Part


def how_far(job: Job, done: Sequence[Part]) -> str:
    """How many batches are done, of how many: what is not read yet is taken for records of the same length."""
    left = sum(source.file.stat().st_size - source.offset for source in job.sources) / max(1, sum(part.span.size for part in done))
    total = max(len(done), round(len(done) * left))
    return f"{len(done)} of {total} batches done" + f" ({total} by the size of the sources)" * (total > len(done))
