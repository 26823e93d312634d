"""A process that can be stopped and woken, as SIGSTOP and SIGCONT do, between any two of its steps.

Separate wrappers around the ports, so that the product runs as it is: whatever it waits for, it goes on only while its
process runs. Stopped between the look at its claim and the request, it wakes up in the middle of a write.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from shared.core.errors import ConflictError, TemporaryError
from shared.ports.bus import Delivery, Start, Subscription
from shared.ports.store import Everything, Guard, KeyValue, Lease, StoreChange, Write
from shared.testing.bus import FakeBus
from shared.testing.clock import FakeClock
from shared.testing.store import FakeStore
from tests.chaos.ownership.diaries import Diary
from tests.chaos.ownership.records import Excused, Slept


@dataclass(slots=True)
class Pulse:
    """Whether one process runs; every step of it asks first."""

    member: str
    diary: Diary
    steps: int = 0
    on_step: Callable[[int], None] | None = None  # of the number of the step: what a test does there
    slowness: Callable[[], float] = field(default=lambda: 0.0)  # seconds that a call to the store takes
    _woken: asyncio.Future[None] | None = None

    @property
    def is_asleep(self) -> bool:
        """Return whether the process is stopped."""
        return self._woken is not None

    def stop(self, seconds: float) -> None:
        """Stop the process for a while; one that is stopped already sleeps on as it did."""
        if self._woken is None:
            self._woken = asyncio.get_running_loop().create_future()
            self.diary.add(Slept(self.diary.now, self.member, is_asleep=True))
            self.diary.clock.call_at(self.diary.now + seconds, self.wake)

    def wake(self) -> None:
        """Let the process go on."""
        woken, self._woken = self._woken, None
        if woken is not None:
            self.diary.add(Slept(self.diary.now, self.member, is_asleep=False))
            if not woken.done():
                woken.set_result(None)

    async def beat(self) -> None:
        """Take one step, when the process runs."""
        self.steps += 1
        if self.on_step is not None:
            self.on_step(self.steps)
        while self._woken is not None:
            await asyncio.shield(self._woken)


@dataclass(frozen=True, slots=True)
class PulsedClock:
    """A clock whose sleepers wake up in a process that runs."""

    clock: FakeClock
    pulse: Pulse

    def now(self) -> datetime:
        """Return the time of day."""
        return self.clock.now()

    def elapsed(self) -> float:
        """Return the seconds of the machine, with those that the process was stopped."""
        return self.clock.elapsed()

    async def sleep(self, delay: timedelta) -> None:
        """Wait."""
        await self.clock.sleep(delay)
        await self.pulse.beat()


@dataclass(frozen=True, slots=True)
class PulsedSubscription:
    """An ordered consumer of a process that may be stopped."""

    subscription: Subscription
    pulse: Pulse

    @property
    def pending_at_open(self) -> int:
        """Return how many stored messages were waiting when it was opened."""
        return self.subscription.pending_at_open

    async def __aiter__(self) -> AsyncIterator[Delivery]:
        """Yield deliveries for ever."""
        async for delivery in self.subscription:
            await self.pulse.beat()
            yield delivery


class PulsedBus:
    """A client of the event log in a process that may be stopped; only what it reads waits for it."""

    def __init__(self, bus: FakeBus, pulse: Pulse) -> None:
        """Wrap a client."""
        self._bus, self._pulse = bus, pulse

    def __getattr__(self, name: str) -> object:
        """Return what the client has."""
        return getattr(self._bus, name)

    @asynccontextmanager
    async def follow(self, stream: str, subjects: Sequence[str], start: Start) -> AsyncIterator[PulsedSubscription]:
        """Open an ordered consumer."""
        async with self._bus.follow(stream, subjects, start) as subscription:
            yield PulsedSubscription(subscription, self._pulse)


@dataclass(frozen=True, slots=True)
class PulsedStore:
    """A client of the ownership store in a process that may be stopped, with a server that may be slow."""

    store: FakeStore
    pulse: Pulse

    async def get(self, key: str) -> KeyValue | None:
        """Return a key, or None."""
        async with self._call("get"):
            return await self.store.get(key)

    async def list(self, prefix: str) -> Everything:
        """Return all keys under a prefix."""
        async with self._call("list"):
            return await self.store.list(prefix)

    async def commit(self, writes: Sequence[Write], guards: Sequence[Guard] = ()) -> int:
        """Do all writes in one transaction and return its revision."""
        async with self._call("commit"):
            return await self.store.commit(writes, guards)

    async def follow(self, prefix: str) -> AsyncGenerator[StoreChange, None]:
        """Yield Everything, then each change in order, for ever."""
        async for change in self.store.follow(prefix):
            await self.pulse.beat()
            yield change

    async def grant(self, ttl: timedelta) -> Lease:
        """Take a lease."""
        async with self._call("grant"):
            return await self.store.grant(ttl)

    async def keep_alive(self, lease: Lease) -> Lease:
        """Renew a lease once; it counts from the moment at which the request was made, however long it took."""
        sent_at = self.pulse.diary.now
        async with self._call("keep_alive"):
            answer = await self.store.keep_alive(lease)
        return Lease(answer.id, answer.ttl, sent_at)

    async def revoke(self, lease: Lease) -> None:
        """End a lease and delete its keys."""
        async with self._call("revoke"):
            await self.store.revoke(lease)

    @asynccontextmanager
    async def _call(self, name: str) -> AsyncIterator[None]:
        pulse = self.pulse
        await pulse.beat()
        slowness = pulse.slowness()
        if slowness:
            await pulse.diary.clock.sleep(timedelta(seconds=slowness))
        try:
            yield
        except ConflictError:
            raise
        except TemporaryError as error:
            pulse.diary.add(Excused(pulse.diary.now, pulse.member, f"{name}: {error}"))
            raise
        await pulse.beat()
