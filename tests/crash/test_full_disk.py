"""A disk of a few hundred kilobytes that is really full: what polars, pyarrow and DuckDB say then is a named error, too."""

import re
import shutil
from pathlib import Path

import pytest
from cases import EVERY, Undisturbed
from processes import Zygote
from states import state, under

SIZES = range(60, 3000, 20) if EVERY else (80, 120, 140, 180, 240, 300, 360, 500, 800, 1200, 1800)
ENOUGH = "size=64m"
NAMED = re.compile(
    r"(resuming: .*\n)?error: (out: the disk is full|cannot use the registry codes\.duckdb: .*No space left on device.*)\nhint: free .*\n"
)


@pytest.mark.parametrize("case", ["first", "replacing"])
def test_a_full_disk(request: pytest.FixtureRequest, case: str, private: Zygote, tmp_path: Path) -> None:
    undisturbed: Undisturbed = request.getfixturevalue(case)
    failed = 0
    for size in SIZES:
        disk = tmp_path / str(size)
        disk.mkdir()
        private.mount(disk, ENOUGH)
        inside = private.seen(disk)
        shutil.copytree(undisturbed.before, inside, dirs_exist_ok=True)
        used = sum(path.stat().st_blocks // 2 + 4 for path in inside.rglob("*"))
        private.mount(disk, f"remount,size={used + size}k")
        end = private.run(disk, *undisturbed.case.arguments)
        if end.code:
            failed += 1
            assert (end.code, bool(NAMED.fullmatch(end.told))) == (2, True), f"{size} kB: {end.told}"
            found = state(inside)
            assert under(found, "out") == under(state(undisturbed.before), "out")
        private.mount(disk, f"remount,{ENOUGH}")
        again = private.run(disk, *undisturbed.case.arguments)
        assert undisturbed.is_as_undisturbed(inside, again) == "", f"{size} kB"
    assert failed > 3
