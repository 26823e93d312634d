"""Informers and writes while a real API server is killed, frozen or started anew without its data."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from datetime import timedelta

import pytest
import pytest_asyncio
from structlog.testing import capture_logs

from shared.core.errors import UnknownResultError, UnreachableError
from shared.core.objects import name_of
from shared.core.resources import CONFIG_MAPS, NODES, PODS
from shared.kube.clusters import KubeCluster, KubeOptions, open_cluster
from shared.kube.informers import InformerOptions
from shared.ports.cluster import Observation, Observed, Snapshot
from shared.runtime.clock import SystemClock
from tests.contract.kube.clusters import UnderTest, first
from tests.contract.kube.conftest import make_namespace
from tests.servers.fixtures import StartApi
from tests.servers.interface import ApiTestServer

pytestmark = pytest.mark.asyncio

NAMESPACE = "outages"
OURS = "dynamo-reconciler-children"


@pytest.fixture
def server(start_api: StartApi) -> ApiTestServer:
    """A server that the test may crash."""
    return start_api()


@pytest_asyncio.fixture
async def cluster(server: ApiTestServer) -> AsyncIterator[KubeCluster]:
    """The adapter, impatient, on that server."""
    options = KubeOptions(
        server.kubeconfig,
        deadline=timedelta(seconds=1),
        informer=InformerOptions(silence=timedelta(seconds=1), longest_pause=timedelta(milliseconds=200)),
    )
    async with open_cluster(options, SystemClock()) as cluster:
        await make_namespace(cluster, NAMESPACE)
        yield cluster


@pytest_asyncio.fixture
async def here(cluster: KubeCluster) -> AsyncIterator[UnderTest]:
    """The cluster with the tests' namespace."""
    async with AsyncExitStack() as followers:
        yield UnderTest(cluster, NAMESPACE, followers)


def is_about(name: str) -> Callable[[Observation], bool]:
    """Return a question for any news of one object, in a list or alone."""

    def is_it(seen: Observation) -> bool:
        manifests = seen.items if isinstance(seen, Snapshot) else [seen.manifest] if isinstance(seen, Observed) else []
        return name in {name_of(manifest) for manifest in manifests}

    return is_it


async def test_a_follower_survives_a_kill_of_the_server(
    cluster: KubeCluster, here: UnderTest, server: ApiTestServer
) -> None:
    seen = here.follow(CONFIG_MAPS)
    await first(seen, lambda found: isinstance(found, Snapshot))

    await asyncio.to_thread(server.restart)
    await ensure_namespace(cluster)
    await cluster.apply(here.config_map("after"), manager=OURS)

    assert await first(seen, is_about("after"))


async def test_a_server_without_its_data_is_listed_anew(
    cluster: KubeCluster, here: UnderTest, server: ApiTestServer
) -> None:
    for name in ("a", "b", "c", "d"):
        await cluster.apply(here.config_map(name), manager=OURS)
    seen = here.follow(CONFIG_MAPS)
    await first(seen, lambda found: isinstance(found, Snapshot))

    await asyncio.to_thread(server.kill)
    await asyncio.to_thread(server.wipe)
    await asyncio.to_thread(server.start)

    listed = await first(seen, lambda found: isinstance(found, Snapshot))
    assert isinstance(listed, Snapshot)
    assert not {"a", "b", "c", "d"} & {name_of(item) for item in listed.items}


async def test_a_frozen_server_is_noticed_and_resumed(
    cluster: KubeCluster, here: UnderTest, server: ApiTestServer
) -> None:
    seen = here.follow(CONFIG_MAPS)
    await first(seen, lambda found: isinstance(found, Snapshot))

    await asyncio.to_thread(server.pause)
    with pytest.raises(UnknownResultError):
        await cluster.apply(here.config_map("during"), manager=OURS)
    with pytest.raises(UnreachableError):
        await cluster.get(here.ref_of_config_map("during"))
    await asyncio.to_thread(server.resume)
    await cluster.apply(here.config_map("after"), manager=OURS)

    assert await first(seen, is_about("after"))


async def test_a_killed_server_is_unreachable_and_then_back(
    cluster: KubeCluster, here: UnderTest, server: ApiTestServer
) -> None:
    await asyncio.to_thread(server.kill)
    with pytest.raises(UnreachableError) as raised:
        await cluster.apply(here.config_map("a"), manager=OURS)
    await asyncio.to_thread(server.start)
    await ensure_namespace(cluster)

    assert not isinstance(raised.value, UnknownResultError)
    assert await cluster.apply(here.config_map("a"), manager=OURS)


async def test_an_outage_is_told_once_for_all_watches(
    cluster: KubeCluster, here: UnderTest, server: ApiTestServer
) -> None:
    with capture_logs() as lines:
        async with asyncio.TaskGroup() as tasks:
            watching = [tasks.create_task(_drain(cluster.follow(resource))) for resource in (CONFIG_MAPS, PODS, NODES)]
            await cluster.ping()
            await asyncio.to_thread(server.kill)
            for _ in range(3):
                with pytest.raises(UnreachableError):
                    await cluster.ping()
            await asyncio.to_thread(server.start)
            await cluster.ping()
            for task in watching:
                task.cancel()

    told = [
        line["event"] for line in lines if line["log_level"] != "debug" and line["event"].startswith(("API", "watch"))
    ]
    assert told == ["API server is away", "API server is back"]


async def _drain(observations: AsyncIterator[Observation]) -> None:
    async for _ in observations:
        pass


async def ensure_namespace(cluster: KubeCluster) -> None:
    """Make the tests' namespace again if the server lost it."""
    manifest = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE}}
    await cluster.apply(manifest, manager="contract")
