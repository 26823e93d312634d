"""Binds pods to nodes, and tells the ones that must wait why.

Thin: the choice is made in `placement`. Pods that wait are tried again when something that could help has changed: a
pod gone, a node new or different. Invariant: a pod is counted on its node before the binding is written.
"""

from collections.abc import Callable

from lab.simulator.client.caches import Key, key_of
from lab.simulator.client.errors import ApiError
from lab.simulator.client.resources import POD_GROUPS, PODS, QUEUES, Document
from lab.simulator.nodes.demands import demand
from lab.simulator.nodes.filters import node_facts, preemption
from lab.simulator.nodes.gangs import (
    KAI,
    POD_GANG,
    VOLCANO,
    Gang,
    expected_cliques,
    gang_of,
    least_members,
    least_pods,
    unready,
)
from lab.simulator.nodes.placement import Chosen, Ledger, Waits
from lab.simulator.objects import FALSE, condition, has_ended, is_active, is_deleting, labels_of, timestamp
from lab.simulator.work.events import Recorder
from lab.simulator.work.settling import Settling
from lab.simulator.world import World, label_keys, now

SCHEDULER_NAME = "default-scheduler"
ADD_ONS = {VOLCANO: POD_GROUPS, KAI: QUEUES}
FORMING_SECONDS = 1.0  # in which the pods of a gang appear one after the other: nothing worth a word
PART_OF = "app.kubernetes.io/part-of"


class Scheduler:
    """Reconciles pods without a node."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._ledger = Ledger()
        self._waiting: set[Key] = set()
        self._reserved: dict[str, str] = {}  # node by uid, of pods whose gang has found its places
        self.wake: Callable[[Key], None] = lambda key: None
        self._forming = Settling(FORMING_SECONDS)
        self._recorder = Recorder(world.api, SCHEDULER_NAME)

    async def __call__(self, key: Key) -> float | None:
        """Place one pod, or say why it waits."""
        pod = self._world.pods.get(key)
        if pod is None or not self.is_concerned(pod):
            self._waiting.discard(key)
            self._forming.forget(key)
            return None
        answer = self._lack_of_storage(pod) or self._place(pod)
        match answer:
            case Chosen(node):
                self._waiting.discard(key)
                self._forming.forget(key)
                await self._bind(pod, node)
            case Waits(message, is_brief):
                self._waiting.add(key)
                remaining = self._forming.remaining(key) if is_brief else 0.0
                if remaining > 0:
                    return remaining
                await self._explain(pod, message)
        return None

    def _place(self, pod: Document) -> Chosen | Waits:
        reserved = self._reserved.pop(pod["metadata"]["uid"], None)
        if reserved is not None:
            return Chosen(reserved)
        gang = gang_of(pod)
        return self._ledger.place(demand(pod)) if gang is None else self._place_gang(pod, gang)

    def _place_gang(self, pod: Document, gang: Gang) -> Chosen | Waits:
        """Find places for all pods of a gang that have none, and wake the others; for none if there is not one each."""
        members = [each for each in self._world.pods.by("gang", gang.key) if is_active(each)]
        waiting = [each for each in members if not each["spec"].get("nodeName") and not self._is_reserved(each)]
        needed = self._needed(pod, gang)
        if needed is None:
            return Waits(f'pod group "{gang.name}" is not complete yet', is_brief=True)
        if len(members) < needed:
            return Waits(unready(len(waiting), needed), is_brief=True)
        placed = self._reserve(waiting, least=needed - (len(members) - len(waiting)))
        if isinstance(placed, Waits):
            return placed
        for each in waiting:
            if each is not pod and self._is_reserved(each):
                self.wake(key_of(each))
        own = self._reserved.pop(pod["metadata"]["uid"], None)
        return Chosen(own) if own is not None else self._ledger.place(demand(pod))

    def _reserve(self, pods: list[Document], *, least: int) -> Waits | None:
        """Reserve places; if fewer than `least` are found, give all of them back and say what the first one lacked."""
        reserved, refusal = [], None
        for pod in pods:
            match self._ledger.place(demand(pod)):
                case Chosen(node):
                    self._ledger.hold(pod["metadata"]["uid"], node, demand(pod))
                    self._reserved[pod["metadata"]["uid"]] = node
                    reserved.append(pod)
                case Waits() as waits:
                    refusal = refusal or waits
        if len(reserved) >= least:
            return None
        for pod in reserved:
            self._ledger.release(pod["metadata"]["uid"])
            del self._reserved[pod["metadata"]["uid"]]
        return refusal

    def _is_reserved(self, pod: Document) -> bool:
        return pod["metadata"]["uid"] in self._reserved

    def _needed(self, pod: Document, gang: Gang) -> int | None:
        """Return how many pods of a gang must be placed together, or nothing while that is not known yet."""
        world = self._world
        if gang.scheduler == VOLCANO:
            pod_group = world.pod_groups.get((gang.namespace, gang.name))
            return least_members(pod_group) if pod_group is not None else None
        owner = world.pod_clique_sets.get((gang.namespace, labels_of(pod).get(PART_OF, "")))
        (index,) = label_keys(gang.namespace, [(POD_GANG, gang.name)])
        cliques = world.pod_cliques.by("label", index)
        if owner is None:
            return None
        groups = world.scaling_groups.by("controller", owner["metadata"]["uid"])
        replicas = {group["metadata"]["name"]: int(group["spec"]["replicas"]) for group in groups}
        return least_pods(cliques) if len(cliques) >= expected_cliques(pod, owner, replicas) else None

    def _lack_of_storage(self, pod: Document) -> Waits | None:
        for volume in pod["spec"].get("volumes") or ():
            name = (volume.get("persistentVolumeClaim") or {}).get("claimName")
            if name is not None and self._world.claims.get((pod["metadata"]["namespace"], name)) is None:
                nodes = len(self._ledger.nodes)
                said = f'persistentvolumeclaim "{name}" not found'
                return Waits(f"0/{nodes} nodes are available: {said}. {preemption(hopeless=nodes, nodes=nodes)}.")
        return None

    def is_concerned(self, pod: Document) -> bool:
        """Say whether a pod waits for this scheduler."""
        spec = pod["spec"]
        return (
            not spec.get("nodeName")
            and not is_deleting(pod)
            and not has_ended(pod)
            and not spec.get("schedulingGates")
            and self._serves(spec.get("schedulerName", SCHEDULER_NAME))
        )

    def _serves(self, scheduler: str) -> bool:
        # Other schedulers are played where their add-on is: a pod that names one elsewhere waits, as it does anywhere.
        return scheduler == SCHEDULER_NAME or (scheduler in ADD_ONS and self._world.serves(ADD_ONS[scheduler]))

    def pod_changed(self, before: Document | None, after: Document | None) -> bool:
        """Keep the ledger; answer whether something became free."""
        if after is not None and not has_ended(after):
            if after["spec"].get("nodeName"):
                self._ledger.hold(after["metadata"]["uid"], after["spec"]["nodeName"], demand(after))
            return False
        gone = after or before
        if gone is not None:
            self._reserved.pop(gone["metadata"]["uid"], None)
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
