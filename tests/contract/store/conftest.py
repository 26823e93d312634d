"""The fake and the real store, for tests that both must pass."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from tests.contract.store.bench import Bench, fake_bench, real_bench
from tests.servers.fixtures import StartEtcd
from tests.servers.interface import EtcdTestServer


@pytest_asyncio.fixture(params=["fake", "etcd"])
async def bench(request: pytest.FixtureRequest) -> AsyncIterator[Bench]:
    """A prefix on the server in memory, and on the one that all tests share."""
    if request.param == "fake":
        yield fake_bench()
        return
    server: EtcdTestServer = request.getfixturevalue("etcd_server")
    async with real_bench(server) as made:
        yield made


@pytest_asyncio.fixture(params=["fake", "etcd"])
async def crashable(request: pytest.FixtureRequest) -> AsyncIterator[Bench]:
    """A prefix on a server that the test may crash."""
    if request.param == "fake":
        yield fake_bench()
        return
    start: StartEtcd = request.getfixturevalue("start_etcd")
    async with real_bench(start()) as made:
        yield made
