"""The samples are what their README says."""

from pathlib import Path

import pytest

from vbatch import Options, validate

SAMPLES = Path(__file__).parents[1] / "sample_data"


def tables() -> list[list[list[str]]]:
    """The cells of each table of the README, without the line below its header."""
    text = (SAMPLES / "README.md").read_text("utf-8")
    blocks = [block.splitlines() for block in text.split("\n\n") if block.startswith("|")]
    return [[[cell.strip(" `") for cell in line.strip("|").split("|")] for line in block if "--:" not in line] for block in blocks]


COUNTS, FAULTS = tables()
FILES = [row[:6] for row in COUNTS[1:]]


def test_every_sample_is_described() -> None:
    files = [path.name for path in SAMPLES.iterdir() if path.name not in {"README.md", ".gitattributes"}]
    assert sorted(file for file, *_ in FILES) == sorted(files)
    assert FAULTS[0][1:] == [file for file, *_ in FILES]


@pytest.mark.parametrize("row", FILES, ids=lambda row: row[0])
def test_counts_are_true(row: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    file, pipeline, *counts = row
    report = validate([SAMPLES / file], pipeline, Options(out=Path("out")))
    assert [report.records, report.accepted, report.rejected, report.warned] == [int(count) for count in counts]
    column = FAULTS[0].index(file)
    assert report.faults == {line[0]: int(line[column]) for line in FAULTS[1:] if line[column]}
