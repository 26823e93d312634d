"""The fake and the real event log, for tests that both must pass."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from tests.contract.bus.bench import Bench, fake_bench, real_bench
from tests.servers.fixtures import StartNats
from tests.servers.interface import NatsTestServer


@pytest_asyncio.fixture(params=["fake", "nats"])
async def bench(request: pytest.FixtureRequest) -> AsyncIterator[Bench]:
    """A stream on the server in memory, and on the one that all tests share."""
    if request.param == "fake":
        made = fake_bench()
        await made.provision()
        yield made
        return
    server: NatsTestServer = request.getfixturevalue("nats_server")
    async with real_bench(server) as made:
        await made.provision()
        yield made


@pytest_asyncio.fixture(params=["fake", "nats"])
async def crashable(request: pytest.FixtureRequest) -> AsyncIterator[Bench]:
    """A stream on a server that the test may crash."""
    if request.param == "fake":
        made = fake_bench()
        await made.provision()
        yield made
        return
    start: StartNats = request.getfixturevalue("start_nats")
    async with real_bench(start()) as made:
        await made.provision()
        yield made
