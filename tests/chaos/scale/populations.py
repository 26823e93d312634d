"""A cluster with as many served graphs as asked for, quickly: one is brought about by the real services, then copied.

Every copy has names, uids and versions of its own, ownership as the API server recorded it for the first, and pods with
what a kubelet says. What does not differ between two graphs is shared in memory: the fake cluster never changes a
stored object in place, and ten thousand graphs have to fit beside the services that are measured.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from shared.core import labels
from shared.core.json import Manifest, mapping, text
from shared.core.objects import labels_of, name_of, namespace_of, ref_of, uid_of
from shared.core.resources import DEPLOYMENTS, GRAPHS, PODS
from shared.testing.cluster import FakeCluster
from tests.chaos.rooms.platforms import KINDS, ControlPlane
from tests.chaos.simulation import IMAGE, Simulation

SERVICES: Mapping[str, str] = {"Frontend": "frontend", "Decode": "worker", "Prefill": "worker"}
NAMESPACE, GRAPH = "team-000", "graph-00000"
PER_NAMESPACE = 100
_UID = "-0000-0000-0000-000000000000"


@dataclass(frozen=True, slots=True)
class Template:
    """All objects of one served graph."""

    objects: tuple[Manifest, ...]

    def copy(self, number: int, first_version: int) -> Iterator[Manifest]:
        """Yield the objects of a further graph, with versions from a first one on."""
        words = {NAMESPACE: namespace_name(number), GRAPH: graph_name(number)}
        for place, each in enumerate(self.objects):
            words[uid_of(each)] = f"{number * len(self.objects) + place + 1:08x}{_UID}"
        pattern = re.compile("|".join(re.escape(word) for word in words))
        for place, each in enumerate(self.objects):
            renamed = _renamed(each, pattern, words)
            metadata = {**renamed["metadata"], "resourceVersion": str(first_version + place)}
            yield {**renamed, "metadata": metadata}


def graph_name(number: int) -> str:
    """Return the name of a graph, as long as that of every other one."""
    return f"graph-{number:05d}"


def namespace_name(number: int) -> str:
    """Return the namespace of a graph."""
    return f"team-{number // PER_NAMESPACE:03d}"


async def a_template() -> Template:
    """Let the real services bring one graph about, and return everything that belongs to it."""
    async with asyncio.TaskGroup() as tasks:
        run = Simulation(0, tasks)
        await run.prepare()
        run.cluster.add_namespace(NAMESPACE)
        plane = ControlPlane(run)
        plane.start()
        graph = run.cluster.put(_graph())
        await run.converge()
        served = run.cluster.peek(ref_of(graph))
        assert text(served, "status", "state") == "successful"
        for deployment in run.cluster.all(DEPLOYMENTS):
            pod = ref_of(run.cluster.put(_pod(deployment)))
            run.cluster.set_status(pod, _pod_status())
        await run.converge()
        found = [each for kind in (*KINDS, PODS) for each in run.cluster.all(kind) if _belongs(each)]
        for process in run.processes:
            process.kill()
    by_uid = {uid_of(each): each for each in found}
    return Template(tuple(by_uid.values()))


def populate(cluster: FakeCluster, template: Template, count: int) -> None:
    """Put so many graphs into a cluster, with a history that begins behind them."""
    objects = cluster.objects
    for number in range(count):
        if number % PER_NAMESPACE == 0:
            cluster.add_namespace(namespace_name(number))
        for each in template.copy(number, objects.version + 1):
            objects.stored[ref_of(each)] = each
        objects.version += len(template.objects)
    cluster.expire_history()


def _renamed(value: Any, pattern: re.Pattern[str], words: Mapping[str, str]) -> Any:
    """Return a value with other words in it, or the very same one when none of them occurs."""
    if isinstance(value, str):
        return pattern.sub(lambda found: words[found[0]], value) if pattern.search(value) else value
    if isinstance(value, dict):
        changed = {_renamed(key, pattern, words): _renamed(item, pattern, words) for key, item in value.items()}
        is_same = all(key in value and changed[key] is value[key] for key in changed)
        return value if is_same else changed
    if isinstance(value, list):
        items = [_renamed(item, pattern, words) for item in value]
        return value if all(new is old for new, old in zip(items, value, strict=True)) else items
    return value


def _belongs(manifest: Manifest) -> bool:
    is_ours = labels_of(manifest).get(labels.GRAPH_NAME) == GRAPH or name_of(manifest).startswith(GRAPH)
    return namespace_of(manifest) == NAMESPACE and is_ours


def _graph() -> Manifest:
    gpus = {"limits": {"gpu": "1"}, "requests": {"cpu": "8", "memory": "64Gi"}}
    services = {
        service: {
            "componentType": kind,
            "replicas": 1,
            "resources": gpus if kind == "worker" else {"requests": {"cpu": "2", "memory": "4Gi"}},
            "extraPodSpec": {"mainContainer": {"image": IMAGE, "args": ["--model", "some/model"]}},
        }
        for service, kind in SERVICES.items()
    }
    return {
        "apiVersion": GRAPHS.api_version,
        "kind": GRAPHS.kind,
        "metadata": {"name": GRAPH, "namespace": NAMESPACE},
        "spec": {"backendFramework": "vllm", "services": services},
    }


def _pod(deployment: Manifest) -> Manifest:
    """Return the pod of a Deployment, as its ReplicaSet makes it."""
    owner = {
        "apiVersion": "apps/v1",
        "kind": "ReplicaSet",
        "name": f"{name_of(deployment)}-6d9c8f7b5",
        "uid": uid_of(deployment),
        "controller": True,
        "blockOwnerDeletion": True,
    }
    template = mapping(deployment, "spec", "template")
    return {
        "apiVersion": PODS.api_version,
        "kind": PODS.kind,
        "metadata": {
            "name": f"{owner['name']}-x7k2p",
            "namespace": namespace_of(deployment),
            "labels": {**mapping(template, "metadata", "labels"), "pod-template-hash": "6d9c8f7b5"},
            "ownerReferences": [owner],
        },
        "spec": {**mapping(template, "spec"), "nodeName": "gpu-node-17", "schedulerName": "default-scheduler"},
    }


def _pod_status() -> Manifest:
    types = ("PodReadyToStartContainers", "Initialized", "Ready", "ContainersReady", "PodScheduled")
    moment = "2025-01-01T00:00:00Z"
    return {
        "phase": "Running",
        "conditions": [{"type": each, "status": "True", "lastTransitionTime": moment} for each in types],
        "hostIP": "10.1.0.17",
        "podIP": "10.2.17.5",
        "startTime": moment,
        "containerStatuses": [
            {
                "name": "main",
                "ready": True,
                "started": True,
                "restartCount": 0,
                "image": IMAGE,
                "state": {"running": {"startedAt": moment}},
                "lastState": {},
            }
        ],
    }


def kinds_of(template: Template) -> Sequence[str]:
    """Return the plural of each object, for a table of what a graph consists of."""
    return [ref_of(each).resource.plural for each in template.objects]
