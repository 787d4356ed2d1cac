"""Where named things are kept: a shelf of files that ship with vbatch, and the files that users name by path."""

import os
from collections.abc import Iterable
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path

from vbatch.errors import PipelineError


@dataclass(frozen=True, slots=True, kw_only=True)
class Shelf:
    """Files of one sort.

    Args:
        what: the sort in one word, for messages.
        ending: how their file names end.
        folder: where the shipped ones are.
        error: what is raised when one cannot be used.
    """

    what: str
    ending: str
    folder: Path
    error: type[PipelineError]

    def names(self) -> tuple[str, ...]:
        """The names of the shipped ones, in alphabetical order."""
        return tuple(sorted(path.stem for path in self.folder.glob(f"*{self.ending}")))

    def find(self, name_or_path: str | Path) -> Path:
        """The file of a shipped name, or the path itself.

        Raises:
            PipelineError: none of that name ships with vbatch.
        """
        if isinstance(name_or_path, Path) or self._is_path(name_or_path):
            return Path(name_or_path)
        if name_or_path not in self.names():
            raise self.error(
                f"no {self.what} is called {name_or_path!r}",
                hint=f"{did_you_mean(name_or_path, self.names())}shipped: {', '.join(self.names())}; give one of your own by its path",
            )
        return self.folder / f"{name_or_path}{self.ending}"

    def read(self, path: Path) -> str:
        """The text of a file.

        Raises:
            PipelineError: it cannot be read, or is not UTF-8.
        """
        try:
            data = path.read_bytes()
        except FileNotFoundError as error:
            raise self.error(
                f"{path}: no such file",
                hint="paths count from the working directory; Path(__file__).with_name(…) in a pipeline counts from its file",
            ) from error
        except IsADirectoryError as error:
            raise self.error(f"{path}: is a directory", hint=f"name the {self.ending} file in it") from error
        except OSError as error:
            raise self.error(f"{path}: cannot be read: {error.strerror}", hint="check the path and its permissions") from error
        return self._decode(data, path)

    def _decode(self, data: bytes, path: Path) -> str:
        try:
            return data.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            line = data.count(b"\n", 0, error.start) + 1
            raise self.error(f"{path}:{line}: not UTF-8: {error.reason}", hint="save the file as UTF-8") from error

    def _is_path(self, name: str) -> bool:
        return name.endswith(self.ending) or any(separator in name for separator in (os.sep, os.altsep) if separator)


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """A question that names the known text most like this one, ending in a space; empty if none is like it."""
    folded = {one.casefold(): one for one in known}
    like = get_close_matches(name.casefold(), folded, n=1, cutoff=0.6)
    return f"did you mean {folded[like[0]]!r}? " if like else ""
