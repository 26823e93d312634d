"""Binds pods to nodes, and tells the ones that must wait why.

Thin: the choice is made in `placement`. Pods that wait are tried again when something that could help has changed: a
pod gone, a node new or different. Invariant: a pod is counted on its node before the binding is written.
"""

from lab.simulator.client.caches import Key, key_of
from lab.simulator.client.errors import ApiError
from lab.simulator.client.resources import PODS, Document
from lab.simulator.nodes.demands import demand
from lab.simulator.nodes.filters import node_facts
from lab.simulator.nodes.placement import Chosen, Ledger, Waits
from lab.simulator.objects import FALSE, condition, has_ended, is_deleting, timestamp
from lab.simulator.work.events import Recorder
from lab.simulator.world import World, now

SCHEDULER_NAME = "default-scheduler"


class Scheduler:
    """Reconciles pods without a node."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._ledger = Ledger()
        self._waiting: set[Key] = set()
        self._recorder = Recorder(world.api, SCHEDULER_NAME)

    async def __call__(self, key: Key) -> float | None:
        """Place one pod, or say why it waits."""
        pod = self._world.pods.get(key)
        if pod is None or not self.is_concerned(pod):
            self._waiting.discard(key)
            return None
        answer = self._ledger.place(demand(pod))
        match answer:
            case Chosen(node):
                self._waiting.discard(key)
                await self._bind(pod, node)
            case Waits(message):
                self._waiting.add(key)
                await self._explain(pod, message)
        return None

    def is_concerned(self, pod: Document) -> bool:
        """Say whether a pod waits for this scheduler."""
        spec = pod["spec"]
        return (
            not spec.get("nodeName")
            and not is_deleting(pod)
            and not has_ended(pod)
            and not spec.get("schedulingGates")
            and spec.get("schedulerName", SCHEDULER_NAME) == SCHEDULER_NAME
        )

    def pod_changed(self, before: Document | None, after: Document | None) -> bool:
        """Keep the ledger; answer whether something became free."""
        if after is not None and not has_ended(after):
            if after["spec"].get("nodeName"):
                self._ledger.hold(after["metadata"]["uid"], after["spec"]["nodeName"], demand(after))
            return False
        gone = after or before
        return gone is not None and self._ledger.release(gone["metadata"]["uid"])

    def node_changed(self, before: Document | None, after: Document | None) -> bool:
        """Keep the ledger; answer whether the change may matter to a pod that waits."""
        if after is None:
            if before is not None:
                self._ledger.drop_node(before["metadata"]["name"])
            return True
        facts = node_facts(after)
        is_news = self._ledger.nodes.get(facts.name) != facts
        self._ledger.set_node(facts)
        return is_news

    def waiting(self) -> list[Key]:
        """Return the pods that no node took so far."""
        return list(self._waiting)

    async def _bind(self, pod: Document, node: str) -> None:
        metadata = pod["metadata"]
        self._ledger.hold(metadata["uid"], node, demand(pod))
        binding: Document = {
            "apiVersion": "v1",
            "kind": "Binding",
            "metadata": {"name": metadata["name"], "namespace": metadata["namespace"], "uid": metadata["uid"]},
            "target": {"apiVersion": "v1", "kind": "Node", "name": node},
        }
        try:
            await self._world.api.bind(metadata["namespace"], metadata["name"], binding)
        except ApiError:
            self._release_unless_bound(pod)
            raise

    def _release_unless_bound(self, pod: Document) -> None:
        present = self._world.pods.get(key_of(pod))
        if present is None or not present["spec"].get("nodeName"):
            self._ledger.release(pod["metadata"]["uid"])

    async def _explain(self, pod: Document, message: str) -> None:
        known = condition(pod, "PodScheduled")
        if known is not None and known.get("message") == message:
            return
        said: Document = {
            "type": "PodScheduled",
            "status": FALSE,
            "lastTransitionTime": (known or {}).get("lastTransitionTime") or timestamp(now()),
            "reason": "Unschedulable",
            "message": message,
        }
        others = [
            found for found in (pod.get("status") or {}).get("conditions") or () if found["type"] != "PodScheduled"
        ]
        patch = {"status": {"conditions": [*others, said]}}
        self._world.pods.observe(await self._world.api.patch(PODS, pod, patch, subresource="status"))
        await self._recorder.warn(pod, "FailedScheduling", message)
