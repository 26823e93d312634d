"""Runs each check of the contract on the fake cluster and on a served Kubernetes API."""

from __future__ import annotations

import itertools
import os
import socket
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import pytest
import pytest_asyncio

from shared.kube.clusters import KubeCluster, KubeOptions, open_cluster
from shared.kube.informers import InformerOptions
from shared.runtime.clock import SystemClock
from shared.testing.cluster import FakeCluster
from tests.contract.kube.clusters import UnderTest
from tests.servers.interface import ApiTestServer

_NUMBERS = itertools.count(1)


@pytest_asyncio.fixture(params=["fake", "served"])
async def under_test(request: pytest.FixtureRequest) -> AsyncIterator[UnderTest]:
    """One cluster with a namespace of the test's own."""
    namespace = f"contract-{os.getpid()}-{next(_NUMBERS)}"
    if request.param == "fake":
        async with AsyncExitStack() as followers:
            yield UnderTest(FakeCluster(namespaces=("default", namespace)), namespace, followers)
        return
    server: ApiTestServer = request.getfixturevalue("api_server")
    async with open_cluster(KubeOptions(server.kubeconfig, informer=InformerOptions(page=2)), SystemClock()) as cluster:
        await make_namespace(cluster, namespace)
        async with AsyncExitStack() as followers:
            yield UnderTest(cluster, namespace, followers)


async def make_namespace(cluster: KubeCluster, name: str) -> None:
    """Make a namespace on a served API."""
    await cluster.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}, manager="contract")


@pytest.fixture
def unused_port() -> int:
    """A port on which nothing listens."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])
