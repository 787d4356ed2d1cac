"""Records become a text frame, whatever the format of their source."""

from vbatch.model.batch import Batch
from vbatch.model.fault import FaultBook
from vbatch.model.source import Source
from vbatch.steps.read.parse_csv import parse_csv
from vbatch.steps.read.parse_fixed import parse_fixed
from vbatch.steps.read.parse_json import parse_json
from vbatch.steps.read.parsed import Parsed


def parse(batch: Batch, source: Source, book: FaultBook) -> Parsed:
    """Parse a batch of a source."""
    binding = source.binding
    if source.shape in {"array", "objects"}:
        return parse_json(batch, binding.header, binding.text_columns(), book)
    if source.shape == "fixed":
        return parse_fixed(batch, source.dialect, source.positions, binding.text_columns(), book)
    header = binding.header if source.dialect.header else ()
    return parse_csv(batch, source.dialect, header, binding.text_columns(), book)
