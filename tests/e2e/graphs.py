"""Many small graphs for tests, and when they are done."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from functools import partial

from shared.core.errors import TemporaryError
from shared.core.json import Manifest, integer, text
from shared.core.objects import generation_of, name_of
from shared.core.resources import GRAPHS, Ref
from shared.kube.clusters import KubeCluster
from shared.ports.cluster import Cluster, Observed, Selection, Snapshot
from shared.testing.eventually import eventually
from tests.e2e.stacks import LiveStack

MANAGER = "tests"
APPLY_AT_ONCE = 8
PATIENCE = timedelta(seconds=30)


def graph(name: str, namespace: str) -> Manifest:
    """Return a graph of frontend, decode and prefill worker; without GPUs, of which there are only so many."""
    return {
        "apiVersion": GRAPHS.api_version,
        "kind": GRAPHS.kind,
        "metadata": {"name": name, "namespace": namespace},
        "spec": {
            "backendFramework": "vllm",
            "services": {
                "Frontend": _service("frontend", "python3 -m dynamo.frontend"),
                "Decode": _service("decode", "python3 -m dynamo.vllm --model Qwen/Qwen3-0.6B"),
                "Prefill": _service("prefill", "python3 -m dynamo.vllm --model Qwen/Qwen3-0.6B"),
            },
        },
    }


def names(count: int) -> list[str]:
    """Return the names of so many graphs."""
    return [f"graph-{number:02d}" for number in range(count)]


async def apply_graphs(stack: LiveStack, namespace: str, count: int) -> None:
    """Apply so many graphs in a namespace, which is made if it is missing."""
    limit = asyncio.Semaphore(APPLY_AT_ONCE)

    async with stack.target.cluster() as cluster, asyncio.TaskGroup() as tasks:

        async def apply(manifest: Manifest) -> None:
            async with limit:
                await eventually(partial(_is_applied, cluster, manifest), within=PATIENCE)

        await cluster.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace}}, manager=MANAGER)
        for name in names(count):
            tasks.create_task(apply(graph(name, namespace)))


async def edit_replicas(cluster: Cluster, graph: Ref, service: str, replicas: int) -> None:
    """Change how many replicas a service of a graph wants."""
    operations = [{"op": "replace", "path": f"/spec/services/{service}/replicas", "value": replicas}]
    await cluster.patch(graph, operations, manager=MANAGER)


async def wait_until_successful(
    stack: LiveStack, namespace: str, count: int, *, within: timedelta = timedelta(seconds=60)
) -> None:
    """Wait until so many graphs of a namespace are successful in their newest generation."""
    done: set[str] = set()
    async with stack.target.cluster() as cluster:
        assert isinstance(cluster, KubeCluster)
        try:
            async with asyncio.timeout(within.total_seconds()):
                async for each in cluster.follow(GRAPHS, Selection(namespace=namespace)):
                    for manifest in _manifests(each):
                        (done.add if is_successful(manifest) else done.discard)(name_of(manifest))
                    if len(done) >= count:
                        return
        except TimeoutError:
            missing = sorted(set(names(count)) - done)
            raise AssertionError(f"not successful within {within.total_seconds():g} s: {missing}") from None


def is_successful(manifest: Manifest) -> bool:
    """Say whether a graph is successful, and its status that of its newest generation."""
    is_current = integer(manifest, "status", "observedGeneration") == generation_of(manifest)
    return is_current and text(manifest, "status", "state") == "successful"


async def _is_applied(cluster: Cluster, manifest: Manifest) -> bool:
    try:
        await cluster.apply(manifest, manager=MANAGER)
    except TemporaryError:  # such as a webhook that is away for a moment
        return False
    return True


def _manifests(each: object) -> list[Manifest]:
    if isinstance(each, Snapshot):
        return list(each.items)
    return [each.manifest] if isinstance(each, Observed) else []


def _service(kind: str, command: str) -> Manifest:
    container = {"image": "registry.example/dynamo-vllm:1.0", "command": ["/bin/sh", "-c"], "args": [command]}
    return {"componentType": kind, "replicas": 1, "extraPodSpec": {"mainContainer": container}}
