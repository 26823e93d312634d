"""A desk beside which Grove runs: it makes cliques and scaling groups of sets, scales them, and makes them ready."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from shared.api.platform import Capability
from shared.contracts.facts import ORCHESTRATORS, QUEUES, encode_orchestrators, encode_queues
from shared.core.json import Manifest
from shared.core.objects import generation_of, name_of, namespace_of, ref_of, uid_of
from shared.core.resources import (
    ADD_ONS,
    GRAPHS,
    POD_CLIQUE_SCALING_GROUPS,
    POD_CLIQUE_SETS,
    POD_CLIQUES,
    Ref,
    Resource,
)
from tests.unit.services.reconciler.handlers.worlds import NAMESPACE, Desk

SET = Ref(POD_CLIQUE_SETS, NAMESPACE, "chat")
WEB_CLIQUE = Ref(POD_CLIQUES, NAMESPACE, "chat-0-web")
WEB_GROUP = Ref(POD_CLIQUE_SCALING_GROUPS, NAMESPACE, "chat-0-web")
IMAGE = {"mainContainer": {"image": "registry.example/runtime:1", "command": ["python3", "-m", "dynamo.vllm"]}}


def a_service(**fields: Any) -> Manifest:
    """Return a worker with one replica on one node."""
    return {"componentType": "worker", "replicas": 1, "extraPodSpec": IMAGE, **fields}


def a_gang(services: Manifest | None = None, **metadata: Any) -> Manifest:
    """Return graph `chat` with the services that a test names."""
    return {
        "apiVersion": GRAPHS.api_version,
        "kind": GRAPHS.kind,
        "metadata": {"name": "chat", "namespace": NAMESPACE, **metadata},
        "spec": {"services": services or {"web": a_service()}},
    }


@dataclass(slots=True)
class GroveDesk(Desk):
    """One owner of everything in a cluster where Grove can be installed."""

    is_quick: bool = True  # whether pods become ready

    def offer(self, *capabilities: Capability, queues: Iterable[str] = ()) -> None:
        """Say what the cluster offers from now on."""
        for resource in ADD_ONS:
            self.cluster.serve(resource)
        self.facts[ORCHESTRATORS] = encode_orchestrators(capabilities)
        self.facts[QUEUES] = encode_queues(queues)

    def make_ready(self) -> None:
        """Be Grove, and the controller of all Deployments."""
        Desk.make_ready(self)
        for live in self.cluster.all(POD_CLIQUE_SETS):
            for made in made_of(live):
                if self.cluster.peek(ref_of(made)) is None:
                    self.cluster.put(made, manager="grove")
        for resource in (POD_CLIQUES, POD_CLIQUE_SCALING_GROUPS, POD_CLIQUE_SETS):
            for live in self.cluster.all(resource) if self.is_quick else ():
                status = clique_status(live)
                if live.get("status") != status:
                    self.cluster.set_status(ref_of(live), status)


async def a_grove(*manifests: Manifest) -> GroveDesk:
    """Return a desk that owns its partition in a cluster with Grove, with some objects in view."""
    desk = GroveDesk()
    desk.offer(Capability.GROVE)
    await desk.claim()
    for manifest in manifests:
        desk.cluster.put(manifest)
    desk.see()
    return desk


def clique_status(live: Manifest) -> Manifest:
    """Return the status of something of Grove's all of whose replicas are ready."""
    counts = ("replicas", "updatedReplicas", "readyReplicas", "availableReplicas")
    return {**dict.fromkeys(counts, live["spec"].get("replicas", 1)), "observedGeneration": generation_of(live)}


def made_of(live: Manifest) -> Iterator[Manifest]:
    """Yield what Grove makes of a set."""
    template = live["spec"]["template"]
    groups = template.get("podCliqueScalingGroups", [])
    grouped = {name for group in groups for name in group["cliqueNames"]}
    for group in groups:
        yield _made(live, POD_CLIQUE_SCALING_GROUPS, group["name"], {"replicas": group.get("replicas", 1)}, {})
    for clique in template["cliques"]:
        if clique["name"] not in grouped:
            yield _made(live, POD_CLIQUES, clique["name"], dict(clique["spec"]), clique["labels"])


def _made(live: Manifest, resource: Resource, name: str, spec: Manifest, own_labels: Manifest) -> Manifest:
    owner = {
        "apiVersion": POD_CLIQUE_SETS.api_version,
        "kind": POD_CLIQUE_SETS.kind,
        "name": name_of(live),
        "uid": uid_of(live),
        "controller": True,
    }
    metadata = {
        "name": f"{name_of(live)}-0-{name}",
        "namespace": namespace_of(live),
        "labels": {**own_labels, "app.kubernetes.io/part-of": name_of(live)},
        "ownerReferences": [owner],
    }
    return {"apiVersion": resource.api_version, "kind": resource.kind, "metadata": metadata, "spec": spec}
