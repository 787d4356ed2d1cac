"""A disk of a few hundred kilobytes that is really full: what polars, pyarrow and DuckDB say then is a named error, too."""

import re
import shutil
from pathlib import Path

import pytest
from cases import EVERY, Undisturbed
from processes import Zygote
from states import state, under

FREE = {
    "first": range(20, 1900, 20) if EVERY else (60, 220, 300, 900, 1500),
    "replacing": range(20, 220, 2) if EVERY else (100, 150, 200),
}
"""Kilobytes that are free before the run: from too few for the first part to enough. A new registry takes most of them."""

NAMED = re.compile(
    r"(resuming .*\n)?error: (out: the disk is full|cannot use the registry codes\.duckdb: .*No space left on device.*)\nhint: free .*\n"
)


class Disk:
    """A file system in memory, on which the case is as it was before the run."""

    def __init__(self, undisturbed: Undisturbed, private: Zygote, folder: Path) -> None:
        self.undisturbed, self.private, self.folder = undisturbed, private, folder
        folder.mkdir()
        self.resize(64_000, "")
        shutil.copytree(undisturbed.before, private.seen(folder), dirs_exist_ok=True)
        self.used = sum(path.stat().st_blocks // 2 + 4 for path in private.seen(folder).rglob("*"))

    def resize(self, kilobytes: int, how: str = "remount,") -> None:
        self.private.mount(self.folder, f"{how}size={kilobytes}k")

    def copy(self, name: str) -> Path:
        """What is on it, where all can see it."""
        return Path(shutil.copytree(self.private.seen(self.folder), self.folder.with_name(f"{self.folder.name}-{name}")))


@pytest.mark.parametrize("case", FREE)
def test_a_full_disk(request: pytest.FixtureRequest, case: str, private: Zygote, tmp_path: Path) -> None:
    undisturbed: Undisturbed = request.getfixturevalue(case)
    before = state(undisturbed.before)
    said: set[str] = set()
    for free in FREE[case]:
        disk = Disk(undisturbed, private, tmp_path / str(free))
        disk.resize(disk.used + free)
        end = private.run(disk.folder, *undisturbed.case.arguments)
        if end.code:
            assert (end.code, bool(NAMED.fullmatch(end.told))) == (2, True), f"{free} kB: {end.told}"
            said.add(end.told.split(": ")[1])
            left = state(disk.copy("full"))
            assert [under(left, name) for name in ("out", "codes.duckdb")] == [under(before, name) for name in ("out", "codes.duckdb")]
        disk.resize(64_000)
        again = private.run(disk.folder, *undisturbed.case.arguments)
        assert undisturbed.is_as_undisturbed(disk.copy("mended"), again) == "", f"{free} kB"
    assert "out" in said
    assert len(said) == 2 or case == "replacing"
