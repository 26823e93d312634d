"""Events that nobody can read: told, counted and kept in the dead letter stream, while the partition goes on."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from datetime import timedelta

import structlog

from shared.contracts.subjects import parse_change_subject
from shared.core.errors import InvalidObjectError, PermanentError, TemporaryError
from shared.core.resources import Ref, Resource
from shared.ports.bus import StoredMessage
from shared.ports.clock import Clock
from shared.runtime.dead_letters import DeadLetters
from shared.runtime.partitions import metrics

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

UNREADABLE = Resource("", "", "unreadable", "Unreadable")  # stands for the object when not even the subject is clear
LIMIT = 1000
PAUSE = timedelta(seconds=5)


@dataclass(slots=True)
class UnreadableEvents:
    """Puts unreadable events into the dead letter stream, one after the other."""

    service: str
    letters: DeadLetters
    clock: Clock
    _waiting: asyncio.Queue[tuple[StoredMessage, str]] = field(default_factory=lambda: asyncio.Queue(LIMIT))

    def add(self, message: StoredMessage, error: PermanentError) -> None:
        """Take an event; beyond the limit it is only logged and counted."""
        metrics.EVENTS_UNREADABLE.labels(self.service).inc()
        log.error("event could not be read", subject=message.subject, sequence=message.sequence, reason=str(error))
        if not self._waiting.full():
            text = f"event {message.sequence} of {message.subject} cannot be read: {error}"
            self._waiting.put_nowait((message, text))

    async def run(self) -> None:
        """Store letters for ever; while the bus is away, try again."""
        while True:
            message, reason = await self._waiting.get()
            while not await self._put(message, reason):
                await self.clock.sleep(PAUSE)

    async def _put(self, message: StoredMessage, reason: str) -> bool:
        try:
            about = parse_change_subject(message.subject).ref
        except InvalidObjectError:
            about = Ref(UNREADABLE, "", message.subject)
        try:
            await self.letters.put(about, reason, attempts=1, causation=message.headers.get("ce-id", ""))
        except TemporaryError:
            return False
        except PermanentError as error:
            log.error("dead letter was refused", primary=str(about), reason=str(error))
        return True
