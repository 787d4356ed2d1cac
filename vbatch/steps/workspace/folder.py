"""The folder of a run: everything is written under a working name and becomes visible by one rename.

The order of commitment, of which every instant may be the last:

1. Judged parts land in the workspace, each noted when its files are on the disk. They never change afterwards.
2. The set-wise pass and the reports are written beside them, from the parts alone; all of it is synced to the disk.
3. `load` registers codes, run and report in one transaction. Its commit is the decisive point: before it nothing has happened,
   after it the run has happened, and all that is left to do is
4. to rename the finished folder to its final name and sync the folder around it. `validate` has its decisive point here.

A run that was killed before 3 is repeated from the noted parts: same bytes, same rules, so the same files and the same codes. One that
was killed between 3 and 4 is found in the registry by its identity, and its finished folder in the workspace; only the rename is made up,
by whichever run comes first to this workspace, before anything in it may be cleared.
"""

import errno
import fcntl
import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from polars.exceptions import PolarsError

from vbatch.errors import OutputError, RegistryBusyError, VbatchError
from vbatch.steps.workspace.durable import make_folder, sync

REPORT = "report.json"
POLARS = re.compile(r"\(os error (\d+)\)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Workspace:
    """A private folder on the file system of the output.

    Args:
        root: the folder.
    """

    root: Path

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
        """Where an earlier result goes, under its name, when this one takes its place."""
        return self.root / "aside"

    def begin(self, identity: str, *, restart: bool) -> bool:
        """Make it the workspace of a run.

        Args:
            identity: what the run is, as far as it can be told beforehand.
            restart: whether to begin anew in any case.

        Returns:
            Whether a run of this identity left something to go on from; what any other left is gone.
        """
        note = self.root / "identity"
        resumed = not restart and note.exists() and note.read_text(encoding="utf-8") == identity
        if not resumed:
            note.unlink(missing_ok=True)
            self._clear()
            note.write_text(identity, encoding="utf-8")
        self.judged.mkdir(mode=0o700, exist_ok=True)
        return resumed

    def restore(self) -> None:
        """Put an earlier result back that was to be replaced and was not."""
        for earlier in self.aside.iterdir() if self.aside.exists() else ():
            if not (place := self.root.with_name(earlier.name)).exists():
                earlier.rename(place)

    def renew(self, *folders: Path) -> None:
        """Make these folders of the workspace anew, empty."""
        for folder in folders:
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir(mode=0o700)

    def remove(self) -> None:
        """Remove it, its lock at last: whoever comes then makes it anew."""
        with suppress(OSError):
            self._clear()
            (self.root / "lock").unlink()
            self.root.rmdir()

    def _clear(self) -> None:
        for path in self.root.iterdir():
            if path.name != "lock":
                shutil.rmtree(path) if path.is_dir() else path.unlink()


@contextmanager
def workspace(place: Path) -> Iterator[Workspace]:
    """The workspace of a run, for it alone.

    It is removed at the end, also after a named error, unless the run can go on from it: it was interrupted, is to be tried again later,
    or had all its results, which may be registered whatever the error says.

    Args:
        place: the output folder, or a name for it that is not known yet.

    Raises:
        OutputError: another run is at work there, or it cannot be written, at once or later.
    """
    final = place.resolve()
    if final.is_mount():
        raise OutputError(f"{place}: is a mount point, and cannot appear in one step", hint="name a folder inside it with -o")
    root = final.with_name(f".{final.name}.vbatch")
    with _disk_errors(place), _locked(root, place):
        work = Workspace(root=root)
        work.restore()
        try:
            yield work
        except (Exception, GeneratorExit) as error:
            if not isinstance(error, RegistryBusyError) and not (work.out / REPORT).exists():
                work.remove()
            raise
        work.remove()


def abandoned(folder: Path) -> Iterator[Workspace]:
    """The workspaces in a folder that have a result and nobody at work in them, each held while it is looked at."""
    for result in sorted(folder.glob(f".*.vbatch/out/{REPORT}")):
        root = result.parents[1]
        with suppress(OutputError, OSError), _locked(root, root):
            yield Workspace(root=root)


def seal(folder: Path) -> None:
    """Private modes, and everything on the disk, the names of folder and workspace too, before anything says that it is there."""
    for root, _, names in os.walk(folder):
        for name in names:
            path = Path(root, name)
            path.chmod(0o600)
            sync(path)
        Path(root).chmod(0o700)
        sync(Path(root))
    sync(folder.parent)
    sync(folder.parent.parent)


def publish(folder: Path, out: Path, aside: Path) -> None:
    """Make a sealed folder visible under its name.

    Args:
        folder: in the workspace.
        out: the name; an earlier result of the same run there is replaced.
        aside: where such an earlier result goes, to be removed with the workspace.

    Raises:
        OutputError: it could not be put there; folder and earlier result are where they were.
    """
    final = out.resolve()
    earlier = aside / final.name
    try:
        if replaced := final.exists() and any(final.iterdir()):
            shutil.rmtree(aside, ignore_errors=True)
            aside.mkdir(mode=0o700)
            final.rename(earlier)
        try:
            folder.rename(final)
        except OSError:
            if replaced:
                earlier.rename(final)
            raise
        sync(final.parent)
    except OSError as error:
        raise OutputError(
            f"{out}: cannot be put in its place: {error.strerror}", hint="mend that and run the same command again; only this step is left"
        ) from error


@contextmanager
def _locked(root: Path, place: Path) -> Iterator[None]:
    """Hold the workspace's lock; the kernel lets go of it when the process dies, however it dies."""
    descriptor = _lock(root, place)
    try:
        os.truncate(descriptor, 0)
        os.write(descriptor, str(os.getpid()).encode())
        yield
    finally:
        os.close(descriptor)


def _lock(root: Path, place: Path) -> int:
    while True:
        make_folder(root)
        # Who had it may remove it between any two of these steps.
        with suppress(FileNotFoundError):
            descriptor = os.open(root / "lock", os.O_RDWR | os.O_CREAT, 0o600)
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                holder = os.read(descriptor, 20).decode() or "unknown"
                os.close(descriptor)
                raise OutputError(
                    f"{place}: another run is writing there (process {holder})", hint="wait for it, or choose another folder with -o"
                ) from error
            if os.fstat(descriptor).st_nlink:
                return descriptor
            os.close(descriptor)


@contextmanager
def _disk_errors(place: Path) -> Iterator[None]:
    try:
        yield
    except VbatchError:
        raise
    except (OSError, PolarsError) as error:
        # Polars and Arrow tell the number of an error of the system in words only.
        told = POLARS.search(str(error))
        number = int(told[1]) if told else getattr(error, "errno", None)
        if number is None and isinstance(error, PolarsError):
            raise
        if number == errno.ENOSPC:
            raise OutputError(
                f"{place}: the disk is full", hint="free some space or write elsewhere with -o; nothing was published"
            ) from error
        reason = os.strerror(number) if number else str(error)
        raise OutputError(f"{place}: cannot be written: {reason}", hint="choose another folder with -o; nothing was published") from error
