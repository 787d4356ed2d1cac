"""The size of a batch, and of the blocks that are read, changes nothing."""

from dataclasses import replace
from pathlib import Path
from unittest.mock import patch

from exports import Export, damaged, exports, json_exports
from hypothesis import given
from hypothesis import strategies as st
from runs import GIFT_CARDS, place

from vbatch import SourceError, verify
from vbatch.catalog import pipeline
from vbatch.steps.read import batches

SIZES = (1, 7, 262_144)
ITEMS = pipeline("voucherify_json")


@given(files=st.lists(exports(), min_size=1, max_size=2), policy=st.sampled_from(("reject_all", "first", "last")))
def test_good_files_have_the_same_fates_in_batches_of_any_size(files: list[Export], policy: str) -> None:
    assert_same_fates([file.data for file in files], policy)


@given(files=st.lists(damaged(), min_size=1, max_size=2))
def test_damaged_files_have_the_same_fates_in_batches_of_any_size(files: list[bytes]) -> None:
    assert_same_fates(files, "reject_all")


def assert_same_fates(files: list[bytes], policy: str) -> None:
    chosen = replace(GIFT_CARDS, on_conflict=policy)
    with place() as here:
        sources = here.write(*files)
        try:
            first, *others = [here.run(sources, chosen=chosen, batch_rows=rows).fates() for rows in SIZES]
        except SourceError:
            return
        for other in others:
            assert other == first


@given(data=damaged(), size=st.integers(1, 40))
def test_files_have_the_same_fates_in_blocks_of_any_size(data: bytes, size: int) -> None:
    with place() as here:
        sources = here.write(data)
        try:
            whole = here.run(sources, batch_rows=3).fates()
        except SourceError:
            return
        with patch.object(batches, "BLOCK", size):
            assert here.run(sources, batch_rows=3).fates() == whole


@given(data=json_exports(), size=st.integers(1, 40))
def test_json_has_the_same_fates_in_batches_and_blocks_of_any_size(data: bytes, size: int) -> None:
    with place() as here:
        sources = here.write(data)
        try:
            whole = here.run(sources, chosen=ITEMS)
        except SourceError:
            return
        assert verify(whole.out) == ()
        with patch.object(batches, "BLOCK", size):
            for rows in (1, 3):
                assert here.run(sources, chosen=ITEMS, batch_rows=rows).fates() == whole.fates()


@given(files=st.lists(exports(), min_size=1, max_size=2), rows=st.sampled_from(SIZES))
def test_the_same_size_gives_the_same_bytes(files: list[Export], rows: int) -> None:
    with place() as here:
        sources = here.write(*(file.data for file in files))
        first, second = (here.run(sources, batch_rows=rows, csv=True) for _ in range(2))
        assert contents(first.out) == contents(second.out)
        assert first.report.outputs == second.report.outputs


def contents(out: Path) -> dict[str, bytes]:
    """Every file but the report, which tells the time."""
    files = (path for path in out.rglob("*") if path.is_file() and path.name != "report.json")
    return {path.relative_to(out).as_posix(): path.read_bytes() for path in files}
