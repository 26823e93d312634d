"""The decision log's sender: a bounded queue between passes and the bus.

History must never stall a pass, so recording only appends to a queue in memory; when the queue is full, or the bus
refuses a decision, it is dropped and counted. Decisions of one object keep their order: a batch is sent in the order
of recording, and the next one only after its answers.
"""

from __future__ import annotations

import asyncio
from collections import deque
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import uuid4

import orjson
import structlog
from prometheus_client import Counter

from shared.contracts.envelope import DecisionHeaders, event_source, object_subject
from shared.contracts.subjects import decision_subject
from shared.core.errors import PermanentError, TemporaryError
from shared.core.resources import Ref
from shared.ports.bus import EventLog
from shared.ports.clock import Clock
from shared.ports.mandates import MANDATE
from shared.ports.passes import Decision
from shared.runtime import metrics

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

QUEUE_LIMIT = 10_000
BATCH = 32
PAUSE = timedelta(seconds=1)  # after the bus was away
QUEUE_FULL, REFUSED = "queue full", "refused"  # why a decision was dropped


@dataclass(frozen=True, slots=True)
class Origin:
    """Who publishes: what `ce-source` is made of."""

    service: str
    install: str
    version: str
    member: str = ""  # the name of this replica

    @property
    def source(self) -> str:
        """Return `ce-source`."""
        return event_source(version=self.version, install=self.install, service=self.service)

    def headers(
        self, decision: str, about: Ref, *, time: datetime, correlation: str, causation: str
    ) -> DecisionHeaders:
        """Return the headers of something decided here and now, with the claim under which the caller acts."""
        mandate = MANDATE.get()
        return DecisionHeaders(
            id=uuid4().hex,
            service=self.service,
            decision=decision,
            source=self.source,
            subject=object_subject(about.resource, about.namespace, about.name),
            time=time,
            correlation=correlation,
            causation=causation,
            member=self.member,
            partition=mandate.unit if mandate else "",
            fence=mandate.token if mandate else 0,
        )


@dataclass(frozen=True, slots=True)
class _Message:
    subject: str
    body: bytes
    headers: dict[str, str]


@dataclass(slots=True)
class DecisionLog:
    """Implements the port `Decisions`; `run` sends what `record` queued."""

    bus: EventLog
    clock: Clock
    origin: Origin
    limit: int = QUEUE_LIMIT
    _queue: deque[_Message] = field(default_factory=deque)
    _is_filled: asyncio.Event = field(default_factory=asyncio.Event)
    _in_hand: int = 0
    _published: Counter = field(init=False)

    def __post_init__(self) -> None:
        """Name the service in the metrics; an alert on growth does not see a series that begins with one."""
        self._published = metrics.DECISIONS_PUBLISHED.labels(self.origin.service)
        for reason in (QUEUE_FULL, REFUSED):
            metrics.DECISIONS_DROPPED.labels(self.origin.service, reason)

    @property
    def waiting(self) -> int:
        """Return how many decisions are not stored yet."""
        return len(self._queue) + self._in_hand

    def record(self, decision: Decision) -> None:
        """Queue a decision, or drop and count it when the queue is full."""
        if len(self._queue) >= self.limit:
            metrics.DECISIONS_DROPPED.labels(self.origin.service, QUEUE_FULL).inc()
            return
        self._queue.append(self._message(decision))
        self._is_filled.set()

    async def run(self) -> None:
        """Send queued decisions, for ever."""
        while True:
            await self._is_filled.wait()
            await self._send_batch()

    async def flush(self, budget: timedelta) -> None:
        """Send what is queued, as far as the time allows."""
        try:
            async with asyncio.timeout(budget.total_seconds()):
                while self._queue:
                    await self._send_batch()
        except TimeoutError:
            log.warning("decisions were not stored in time", count=self.waiting)

    async def _send_batch(self) -> None:
        batch = [self._queue.popleft() for _ in range(min(BATCH, len(self._queue)))]
        if not self._queue:
            self._is_filled.clear()
        self._in_hand += len(batch)
        try:
            async with asyncio.TaskGroup() as tasks:
                sent = [tasks.create_task(self._send(message)) for message in batch]
        except asyncio.CancelledError:
            self._put_back(batch)
            raise
        finally:
            self._in_hand -= len(batch)
        failed = [message for message, result in zip(batch, sent, strict=True) if not result.result()]
        if failed:
            self._put_back(failed)
            await self.clock.sleep(PAUSE)

    def _put_back(self, messages: list[_Message]) -> None:
        # They carry an id, so sending again one that was stored after all does not double it.
        self._queue.extendleft(reversed(messages))
        self._is_filled.set()

    async def _send(self, message: _Message) -> bool:
        try:
            await self.bus.publish(message.subject, message.body, message.headers)
        except TemporaryError:
            return False
        except PermanentError as error:
            metrics.DECISIONS_DROPPED.labels(self.origin.service, REFUSED).inc()
            log.error("decision was refused by the bus", subject=message.subject, reason=str(error))
            return True
        self._published.inc()
        return True

    def _message(self, decision: Decision) -> _Message:
        headers = self.origin.headers(
            decision.decision,
            decision.about,
            time=self.clock.now(),
            correlation=decision.correlation,
            causation=decision.causation,
        )
        body = {"message": decision.message, "facts": dict(decision.facts)}
        return _Message(decision_subject(self.origin.service, decision.about), orjson.dumps(body), headers.encode())
