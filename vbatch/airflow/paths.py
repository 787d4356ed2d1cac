"""Where relative paths of a task are: workers have no working directory that anybody chose."""

from collections.abc import Iterable, Sequence
from functools import cached_property
from pathlib import Path

from airflow.providers.common.compat.sdk import AirflowFailException, AirflowNotFoundException
from airflow.providers.standard.hooks.filesystem import FSHook

CONNECTION = "vbatch_default"


class Folder:
    """The folder that relative paths are under. The connection is only asked for when a path is relative.

    Args:
        fs_conn_id: connection of the type File (path).

    Raises:
        AirflowFailException: from its methods; a path is relative, and the connection is not there or names no folder.
    """

    def __init__(self, fs_conn_id: str) -> None:
        self.fs_conn_id = fs_conn_id

    def path(self, given: str) -> str:
        """The absolute path."""
        return given if Path(given).is_absolute() else str(self._root / given)

    def all(self, given: Iterable[str]) -> tuple[str, ...]:
        """The absolute paths."""
        return tuple(self.path(one) for one in given)

    @cached_property
    def _root(self) -> Path:
        try:
            root = Path(FSHook(self.fs_conn_id).get_path())
        except AirflowNotFoundException:
            root = Path()
        if not root.is_absolute():
            raise AirflowFailException(
                f"a path is relative, and the connection {self.fs_conn_id} names no folder; "
                'hint: write absolute paths, or add the connection with the type File (path) and the extra {"path": "/…"}'
            )
        return root


def listed(given: str | Sequence[str]) -> tuple[str, ...]:
    """One path or several, as several."""
    return (given,) if isinstance(given, str) else tuple(given)
