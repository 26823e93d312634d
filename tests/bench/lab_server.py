"""The lab's own API server without anything around it: what one apply of a Deployment costs it, in CPU."""

from __future__ import annotations

import asyncio
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from lab.launcher.apiserver import ApiServer
from shared.core.json import Manifest, canonical
from shared.kube.clusters import KubeCluster, KubeOptions, open_cluster
from shared.runtime.clock import SystemClock
from tests.bench.figures import Figures
from tests.bench.machine import cost
from tests.bench.percentiles import percentile

APPLIES, AT_ONCE = 1000, 8
BYTES = 3000
MANAGER = "bench"


def lab_server() -> Figures:
    """Start the server, apply Deployments of 3 kB, and return CPU milliseconds of the server for each."""
    with tempfile.TemporaryDirectory() as folder:
        server = ApiServer(Path(folder))
        server.start()
        try:
            return Figures("lab-server", values=asyncio.run(_measure(server)))
        finally:
            server.stop()


async def _measure(server: ApiServer) -> dict[str, float]:
    options = KubeOptions(kubeconfig=server.kubeconfig)
    async with open_cluster(options, SystemClock()) as cluster:
        await _cost(server, cluster, lambda number: _deployment(f"warm-{number}"))
        return {
            "apply_new_ms": await _cost(server, cluster, lambda number: _deployment(f"some-{number}")),
            "apply_same_ms": await _cost(server, cluster, lambda number: _deployment(f"some-{number}")),
            "apply_changed_ms": await _cost(server, cluster, lambda number: _deployment(f"some-{number}", replicas=2)),
            "apply_alone_p50_ms": await _alone(cluster),
            "memory_mib": cost(server.process.pid).memory_mib,
        }


async def _cost(server: ApiServer, cluster: KubeCluster, manifest: Callable[[int], Manifest]) -> float:
    """Return the server's CPU milliseconds for one apply."""
    limit = asyncio.Semaphore(AT_ONCE)

    async def apply(number: int) -> None:
        async with limit:
            await cluster.apply(manifest(number), manager=MANAGER)

    before = cost(server.process.pid).cpu_seconds
    async with asyncio.TaskGroup() as tasks:
        for number in range(APPLIES):
            tasks.create_task(apply(number))
    return (cost(server.process.pid).cpu_seconds - before) / APPLIES * 1000


async def _alone(cluster: KubeCluster) -> float:
    """Return the median milliseconds of applies one after the other, as the client sees them."""
    seconds = []
    for number in range(APPLIES // 4):
        began = time.perf_counter()
        await cluster.apply(_deployment(f"alone-{number}"), manager=MANAGER)
        seconds.append(time.perf_counter() - began)
    return percentile(seconds, 0.5) * 1000


def _deployment(name: str, *, replicas: int = 1) -> Manifest:
    """Return a Deployment with as many variables as make it 3 kB of JSON."""
    labels = {"app": name}
    container: Manifest = {"name": "main", "image": "registry.example/dynamo-vllm:1.0", "env": []}
    manifest: Manifest = {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name, "namespace": "default", "labels": labels},
        "spec": {
            "replicas": replicas,
            "selector": {"matchLabels": labels},
            "template": {"metadata": {"labels": labels}, "spec": {"containers": [container]}},
        },
    }
    variables = container["env"]
    while len(canonical(manifest)) < BYTES:
        variables.append({"name": f"DYN_VARIABLE_{len(variables)}", "value": "a value of some characters"})
    return manifest
