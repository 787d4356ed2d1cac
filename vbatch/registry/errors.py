"""What DuckDB and the file system say, as the two lines that a person can act on."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from vbatch.errors import RegistryError
from vbatch.registry.durable import draft_name

_HINTS = (
    ("not a valid DuckDB database", "name a registry that vbatch made, or a file that does not exist yet, with --registry"),
    ("Extension", "name a registry that vbatch made, or a file that does not exist yet, with --registry"),
    ("s a directory", "name a file, not a folder, with --registry"),
    ("database does not exist", "`vbatch load` makes it; or name another one with --registry"),
    ("No such file or directory", "make its folder first, or name another one with --registry"),
    ("Not a directory", "what should be its folder is a file: name another one with --registry"),
    ("ermission", "let this user read and write the file and its folder, or name another one with --registry"),
    ("Operation not permitted", "keep the registry on a local disk; this file system refuses what a database needs"),
    ("Operation not supported", "keep the registry on a local disk; this file system refuses what a database needs"),
    ("ead-only file system", "keep the registry on a disk that can be written"),
    ("No space left", "free disk space and run it again; nothing was registered"),
    ("File too large", "raise the limit on file sizes and run it again; nothing was registered"),
    ("version", "use the version of vbatch and duckdb that wrote it, or a newer one"),
)
_LAST_HINT = "name another registry with --registry, or restore this one from a backup"


@contextmanager
def named_errors(path: Path) -> Iterator[None]:
    """Turns whatever DuckDB or the file system raises inside into a RegistryError about this file.

    Args:
        path: the registry as the user named it.

    Raises:
        RegistryError: for every error of DuckDB and of the operating system.
    """
    try:
        yield
    except OSError as error:
        # Its path may be that of a draft, which the user does not know.
        raise _named(path, error.strerror or str(error)) from error
    except RuntimeError as error:
        # DuckDB's binding answers a path that is not valid UTF-8 with a bare std::bad_cast.
        raise _named(path, str(error)) from error
    except Exception as error:
        import duckdb  # noqa: PLC0415 - late, see connect

        if isinstance(error, duckdb.Error):
            raise _named(path, str(error)) from error
        raise


def _named(path: Path, text: str) -> RegistryError:
    # Only the first line: the others quote the statement.
    reason = re.sub(rf'"[^"]*/{re.escape(draft_name(path))}\w+\.draft/[^"]*"', f'"{path}"', text.partition("\n")[0])
    hint = next((hint for mark, hint in _HINTS if mark in text), _LAST_HINT)
    return RegistryError(f"cannot use the registry {path}: {reason}", hint=hint)
