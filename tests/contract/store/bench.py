"""What a contract test of the store works with: two clients, a prefix of its own, and the server's fate."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import count
from typing import Protocol

from shared.ports.store import KeyValue, Store, StoreChange
from shared.runtime.clock import SystemClock
from shared.store.etcd_store import connect
from shared.store.options import EtcdOptions, EtcdTimes
from shared.testing.clock import FakeClock
from shared.testing.store import FakeStore
from tests.contract.relay import Relay, relay_to
from tests.servers.interface import EtcdTestServer

STEADY = EtcdTimes(call=timedelta(seconds=2), back_off_cap=timedelta(milliseconds=200))
QUICK = EtcdTimes(
    call=timedelta(milliseconds=500), back_off_cap=timedelta(milliseconds=100), watch_ping=timedelta(milliseconds=200)
)
_numbers = count()


class Fate(Protocol):
    """What a test does to the server."""

    async def kill(self) -> None:
        """Crash the server."""

    async def start(self) -> None:
        """Start it again on its data."""

    async def wipe(self) -> None:
        """Lose the data of a crashed server."""

    async def pass_time(self, delta: timedelta) -> None:
        """Let a time go by."""


@dataclass(frozen=True, slots=True)
class Bench:
    """Two clients of one server, and a prefix that no other test uses."""

    store: Store
    other: Store
    server: Fate
    prefix: str

    def key(self, name: str) -> str:
        """Return a key of this test."""
        return f"{self.prefix}{name}"

    async def must_get(self, name: str) -> KeyValue:
        """Return a key that is there."""
        found = await self.other.get(self.key(name))
        assert found is not None
        return found


@dataclass(frozen=True, slots=True)
class RealFate:
    """The fate of a server process or container."""

    server: EtcdTestServer

    async def kill(self) -> None:
        """Crash the server."""
        await asyncio.to_thread(self.server.kill)

    async def start(self) -> None:
        """Start it again on its data."""
        await asyncio.to_thread(self.server.start)

    async def wipe(self) -> None:
        """Lose the data of a crashed server."""
        await asyncio.to_thread(self.server.wipe)

    async def pass_time(self, delta: timedelta) -> None:
        """Let a time go by; only a lease's end on a real server needs it."""
        await asyncio.sleep(delta.total_seconds())


@dataclass(frozen=True, slots=True)
class FakeFate:
    """The fate of a server in memory."""

    store: FakeStore
    clock: FakeClock

    async def kill(self) -> None:
        """Crash the server."""
        self.store.stop()

    async def start(self) -> None:
        """Start it again on its data."""
        self.store.start()

    async def wipe(self) -> None:
        """Lose the data of a crashed server."""
        self.store.wipe()

    async def pass_time(self, delta: timedelta) -> None:
        """Let a time go by."""
        await self.clock.advance(delta)


@asynccontextmanager
async def real_bench(server: EtcdTestServer, times: EtcdTimes = STEADY, *, address: str = "") -> AsyncIterator[Bench]:
    """Open two clients of a real server, the first one at an address of its own if one is given."""
    prefix = f"/contract/{next(_numbers)}/"
    clock, incarnation = SystemClock(), f"{prefix.rstrip('/')}-incarnation"
    async with AsyncExitStack() as stack:
        first = EtcdOptions(endpoints=(address or server.endpoint,), times=times)
        second = EtcdOptions(endpoints=(server.endpoint,), times=times)
        store = await stack.enter_async_context(connect(first, clock, incarnation_key=incarnation))
        other = await stack.enter_async_context(connect(second, clock, incarnation_key=incarnation))
        yield Bench(store, other, RealFate(server), prefix)


@asynccontextmanager
async def relayed_bench(server: EtcdTestServer) -> AsyncIterator[tuple[Bench, Relay]]:
    """Open two clients of a real server, the first one through a relay."""
    async with AsyncExitStack() as stack:
        relay = await stack.enter_async_context(relay_to(server.endpoint))
        bench = await stack.enter_async_context(real_bench(server, QUICK, address=relay.address))
        yield bench, relay


def fake_bench() -> Bench:
    """Return two clients of a server in memory."""
    clock = FakeClock()
    store = FakeStore(clock)
    return Bench(store, store.another(), FakeFate(store, clock), "/contract/")


@dataclass(slots=True)
class Following:
    """What a follower has seen so far."""

    seen: list[StoreChange] = field(default_factory=list)

    async def follow(self, changes: AsyncGenerator[StoreChange, None]) -> None:
        """Collect changes until cancelled."""
        async for change in changes:
            self.seen.append(change)


@asynccontextmanager
async def following(store: Store, prefix: str) -> AsyncIterator[list[StoreChange]]:
    """Collect the changes of a prefix while the block runs."""
    collector = Following()
    async with asyncio.TaskGroup() as tasks:
        task = tasks.create_task(collector.follow(store.follow(prefix)))
        yield collector.seen
        task.cancel()
