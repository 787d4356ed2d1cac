"""Times the proof that a CSV file is well formed: vbatch's reader beside polars' own on chunks of the same bytes, which proves nothing.

python tests/benchmarks/reading.py [RECORDS or EXPORT] [ROUNDS]     default: 1000000 records, 5 rounds

An export of one's own is one of gift cards, as RECORDS writes them.

All work on one thread. The figures are seconds of the processor, the least of all rounds; a ratio of 1.15 means 15 % more than polars.
`proof` is the same chunks parsed by vbatch, which counts before it trusts the parser; `whole` adds what vbatch does to come by them:
hashing the source, and the record number, line, offset and length of each record; `unhashed` is that without the time of the hash.
"""

import hashlib
import os

os.environ["POLARS_MAX_THREADS"] = "1"

import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import polars as pl
from exports import write_export

from vbatch.catalog import pipeline
from vbatch.engines.sources import understand
from vbatch.model.rulebook import Rulebook, rulebook
from vbatch.model.source import Source
from vbatch.steps.read import Batches, exports, opened, parse

ROWS = 262_144
CHUNK = 24 << 20


def in_chunks(export: Path) -> int:
    """Read as polars users do who want bounded memory: whole lines, some at a time."""
    rows, rest = 0, b""
    with export.open("rb") as file:
        names = file.readline().decode().strip().split(",")
        while block := file.read(CHUNK):
            data = rest + block
            end = data.rindex(b"\n") + 1
            rows += pl.read_csv(data[:end], has_header=False, schema=dict.fromkeys(names, pl.String())).height
            rest = data[end:]
    return rows


def understood(export: Path) -> tuple[Rulebook, Source]:
    """What vbatch makes of the head of an export."""
    gift_cards = pipeline("gift_cards")
    rules = rulebook(gift_cards)
    with tempfile.TemporaryDirectory() as scratch:
        (source,) = understand(exports([str(export)], Path(scratch), gift_cards.layout, allow_truncated=False), gift_cards, rules)
    return rules, source


def proved(export: Path) -> int:
    """Read as vbatch does, up to the text frame of each batch."""
    rules, source = understood(export)
    rows = 0
    with opened(source.file, source.path) as stream:
        for batch in Batches(stream, source, rules.book, rows=ROWS, number=0, position=0):
            rows += parse(batch, source, rules.book).texts.height
    return rows


def least(work: Callable[[], object], rounds: int) -> float:
    """The least processor time that a piece of work takes."""
    taken = []
    for _ in range(rounds):
        began = time.process_time()
        work()
        taken.append(time.process_time() - began)
    return min(taken)


def proof(export: Path, rounds: int) -> float:
    """Parsing batches beside polars' own parsing of the same bytes, batch by batch."""
    rules, source = understood(export)
    columns = dict.fromkeys(source.binding.text_columns(), pl.String())
    own = plain = 0.0
    with opened(source.file, source.path) as stream:
        for batch in Batches(stream, source, rules.book, rows=ROWS, number=0, position=0):
            own += least(partial(parse, batch, source, rules.book), rounds)
            plain += least(partial(pl.read_csv, batch.data, has_header=False, schema=columns), rounds)
    return own / plain


def spoiled(export: Path, into: Path, every: int) -> Path:
    """The export with one field too few in one of so many records."""
    lines = export.read_bytes().splitlines(keepends=True)
    lines[1::every] = [line.partition(b",")[2] for line in lines[1::every]]
    into.write_bytes(b"".join(lines))
    return into


def quoted(export: Path, into: Path) -> Path:
    """The export with quotes around every field."""
    pl.read_csv(export, infer_schema=False).write_csv(into, quote_style="always")
    return into


def main(given: str, rounds: int) -> None:
    """Print the table."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        clean = Path(given)
        if given.isdigit():
            clean = folder / "clean.csv"
            write_export(clean, int(given))
        plain, own, hashing = (
            least(work, rounds) for work in (partial(in_chunks, clean), partial(proved, clean), partial(hashlib.sha256, clean.read_bytes()))
        )
        told = f"proof {proof(clean, rounds):.2f}   whole {own:6.3f}, {own / plain:.2f}; unhashed {(own - hashing) / plain:.2f}"
        print(f"clean               polars {plain:6.3f}   {told}")
        for what, export in (
            ("one bad in 1000", spoiled(clean, folder / "bad.csv", 1000)),
            ("every field quoted", quoted(clean, folder / "quoted.csv")),
        ):
            taken = least(partial(proved, export), rounds)
            print(f"{what:19} {'':30} whole {taken:6.3f}, speed beside clean {own / taken:.2f}")


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else "1000000", int(sys.argv[2]) if len(sys.argv) > 2 else 5)
