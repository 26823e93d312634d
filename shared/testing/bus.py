"""An event log in memory that behaves as the real one does, with a switch for each way in which that one fails.

One `FakeBus` is one client. `another()` gives a second client of the same server, so that replicas share the streams
and can be cut off one by one. Deliveries are perturbed (dropped, doubled, delayed, reordered) from a seed; acks and
whole servers are lost on demand. `before` and `after` let a test stop a call at the only two interesting moments:
before the server sees it, and before the caller sees the answer.
"""

from __future__ import annotations

import asyncio
import random
from collections import Counter, deque
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta

from shared.contracts.streams import StreamSpec
from shared.core.errors import ForbiddenError, UnknownResultError, UnreachableError
from shared.ports.bus import (
    Answerer,
    Delivery,
    NoRespondersError,
    Start,
    StoredMessage,
    StreamMissingError,
    StreamState,
)
from shared.testing.bus_streams import Stream, Streams, matches, matches_any
from shared.testing.clock import FakeClock

Hook = Callable[[str, str], Awaitable[None]]  # of a call's name and its subject or stream


@dataclass(frozen=True, slots=True)
class Perturbation:
    """How likely a delivery is to be disturbed; the guarantees of ordered consumers are off while one is set."""

    drop: float = 0.0
    double: float = 0.0
    delay: float = 0.0
    reorder: float = 0.0
    longest_delay: timedelta = timedelta(seconds=2)
    replay_too: bool = False  # also what was stored before the consumer was opened


class FakeBus:
    """A `Bus` in memory."""

    def __init__(self, clock: FakeClock, *, seed: int = 0, server: _Server | None = None) -> None:
        """Make a client, and a server for it unless one is given."""
        self._clock = clock
        self._server = server or _Server(clock)
        self._random = random.Random(seed)
        self._is_cut = False
        self._acks_to_lose = 0
        self._denied: tuple[str, ...] = ()
        self.perturbation = Perturbation()
        self.before: Hook | None = None
        self.after: Hook | None = None
        self.calls: Counter[str] = Counter()

    def another(self, *, seed: int = 1) -> FakeBus:
        """Return a second client of the same server."""
        return FakeBus(self._clock, seed=seed, server=self._server)

    # What a test does to the server and the connection

    def stop(self) -> None:
        """Take the server away from all clients; its streams stay."""
        self._server.is_running = False
        self._server.changed()

    def start(self) -> None:
        """Bring the server back."""
        self._server.is_running = True
        self._server.changed()

    def cut(self) -> None:
        """Take the server away from this client alone."""
        self._is_cut = True
        self._server.changed()

    def mend(self) -> None:
        """Connect this client again."""
        self._is_cut = False
        self._server.changed()

    def wipe(self) -> None:
        """Lose every stream, as an emptied disk does."""
        self._server.streams.by_name.clear()
        self._server.changed()

    def lose_acks(self, count: int) -> None:
        """Store the next publishes of this client without telling it."""
        self._acks_to_lose = count

    def deny(self, *patterns: str) -> None:
        """Forbid this client to publish on some subjects."""
        self._denied = patterns

    def messages(self, stream: str) -> list[StoredMessage]:
        """Return all that a stream holds, for assertions."""
        return list(self._server.streams.named(stream).messages.values())

    # The port

    @property
    def is_connected(self) -> bool:
        """Return whether the server can be reached."""
        return self._server.is_running and not self._is_cut

    async def publish(
        self, subject: str, body: bytes, headers: Mapping[str, str], *, expected_last: int | None = None
    ) -> int:
        """Store a message and return its sequence."""
        await self._arrive("publish", subject)
        if matches_any(self._denied, subject):
            raise ForbiddenError(f"publish to {subject} is not allowed")
        stream = self._server.streams.taking(subject)
        sequence = stream.store(subject, body, headers, expected_last=expected_last, now=self._clock.now())
        self._server.changed()
        await self._answer("publish", subject)
        if self._acks_to_lose > 0:
            self._acks_to_lose -= 1
            raise UnknownResultError(f"no acknowledgement for {subject}")
        return sequence

    async def newest(self, stream: str, subject: str) -> StoredMessage | None:
        """Return the newest message of a subject."""
        await self._arrive("newest", subject)
        found = self._server.stream(stream).newest(subject)
        await self._answer("newest", subject)
        return found

    async def state(self, stream: str) -> StreamState:
        """Return the state of a stream."""
        await self._arrive("state", stream)
        state = self._server.stream(stream).state()
        await self._answer("state", stream)
        return state

    async def storage_limit(self) -> int | None:
        """Return that nothing limits what is stored."""
        await self._arrive("storage_limit", "")
        return None

    @asynccontextmanager
    async def follow(self, stream: str, subjects: Sequence[str], start: Start) -> AsyncIterator[FakeSubscription]:
        """Open an ordered consumer."""
        await self._arrive("follow", stream)
        subscription = FakeSubscription(self, stream, tuple(subjects), start)
        await self._answer("follow", stream)
        yield subscription

    async def purge(self, stream: str, subject: str, *, up_to: int) -> None:
        """Remove the messages of a subject up to and with a sequence."""
        await self._arrive("purge", subject)
        self._server.stream(stream).purge(subject, up_to)
        await self._answer("purge", subject)

    async def provision(self, specs: Sequence[StreamSpec], *, install: str) -> None:
        """Make or repair streams."""
        await self._arrive("provision", install)
        self._server.streams.provision(specs, install=install, now=self._clock.now())
        self._server.changed()
        await self._answer("provision", install)

    async def request(self, subject: str, body: bytes, *, within: timedelta) -> bytes:
        """Ask whoever serves a subject; without an answer the deadline is taken as passed at once."""
        await self._arrive("request", subject)
        there = [entry for entry in self._server.served if entry[0].is_connected]
        serving = [answer for _, served, answer in there if matches(served, subject)]
        if not serving:
            raise NoRespondersError(f"nobody takes {subject}")
        for answer in serving:
            answered = await answer(subject, body)
            if answered is not None:
                await self._answer("request", subject)
                return answered
        raise UnreachableError(f"{subject}: no answer within {within.total_seconds():g} s")

    @asynccontextmanager
    async def serve(self, subject: str, answer: Answerer) -> AsyncIterator[None]:
        """Answer the requests on a subject while the block is open."""
        await self._arrive("serve", subject)
        entry = (self, subject, answer)
        self._server.served.append(entry)
        try:
            yield
        finally:
            self._server.served.remove(entry)

    async def _arrive(self, call: str, about: str) -> None:
        self.calls[call] += 1
        if self.before is not None:
            await self.before(call, about)
        await asyncio.sleep(0)  # every real call gives other tasks a turn
        if not self.is_connected:
            raise UnreachableError(f"{call} {about}: no connection to the event log")

    async def _answer(self, call: str, about: str) -> None:
        if self.after is not None:
            await self.after(call, about)

    # What subscriptions need of their client

    def open_stream(self, name: str) -> Stream:
        """Return a stream of the server."""
        return self._server.stream(name)

    async def wait_for_change(self) -> None:
        """Wait until something happens on the server or the connection."""
        await self._server.wait()

    async def linger(self, *, is_live: bool) -> None:
        """Wait before the next delivery as the perturbation says."""
        rules, dice = self.perturbation, self._random
        if (is_live or rules.replay_too) and dice.random() < rules.delay:
            await self._clock.sleep(rules.longest_delay * dice.random())

    def disturb(self, waiting: deque[Delivery], delivery: Delivery, *, is_live: bool) -> None:
        """Queue a delivery as the perturbation says."""
        rules, dice = self.perturbation, self._random
        if not (is_live or rules.replay_too):
            waiting.append(delivery)
            return
        copies = 0 if dice.random() < rules.drop else 2 if dice.random() < rules.double else 1
        for _ in range(copies):
            place = dice.randint(0, len(waiting)) if dice.random() < rules.reorder else len(waiting)
            waiting.insert(place, delivery)


class FakeSubscription:
    """An ordered consumer of a `FakeBus`."""

    def __init__(self, bus: FakeBus, stream: str, subjects: tuple[str, ...], start: Start) -> None:
        """Take the place in the stream that the start says."""
        self._bus = bus
        self._subjects = subjects
        self._name = stream
        self._stream = bus.open_stream(stream)
        self._replay = self._stream.replay(subjects, start)
        self._position = self._stream.last_sequence
        self._pending_at_open = len(self._replay)
        self._waiting: deque[Delivery] = deque()

    @property
    def pending_at_open(self) -> int:
        """Return how many stored messages were waiting when it was opened."""
        return self._pending_at_open

    def __aiter__(self) -> AsyncIterator[Delivery]:
        """Yield deliveries for ever."""
        return self

    async def __anext__(self) -> Delivery:
        """Return the next delivery."""
        while True:
            if self._bus.is_connected:
                if self._bus.open_stream(self._name) is not self._stream:
                    raise StreamMissingError(f"stream {self._name} was made anew")
                await self._pull()
                if self._waiting:
                    await asyncio.sleep(0)
                    return self._waiting.popleft()
            await self._bus.wait_for_change()

    async def _pull(self) -> None:
        # Nothing is taken before the wait is over: a cancelled wait must lose no delivery.
        while self._replay:
            await self._bus.linger(is_live=False)
            message = self._stream.messages.get(self._replay.popleft())
            if message is not None:
                delivery = Delivery(message, len(self._replay) + self._live_pending())
                self._bus.disturb(self._waiting, delivery, is_live=False)
        while self._position < self._stream.last_sequence:
            message = self._stream.messages.get(self._position + 1)
            is_ours = message is not None and matches_any(self._subjects, message.subject)
            if is_ours:
                await self._bus.linger(is_live=True)
            self._position += 1
            if message is not None and is_ours:
                self._bus.disturb(self._waiting, Delivery(message, self._live_pending()), is_live=True)

    def _live_pending(self) -> int:
        if self._position == self._stream.last_sequence:
            return 0
        behind = range(self._position + 1, self._stream.last_sequence + 1)
        messages = (self._stream.messages.get(sequence) for sequence in behind)
        return sum(1 for message in messages if message is not None and matches_any(self._subjects, message.subject))


class _Server:
    """The state that the clients of one server share."""

    def __init__(self, clock: FakeClock) -> None:
        self._clock = clock
        self.streams = Streams()
        self.is_running = True
        self.served: list[tuple[FakeBus, str, Answerer]] = []
        self._waiters: list[asyncio.Future[None]] = []

    def stream(self, name: str) -> Stream:
        stream = self.streams.named(name)
        stream.expire(self._clock.now())
        return stream

    def changed(self) -> None:
        waiters, self._waiters = self._waiters, []
        for waiter in waiters:
            if not waiter.done():
                waiter.set_result(None)

    async def wait(self) -> None:
        waiter = asyncio.get_running_loop().create_future()
        self._waiters.append(waiter)
        await waiter
