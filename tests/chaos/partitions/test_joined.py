"""What belongs to a graph without being its child: when it changes alone, the decision follows."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import orjson
import pytest

from services.discovery.facts import GpuFact, fact_record
from shared.contracts.facts import GPU, ORCHESTRATORS, encode_orchestrators
from shared.core import labels
from shared.core.json import Manifest, items, text
from shared.core.objects import ref_of
from shared.core.resources import COMPONENTS, DEPLOYMENTS, NODES, PODS, SERVICE_ACCOUNTS, Ref
from shared.ports.store import Drop, Put
from tests.chaos.simulation import KEYS, NAMESPACE, FreeFence, Simulation, simulated

pytestmark = [pytest.mark.asyncio, pytest.mark.rule("P-09")]

FOLLOWED = timedelta(seconds=2).total_seconds()
COMPONENT = Ref(COMPONENTS, NAMESPACE, "chat-frontend")
DEPLOYMENT = Ref(DEPLOYMENTS, NAMESPACE, "chat-frontend")


def reasons(run: Simulation) -> set[str]:
    """Return the reasons that the component tells."""
    return {text(each, "reason") for each in items(run.cluster.peek(COMPONENT), "status", "conditions")}


async def test_a_graph_that_waits_for_the_orchestrators_runs_within_two_seconds_of_the_fact() -> None:
    async with simulated(0) as run:
        await run.store.commit([Drop(KEYS.fact(ORCHESTRATORS))])
        run.watcher()
        run.reconciler()
        run.graph("chat", services=("Frontend",))
        await run.advance(60.0)
        before = run.cluster.peek(DEPLOYMENT)
        await run.store.commit([Put(KEYS.fact(ORCHESTRATORS), encode_orchestrators(()))])
        await run.advance(FOLLOWED)

        assert before is None
        assert run.cluster.peek(DEPLOYMENT) is not None


async def test_a_component_whose_account_has_come_says_so_when_its_pods_start() -> None:
    async with simulated(0) as run:
        run.watcher()
        run.reconciler()
        run.kubelet.slowest = 3600.0
        run.graph("chat", services=("Frontend",))
        await run.advance(10.0)
        before = reasons(run)
        run.cluster.put(an_account("chat-k8s-service-discovery"))
        run.cluster.set_status(DEPLOYMENT, {"replicas": 1, "unavailableReplicas": 1})
        await run.advance(FOLLOWED)

        assert "ServiceAccountMissing" in before
        assert "ServiceAccountMissing" not in reasons(run)


def an_account(name: str) -> Manifest:
    """Return an account of graph `chat`."""
    metadata = {"name": name, "namespace": NAMESPACE, "labels": {labels.GRAPH_NAME: "chat"}}
    return {"apiVersion": SERVICE_ACCOUNTS.api_version, "kind": SERVICE_ACCOUNTS.kind, "metadata": metadata}


async def test_the_capacity_follows_a_node_within_two_seconds() -> None:
    async with simulated(0) as run, asyncio.TaskGroup() as tasks:
        run.watcher(kinds=(NODES, PODS))
        fact = GpuFact(run.bus.another(), run.clock, fact_record(run.store.another(), KEYS))
        following = tasks.create_task(fact.run(FreeFence("nobody")))
        await run.advance(5.0)
        before = run.store.pairs()[KEYS.fact(GPU)]
        node = ref_of(run.cluster.put(a_node("gpu-1")))
        run.cluster.set_status(node, a_node("gpu-1")["status"])
        await run.advance(FOLLOWED)
        with_node = run.store.pairs()[KEYS.fact(GPU)]
        run.remove(node)
        await run.advance(FOLLOWED)
        following.cancel()

        assert [len(orjson.loads(value)["nodes"]) for value in (before, with_node)] == [0, 1]
        assert orjson.loads(run.store.pairs()[KEYS.fact(GPU)])["nodes"] == orjson.loads(before)["nodes"]


def a_node(name: str) -> Manifest:
    """Return a node with GPUs."""
    amounts = {"cpu": "64", "memory": "512Gi", "nvidia.com/gpu": "8"}
    ready = {"type": "Ready", "status": "True", "reason": "KubeletReady"}
    return {
        "apiVersion": NODES.api_version,
        "kind": NODES.kind,
        "metadata": {"name": name, "labels": {"nvidia.com/gpu.product": "H100"}},
        "status": {"allocatable": amounts, "capacity": amounts, "conditions": [ready]},
    }
