"""The folder of a run: everything is written under a working name and becomes visible by one rename.

The order of commitment, of which every instant may be the last:

1. Judged parts land in the workspace, each noted when its files are on the disk. They never change afterwards.
2. The set-wise pass and the reports are written beside them, from the parts alone; all of it is synced to the disk.
3. `load` registers codes, run and report in one transaction. Its commit is the decisive point: before it nothing has happened,
   after it the run has happened, and all that is left to do is
4. to rename the finished folder to its final name and sync the folder around it. `validate` has its decisive point here.

A run that was killed before 3 is repeated from the noted parts: same bytes, same rules, so the same files and the same codes. One that
was killed between 3 and 4 is found in the registry by its identity, and its finished folder in the workspace; only the rename is made up.
"""

import errno
import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from vbatch.errors import OutputError, VbatchError
from vbatch.steps.workspace.durable import sync


@dataclass(frozen=True, slots=True, kw_only=True)
class Workspace:
    """A private folder on the file system of the output.

    Args:
        root: the folder.
        resumed: whether a run with the same identity left it.
    """

    root: Path
    resumed: bool

    @property
    def judged(self) -> Path:
        """Parts as the engine judged them."""
        return self.root / "judged"

    @property
    def out(self) -> Path:
        """What will be published."""
        return self.root / "out"

    @property
    def scratch(self) -> Path:
        """What only this execution needs."""
        return self.root / "scratch"

    @property
    def aside(self) -> Path:
        """Where an earlier result goes when this one takes its place."""
        return self.root / "aside"

    def renew(self, *folders: Path) -> None:
        """Make these folders of the workspace anew, empty."""
        for folder in folders:
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir(mode=0o700)


@contextmanager
def workspace(place: Path, identity: str, *, restart: bool) -> Iterator[Workspace]:
    """The workspace of a run, for it alone.

    It is removed at the end, also after a named error; only an interrupted run leaves it, to be resumed.

    Args:
        place: the output folder, or a name for it that is not known yet.
        identity: what the run is, as far as it can be told beforehand; a workspace of another run is cleared.
        restart: whether to clear it in any case.

    Raises:
        OutputError: another run is at work there, or it cannot be written, at once or later.
    """
    root = place.parent / f".{place.name}.vbatch"
    with _disk_errors(place), _parent(place.parent):
        root.mkdir(mode=0o700, parents=True, exist_ok=True)
        with _locked(root, place):
            resumed = not restart and _identity_in(root) == identity
            if not resumed:
                _clear(root)
                (root / "identity").write_text(identity, encoding="utf-8")
            (root / "judged").mkdir(mode=0o700, exist_ok=True)
            try:
                yield Workspace(root=root, resumed=resumed)
            except (Exception, GeneratorExit):
                shutil.rmtree(root, ignore_errors=True)
                raise
            shutil.rmtree(root, ignore_errors=True)


def seal(folder: Path) -> None:
    """Private modes, and everything on the disk before anything says that it is there."""
    for root, _, names in os.walk(folder):
        for name in names:
            path = Path(root, name)
            path.chmod(0o600)
            sync(path)
        Path(root).chmod(0o700)
        sync(Path(root))


def publish(folder: Path, out: Path, aside: Path) -> None:
    """Make a sealed folder visible under its name.

    Args:
        folder: in the workspace.
        out: the name; an earlier result of the same run there is replaced.
        aside: where such an earlier result goes, to be removed with the workspace.
    """
    if out.exists() and any(out.iterdir()):
        shutil.rmtree(aside, ignore_errors=True)
        out.rename(aside)
    folder.rename(out)
    sync(out.parent)


@contextmanager
def _parent(folder: Path) -> Iterator[None]:
    """Make the folder around the output, and take it away again if nothing comes to stand in it."""
    made = not folder.exists()
    folder.mkdir(parents=True, exist_ok=True)
    try:
        yield
    finally:
        if made and not any(folder.iterdir()):
            folder.rmdir()


@contextmanager
def _locked(root: Path, place: Path) -> Iterator[None]:
    """Hold the workspace's lock; the kernel lets go of it when the process dies, however it dies."""
    descriptor = os.open(root / "lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        os.truncate(descriptor, 0)
        os.write(descriptor, str(os.getpid()).encode())
        yield
    except BlockingIOError as error:
        holder = os.read(descriptor, 20).decode() or "unknown"
        raise OutputError(
            f"{place}: another run is writing there (process {holder})", hint="wait for it, or choose another folder with -o"
        ) from error
    finally:
        os.close(descriptor)


def _identity_in(root: Path) -> str | None:
    try:
        return (root / "identity").read_text(encoding="utf-8")
    except OSError:
        return None


def _clear(root: Path) -> None:
    for path in root.iterdir():
        if path.name != "lock":
            shutil.rmtree(path) if path.is_dir() else path.unlink()


@contextmanager
def _disk_errors(place: Path) -> Iterator[None]:
    try:
        yield
    except VbatchError:
        raise
    except OSError as error:
        if error.errno == errno.ENOSPC:
            raise OutputError(
                f"{place}: the disk is full", hint="free some space or write elsewhere with -o; nothing was published"
            ) from error
        told = error.strerror or str(error)
        raise OutputError(f"{place}: cannot be written: {told}", hint="choose another folder with -o; nothing was published") from error
