"""What a contract test of the event log works with: two clients, a stream of its own, and the server's fate."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from itertools import count
from typing import Protocol

from shared.bus.event_log import connect
from shared.bus.options import NatsOptions, NatsTimes
from shared.contracts.streams import StreamSpec
from shared.ports.bus import Bus, Delivery, Subscription
from shared.testing.bus import FakeBus
from shared.testing.clock import FakeClock
from tests.contract.relay import Relay, relay_to
from tests.servers.interface import NatsTestServer

INSTALL = "contract"
STEADY = NatsTimes(
    connect=timedelta(milliseconds=500),
    reconnect_cap=timedelta(milliseconds=100),
    publish=timedelta(seconds=2),
)
QUICK = replace(STEADY, ping=timedelta(milliseconds=300), heartbeat=timedelta(milliseconds=200))
_numbers = count()


class Fate(Protocol):
    """What a test does to the server."""

    async def kill(self) -> None:
        """Crash the server."""

    async def start(self) -> None:
        """Start it again on its data."""

    async def wipe(self) -> None:
        """Lose the data of a crashed server."""


@dataclass(frozen=True, slots=True)
class Bench:
    """Two clients of one server, and names that no other test uses."""

    log: Bus
    other: Bus
    server: Fate
    stream: str
    prefix: str

    @property
    def spec(self) -> StreamSpec:
        """Return the stream of this test: three messages per subject."""
        return StreamSpec(self.stream, (f"{self.prefix}.>",), per_subject=3)

    def subject(self, name: str) -> str:
        """Return a subject of the stream."""
        return f"{self.prefix}.{name}"

    async def publish(self, name: str, body: str, *, expected_last: int | None = None) -> int:
        """Publish a text."""
        return await self.log.publish(self.subject(name), body.encode(), {}, expected_last=expected_last)

    async def provision(self) -> None:
        """Make the stream."""
        await self.log.provision([self.spec], install=INSTALL)


@dataclass(frozen=True, slots=True)
class RealFate:
    """The fate of a server process or container."""

    server: NatsTestServer

    async def kill(self) -> None:
        """Crash the server."""
        await asyncio.to_thread(self.server.kill)

    async def start(self) -> None:
        """Start it again on its data."""
        await asyncio.to_thread(self.server.start)

    async def wipe(self) -> None:
        """Lose the data of a crashed server."""
        await asyncio.to_thread(self.server.wipe)


@dataclass(frozen=True, slots=True)
class FakeFate:
    """The fate of a server in memory."""

    bus: FakeBus

    async def kill(self) -> None:
        """Crash the server."""
        self.bus.stop()

    async def start(self) -> None:
        """Start it again on its data."""
        self.bus.start()

    async def wipe(self) -> None:
        """Lose the data of a crashed server."""
        self.bus.wipe()


@asynccontextmanager
async def real_bench(server: NatsTestServer, times: NatsTimes = STEADY, *, address: str = "") -> AsyncIterator[Bench]:
    """Open two clients of a real server, the first one at an address of its own if one is given."""
    first = NatsOptions(servers=(address or server.url,), times=times)
    second = NatsOptions(servers=(server.url,), times=times)
    number = next(_numbers)
    async with connect(first) as log, connect(second) as other:
        yield Bench(log, other, RealFate(server), f"CONTRACT_{number}", f"contract{number}")


@asynccontextmanager
async def relayed_bench(server: NatsTestServer) -> AsyncIterator[tuple[Bench, Relay]]:
    """Open two clients of a real server, the first one through a relay."""
    async with AsyncExitStack() as stack:
        relay = await stack.enter_async_context(relay_to(server.url.removeprefix("nats://")))
        bench = await stack.enter_async_context(real_bench(server, address=f"nats://{relay.address}"))
        yield bench, relay


def fake_bench() -> Bench:
    """Return two clients of a server in memory."""
    bus = FakeBus(FakeClock())
    return Bench(bus, bus.another(), FakeFate(bus), "CONTRACT", "contract")


async def take(subscription: Subscription, number: int) -> list[Delivery]:
    """Return the next deliveries."""
    deliveries = aiter(subscription)
    async with asyncio.timeout(5):
        return [await anext(deliveries) for _ in range(number)]


def bodies(deliveries: list[Delivery]) -> list[str]:
    """Return the texts of deliveries."""
    return [delivery.message.body.decode() for delivery in deliveries]
