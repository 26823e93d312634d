"""A desk beside which LeaderWorkerSet, Volcano and Istio can be installed, and a controller that makes sets ready."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from shared.api.platform import Capability
from shared.contracts.facts import ORCHESTRATORS, encode_orchestrators
from shared.core.json import Manifest, text
from shared.core.objects import name_of, ref_of
from shared.core.resources import COMPONENTS, EVENTS, LEADER_WORKER_SETS, POD_GROUPS, Ref, Resource
from tests.unit.services.reconciler.handlers.worlds import NAMESPACE, Desk

LONE = Ref(COMPONENTS, NAMESPACE, "lone")
MAIN = {"mainContainer": {"image": "registry.example/runtime:1", "command": ["python3"], "args": ["-m", "serve"]}}


@dataclass(slots=True)
class LwsDesk(Desk):
    """One owner of everything in a cluster where add-ons can be installed."""

    broken: set[str] = field(default_factory=set)  # sets that do not become ready

    def offer(self, *capabilities: Capability, served: Iterable[Resource]) -> None:
        """Say what the cluster offers from now on."""
        for resource in served:
            self.cluster.serve(resource)
        self.facts[ORCHESTRATORS] = encode_orchestrators(capabilities)

    def make_ready(self) -> None:
        """Be the controller of Deployments and of LeaderWorkerSets."""
        Desk.make_ready(self)
        for live in self.cluster.all(LEADER_WORKER_SETS):
            status = set_status(ready=name_of(live) not in self.broken)
            if live.get("status") != status:
                self.cluster.set_status(ref_of(live), status)

    def edit(self, **spec: Any) -> None:
        """Change the component as a user does; None takes a field away."""

        def change(live: Manifest) -> None:
            live["spec"] = {key: value for key, value in {**live["spec"], **spec}.items() if value is not None}

        self.cluster.edit(LONE, change)
        self.see()

    def names(self, resource: Resource) -> list[str]:
        """Return the names of what exists."""
        return [name_of(each) for each in self.cluster.all(resource)]

    async def messages(self) -> dict[str, str]:
        """Return the messages of the Events that are written, by reason."""
        await self.events()
        return {text(each, "reason"): text(each, "message") for each in self.cluster.all(EVENTS)}

    def sizes(self) -> list[int]:
        """Return the nodes of each instance."""
        return [each["spec"]["leaderWorkerTemplate"]["size"] for each in self.cluster.all(LEADER_WORKER_SETS)]


def set_status(*, ready: bool) -> Manifest:
    """Return the status of a set of one group."""
    return {
        "replicas": 1,
        "updatedReplicas": 1,
        "readyReplicas": int(ready),
        "conditions": [{"type": "Available", "status": "True" if ready else "False", "reason": "x"}],
    }


def a_component(*, nodes: int = 1, **spec: Any) -> Manifest:
    """Return a component that stands alone."""
    multinode = {"multinode": {"nodeCount": nodes}} if nodes > 1 else {}
    given = {"serviceName": "Lone", "componentType": "worker", "dynamoNamespace": "x", "extraPodSpec": MAIN}
    return {
        "apiVersion": COMPONENTS.api_version,
        "kind": COMPONENTS.kind,
        "metadata": {"name": LONE.name, "namespace": NAMESPACE},
        "spec": {**given, **multinode, **spec},
    }


async def a_desk_with_lws(*manifests: Manifest) -> LwsDesk:
    """Return a desk that owns its partition in a cluster with LeaderWorkerSet, with some objects in view."""
    desk = LwsDesk()
    desk.offer(Capability.LWS, served=(LEADER_WORKER_SETS, POD_GROUPS))
    await desk.claim()
    for manifest in manifests:
        desk.cluster.put(manifest)
    desk.see()
    return desk
