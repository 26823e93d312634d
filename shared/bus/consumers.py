"""An ordered consumer: every message that matches, once and in order, whatever happens to servers and connections.

Separate and our own because the client library's notices a lost server by missing heartbeats only, which took 15 s.
Here each connect reopens it at once. Invariants: a message is handed on only if it follows the one before it in the
server's own count; a reopened consumer starts behind the last message that arrived; and if the stream is not the one
that it began with, or ends before the place that was reached, StreamMissingError is raised instead of a gap.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from uuid import uuid4

import structlog
from nats.aio.msg import Msg

from shared.bus.connection import DESCRIPTION, STATUS
from shared.bus.jetstream import Answer, JetStream
from shared.bus.messages import delivery_address, own_headers, stream_state
from shared.core.errors import TemporaryError
from shared.core.json import integer
from shared.ports.bus import After, Delivery, LiveOnly, Newest, Start, StoredMessage, StreamMissingError, StreamState

log = structlog.get_logger(__name__)

_MISSED_HEARTBEATS = 3
_LAST_CONSUMER = "Nats-Last-Consumer"
_STALLED = "Nats-Consumer-Stalled"
_UNUSED = timedelta(seconds=5)  # after which the server forgets a consumer that nobody listens to
_TURN = 64  # deliveries between two turns for other tasks
_RETRY_PAUSE = 0.1  # seconds


@dataclass(frozen=True, slots=True)
class _FlowControl:
    """The server waits for this answer, due when everything before it was consumed."""

    reply: str


async def _nothing() -> None:
    """Close an inbox that was never opened."""


class OrderedConsumer:
    """A `Subscription` on a stream."""

    def __init__(self, jetstream: JetStream, stream: str, subjects: Sequence[str], start: Start) -> None:
        """Remember what to read; `open` opens it."""
        self._jetstream = jetstream
        self._stream = stream
        self._subjects = list(subjects)
        self._start = start
        self._arrived: deque[Delivery | _FlowControl] = deque()
        self._news = asyncio.Event()
        self._created: datetime | None = None
        self._position: int | None = start.sequence if isinstance(start, After) else None
        self._consumer_sequence = 0
        self._is_broken = True
        self._opened = 0  # how often; messages for an older consumer are not taken
        self._last_heard = 0.0
        self._taken = 0
        self._pending_at_open = 0
        self._close_inbox: Callable[[], Awaitable[None]] = _nothing
        self._forget: Callable[[], None] | None = None

    @property
    def pending_at_open(self) -> int:
        """Return how many stored messages were waiting when it was opened."""
        return self._pending_at_open

    async def open(self) -> None:
        """Open it for the first time."""
        self._forget = self._jetstream.connection.on_change(self._on_connection_change)
        answer = await self._open_once()
        self._pending_at_open = integer(answer, "num_pending")

    async def close(self) -> None:
        """Stop listening; the server then forgets the consumer by itself."""
        self._opened += 1
        if self._forget is not None:
            self._forget()
        await self._close_inbox()

    def __aiter__(self) -> AsyncIterator[Delivery]:
        """Yield deliveries for ever."""
        return self

    async def __anext__(self) -> Delivery:
        """Return the next delivery."""
        while True:
            if self._arrived:
                self._taken += 1
                if self._taken % _TURN == 0:
                    await asyncio.sleep(0)
                item = self._arrived.popleft()
                if isinstance(item, Delivery):
                    return item
                await self._jetstream.connection.reply(item.reply)
            elif self._is_broken:
                await self._reopen()
            else:
                await self._wait()

    async def _wait(self) -> None:
        """Wait for a message or news of the connection, but no longer than a living consumer is silent."""
        patience = self._jetstream.times.heartbeat.total_seconds() * _MISSED_HEARTBEATS
        try:
            async with asyncio.timeout_at(self._last_heard + patience):
                await self._news.wait()
        except TimeoutError:
            if self._last_heard + patience <= asyncio.get_running_loop().time():
                log.warning("ordered consumer is silent", stream=self._stream)
                self._is_broken = True
        self._news.clear()

    async def _reopen(self) -> None:
        await self._jetstream.connection.wait_until_connected()
        try:
            await self._open_once()
        except StreamMissingError:
            raise
        except TemporaryError as error:
            log.warning("ordered consumer not reopened yet", stream=self._stream, error=str(error))
            await asyncio.sleep(_RETRY_PAUSE)

    async def _open_once(self) -> Answer:
        await self._close_inbox()
        self._opened += 1
        self._is_broken = False  # an event on the way makes it true again
        self._consumer_sequence = 0
        self._last_heard = asyncio.get_running_loop().time()
        is_open = False
        try:
            on_message = partial(self._on_message, self._opened)
            inbox, self._close_inbox = await self._jetstream.connection.listen(on_message)
            state = await self._check_stream()
            if isinstance(self._start, LiveOnly) and self._position is None:
                self._position = state.last_sequence
            name = uuid4().hex
            operation = f"CONSUMER.CREATE.{self._stream}.{name}"
            answer = await self._jetstream.call(operation, self._configuration(name, inbox))
            await self._check_stream()  # the consumer may belong to a stream made in between
            is_open = True
        finally:
            self._is_broken = self._is_broken or not is_open
        return answer

    async def _check_stream(self) -> StreamState:
        read = self._position  # as it was before the question: deliveries go on while the answer is on its way
        state = stream_state(await self._jetstream.call(f"STREAM.INFO.{self._stream}"))
        if self._created is None:
            self._created = state.created
        if state.created != self._created:
            raise StreamMissingError(f"stream {self._stream} was made anew at {state.created.isoformat()}")
        if read is not None and state.last_sequence < read:
            raise StreamMissingError(
                f"stream {self._stream} ends at {state.last_sequence}, before {read}, which was read"
            )
        return state

    def _configuration(self, name: str, inbox: str) -> dict[str, object]:
        if self._position is not None:
            place: dict[str, object] = {"deliver_policy": "by_start_sequence", "opt_start_seq": self._position + 1}
        else:
            place = {"deliver_policy": "last_per_subject" if isinstance(self._start, Newest) else "new"}
        configuration = place | {
            "name": name,
            "deliver_subject": inbox,
            "filter_subjects": self._subjects,
            "ack_policy": "none",
            "max_deliver": 1,
            "replay_policy": "instant",
            "flow_control": True,
            "idle_heartbeat": int(self._jetstream.times.heartbeat.total_seconds() * 1e9),
            "inactive_threshold": int(_UNUSED.total_seconds() * 1e9),
            "mem_storage": True,
            "num_replicas": 1,
        }
        return {"stream_name": self._stream, "config": configuration, "action": "create"}

    def _on_connection_change(self) -> None:
        self._is_broken = True
        self._news.set()

    async def _on_message(self, opened: int, message: Msg) -> None:
        if opened != self._opened or self._is_broken:
            return
        self._last_heard = asyncio.get_running_loop().time()
        headers = message.headers or {}
        if STATUS in headers and not message.data:
            self._on_status(message.reply, headers)
        else:
            self._on_delivery(message)
        self._news.set()

    def _on_status(self, reply: str, headers: dict[str, str]) -> None:
        if headers[STATUS] != "100":  # the consumer or its stream was deleted
            self._is_broken = True
        elif headers.get(DESCRIPTION, "").startswith("Flow") and reply:
            self._arrived.append(_FlowControl(reply))
        else:
            self._is_broken = headers.get(_LAST_CONSUMER, "0") != str(self._consumer_sequence)
            if _STALLED in headers:
                self._arrived.append(_FlowControl(headers[_STALLED]))

    def _on_delivery(self, message: Msg) -> None:
        address = delivery_address(message.reply)
        if address is None or address.consumer_sequence != self._consumer_sequence + 1:
            self._is_broken = True  # a message in between was lost
            return
        self._consumer_sequence = address.consumer_sequence
        self._position = address.stream_sequence
        stored = StoredMessage(
            message.subject, address.stream_sequence, address.time, own_headers(message.headers), message.data
        )
        self._arrived.append(Delivery(stored, address.pending))
