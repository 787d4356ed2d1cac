"""Waits for exports in the triggerer, where it costs no worker."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import asdict
from typing import Any

from airflow.triggers.base import BaseTrigger, TriggerEvent

from vbatch.airflow.arrival import Awaited
from vbatch.errors import SourceError


class VbatchExportTrigger(BaseTrigger):
    """Fires once, when exports have arrived whole, with their paths; or with an error and its hint if they never can.

    Args:
        poke_interval: seconds between two looks.
        awaited: the fields of `Awaited`.
    """

    def __init__(self, *, poke_interval: float, **awaited: Any) -> None:
        super().__init__()
        self.poke_interval = poke_interval
        # A list after its way through the database.
        self.awaited = Awaited(**{**awaited, "sources": tuple(awaited.get("sources", ()))})

    def serialize(self) -> tuple[str, dict[str, Any]]:
        """Where the class is, and its arguments."""
        awaited = asdict(self.awaited)
        return f"{type(self).__module__}.{type(self).__qualname__}", {
            "poke_interval": self.poke_interval,
            **awaited,
            "sources": list(self.awaited.sources),
        }

    async def run(self) -> AsyncIterator[TriggerEvent]:
        """Look until everything is there."""
        told = ""
        while True:
            try:
                # File systems of networks can keep a caller waiting, and all triggers share one loop.
                arrival = await asyncio.to_thread(self.awaited.look)
            except SourceError as error:
                yield TriggerEvent({"error": error.message, "hint": error.hint})
                return
            if not arrival.lacking:
                yield TriggerEvent({"exports": list(arrival.exports)})
                return
            if arrival.lacking != told:
                self.log.info("waiting: %s", told := arrival.lacking)
            await asyncio.sleep(self.poke_interval)
