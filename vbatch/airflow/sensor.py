"""Waits until exports have arrived whole."""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import timedelta
from typing import Any

from airflow.providers.common.compat.sdk import AirflowFailException, BaseSensorOperator, Context, PokeReturnValue, conf

from vbatch.airflow.arrival import Arrival, Awaited
from vbatch.airflow.paths import CONNECTION, Folder, listed
from vbatch.airflow.trigger import VbatchExportTrigger
from vbatch.errors import SourceError


class VbatchExportSensor(BaseSensorOperator):
    """Waits for exports, and returns their paths, absolute and sorted, to be mapped over.

    An export has arrived when nothing about its file has changed for `stable_for` seconds, its done file is there if one is asked for,
    and it has the size that the manifest says, if there is one. Counts and hashes of the manifest are held against what was read by
    `VbatchValidateOperator`.

    Args:
        sources: one or more paths or globs; may be left out with a manifest.
        stable_for: seconds.
        done_file: path of a file that the sender writes last; `{}` in it stands for each export, as in "{}.done".
        manifest: path of a JSON file `{"exports": [{"path": …, "bytes": …, "records": …, "sha256": …}]}`, where only paths are required.
        fs_conn_id: connection of the type File (path) that relative paths are under.
        deferrable: wait in the triggerer.
    """

    template_fields: Sequence[str] = ("sources", "done_file", "manifest", "fs_conn_id")
    ui_color = "#e4f0e8"

    def __init__(
        self,
        *,
        sources: str | Sequence[str] = (),
        stable_for: float = 30.0,
        done_file: str | None = None,
        manifest: str | None = None,
        fs_conn_id: str = CONNECTION,
        deferrable: bool | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.sources = sources
        self.stable_for = stable_for
        self.done_file = done_file
        self.manifest = manifest
        self.fs_conn_id = fs_conn_id
        self.deferrable = conf.getboolean("operators", "default_deferrable", fallback=False) if deferrable is None else deferrable

    def execute(self, context: Context) -> Any:
        """Wait here or in the triggerer; returns the paths."""
        if not self.deferrable:
            return super().execute(context)
        awaited = self._awaited()
        arrival = self._look(awaited)
        if not arrival.lacking:
            return list(arrival.exports)
        trigger = VbatchExportTrigger(poke_interval=self.poke_interval, **asdict(awaited))
        return self.defer(trigger=trigger, method_name="execute_complete", timeout=timedelta(seconds=self.timeout))

    def execute_complete(self, context: Context, event: dict[str, Any]) -> list[str]:  # noqa: ARG002 - Airflow calls it so
        """Back from the triggerer; returns the paths."""
        if "error" in event:
            raise AirflowFailException(f"{event['error']}; hint: {event['hint']}")
        self.log.info("arrived: %s", ", ".join(event["exports"]))
        return list(event["exports"])

    def poke(self, context: Context) -> PokeReturnValue:  # noqa: ARG002 - Airflow calls it so
        """Look once."""
        arrival = self._look(self._awaited())
        return PokeReturnValue(is_done=not arrival.lacking, xcom_value=list(arrival.exports))

    def _awaited(self) -> Awaited:
        folder = Folder(self.fs_conn_id)
        return Awaited(
            sources=folder.all(listed(self.sources)),
            stable_for=self.stable_for,
            done_file=self.done_file and self._done_file(folder),
            manifest=self.manifest and folder.path(self.manifest),
        )

    def _done_file(self, folder: Folder) -> str:
        # What starts with the export's own path is absolute already.
        return str(self.done_file) if str(self.done_file).startswith("{}") else folder.path(str(self.done_file))

    def _look(self, awaited: Awaited) -> Arrival:
        try:
            arrival = awaited.look()
        except SourceError as error:
            raise AirflowFailException(f"{error.message}; hint: {error.hint}") from None
        self.log.info("%s", f"waiting: {arrival.lacking}" if arrival.lacking else f"arrived: {', '.join(arrival.exports)}")
        return arrival
