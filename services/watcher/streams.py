"""Making, repairing and watching over the streams: the watcher is their only maker."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import structlog

from services.watcher import metrics
from shared.contracts.streams import CHANGES, StreamSpec
from shared.core.errors import ForbiddenError, TemporaryError
from shared.ports.bus import EventLog, StreamMissingError
from shared.ports.clock import Clock

log = structlog.get_logger()

CHECK_INTERVAL = timedelta(seconds=10)
MISSING_INTERVAL = timedelta(seconds=1)


@dataclass(slots=True)
class StreamKeeper:
    """Keep the streams in place, and tell when the change log was made anew."""

    bus: EventLog
    clock: Clock
    specs: Sequence[StreamSpec]
    install: str
    _created: datetime | None = None
    _changed: asyncio.Condition = field(default_factory=asyncio.Condition)

    @property
    def is_ready(self) -> bool:
        """Return whether the streams stand and the server answers."""
        return self._created is not None and self.bus.is_connected

    async def created(self) -> datetime:
        """Return when the change log was created; wait until it is there."""
        async with self._changed:
            await self._changed.wait_for(lambda: self._created is not None)
            assert self._created is not None
            return self._created

    async def until_replaced(self, known: datetime) -> None:
        """Wait until the change log is another one than the known one."""
        async with self._changed:
            await self._changed.wait_for(lambda: self._created not in (None, known))

    async def run(self) -> None:
        """Provision at start and whenever a stream is missing; look every 10 s."""
        while True:
            try:
                await self.bus.provision(self.specs, install=self.install)
                await self._note((await self.bus.state(CHANGES)).created)
                await self._show_limit()
                await self._while_in_place()
            except TemporaryError as error:
                log.warning("streams are not in place", reason=str(error), next_try_s=MISSING_INTERVAL.total_seconds())
            await self.clock.sleep(MISSING_INTERVAL)

    async def _show_limit(self) -> None:
        """Show how much all streams may take; nobody but the metrics needs to know."""
        try:
            limit = await self.bus.storage_limit()
        except ForbiddenError:
            limit = None
        if limit is None:
            metrics.STREAM_LIMIT_BYTES.remove("own")
        else:
            metrics.STREAM_LIMIT_BYTES.labels("own").set(limit)

    async def _while_in_place(self) -> None:
        """Look at every stream until one is missing."""
        while True:
            await self.clock.sleep(CHECK_INTERVAL)
            for spec in self.specs:
                try:
                    state = await self.bus.state(spec.name)
                except StreamMissingError:
                    return
                metrics.STREAM_BYTES.labels(spec.name).set(state.size)
                if spec.name == CHANGES:
                    await self._note(state.created)

    async def _note(self, created: datetime) -> None:
        async with self._changed:
            if self._created is not None and created != self._created:
                log.warning("the change log was made anew: everything is published again")
            self._created = created
            self._changed.notify_all()
