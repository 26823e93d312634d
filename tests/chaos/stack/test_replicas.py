"""Two replicas of each service share the graphs; where one is killed, the other goes on with its graphs."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from functools import partial

import orjson
import pytest

from shared.contracts.etcd_keys import EtcdKeys
from shared.contracts.keys import accounts_key, partition_of
from shared.core.json import integer
from shared.core.objects import name_of
from shared.core.resources import DEPLOYMENTS, GRAPHS, ROLE_BINDINGS, Ref
from shared.ports.cluster import Selection
from shared.testing.eventually import eventually
from tests.chaos.stack.owners import PARTITIONS, claims
from tests.e2e.graphs import apply_graphs, edit_replicas, names, wait_until_successful
from tests.e2e.stacks import CLAIM_TTL, LiveStack

NAMESPACE, COUNT = "shared", 30
SERVICES = ("reconciler", "rbac", "discovery")
BINDING = Ref(ROLE_BINDINGS, NAMESPACE, "planner-serviceaccount-binding")
STARTING = timedelta(seconds=3)  # of simulated pods
TAKEN_OVER = timedelta(seconds=float(CLAIM_TTL.removesuffix("s")) + 2)


async def share(stack: LiveStack) -> None:
    """Wait until the partitions of each service are shared, then roll the graphs out."""

    async def is_shared() -> bool:
        return all([await _is_shared(stack, service) for service in SERVICES])

    await eventually(is_shared, within=timedelta(seconds=20))
    await apply_graphs(stack, NAMESPACE, COUNT)
    await wait_until_successful(stack, NAMESPACE, COUNT)


async def _is_shared(stack: LiveStack, service: str) -> bool:
    shares = Counter((await claims(stack, service)).values())
    return len(shares) == 2 and sum(shares.values()) == PARTITIONS


async def edit_every_graph(stack: LiveStack, replicas: int) -> None:
    """Scale a component of every graph, and wait until every Deployment carries it."""
    async with stack.target.cluster() as cluster, asyncio.TaskGroup() as tasks:
        for name in names(COUNT):
            tasks.create_task(edit_replicas(cluster, Ref(GRAPHS, NAMESPACE, name), "Decode", replicas))

    async def is_carried() -> bool:
        async with stack.target.cluster() as cluster:
            deployments = (await cluster.list(DEPLOYMENTS, Selection(namespace=NAMESPACE))).items
        wanted = [integer(each, "spec", "replicas") for each in deployments if name_of(each).endswith("-decode")]
        return wanted == [replicas] * COUNT

    await eventually(is_carried, within=timedelta(seconds=20))


async def instances(stack: LiveStack) -> list[int]:
    """Return how many ready instances each graph has according to discovery."""
    prefix = EtcdKeys(stack.record.name).instances(NAMESPACE, "")
    async with stack.target.store() as store:
        records = [orjson.loads(pair.value) for pair in (await store.list(prefix)).pairs]
    return [sum(each["ready"] for pods in record["components"].values() for each in pods) for record in records]


async def have_instances(stack: LiveStack, ready: int) -> bool:
    return await instances(stack) == [ready] * COUNT


async def has_binding(stack: LiveStack) -> bool:
    async with stack.target.cluster() as cluster:
        return await cluster.get(BINDING) is not None


@pytest.fixture(scope="module")
def shared(stack: LiveStack) -> Iterator[LiveStack]:
    """The stack with two replicas of each service, which share the graphs."""
    for service in SERVICES:
        stack.restart(f"{service}-2")
    asyncio.run(share(stack))
    yield stack
    stack.kubectl("delete", "namespace", NAMESPACE, "--wait=false")


def test_an_edit_follows_when_its_reconciler_was_killed(shared: LiveStack) -> None:
    shared.crash("reconciler")
    began = time.monotonic()

    asyncio.run(edit_every_graph(shared, 2))

    assert time.monotonic() - began < TAKEN_OVER.total_seconds()


def test_a_binding_is_made_again_when_its_rbac_replica_was_killed(shared: LiveStack) -> None:
    owner = asyncio.run(claims(shared, "rbac"))[str(partition_of(accounts_key(NAMESPACE)))]

    shared.crash(owner)
    shared.kubectl("delete", "rolebinding", BINDING.name, "-n", NAMESPACE)

    asyncio.run(eventually(partial(has_binding, shared), within=TAKEN_OVER))


def test_instances_are_recorded_when_their_discovery_replica_was_killed(shared: LiveStack) -> None:
    shared.crash("discovery")

    asyncio.run(edit_every_graph(shared, 3))

    asyncio.run(eventually(partial(have_instances, shared, 5), within=TAKEN_OVER + STARTING))
