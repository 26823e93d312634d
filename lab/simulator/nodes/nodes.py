"""Says which change wakes the scheduler, a kubelet or the keeper of the nodes.

Separate from them, because each only knows how to bring one key to rest. Invariant: pods that wait for a node are
tried again only when something that could help has changed.
"""

from lab.simulator.client.caches import key_of
from lab.simulator.client.resources import Document
from lab.simulator.nodes.fleet import Fleet
from lab.simulator.nodes.kubelet import Kubelet
from lab.simulator.nodes.scheduler import Scheduler
from lab.simulator.nodes.script import Script
from lab.simulator.nodes.start_order import CLIQUE
from lab.simulator.objects import is_pod_ready, labels_of
from lab.simulator.work.workers import Controller
from lab.simulator.world import World, changed_key


class Nodes:
    """Nodes, scheduler and kubelets, and what wakes them."""

    def __init__(self, world: World, script: Script, *, fleet: Fleet, kubelet: Kubelet, has_scheduler: bool) -> None:
        self._world = world
        self._script = script
        self._fleet = fleet
        self._scheduler = Scheduler(world) if has_scheduler else None
        self._kubelet = kubelet
        self._nodes = Controller("nodes", fleet)
        self._pods = Controller("pods", self._kubelet)
        self._bindings: Controller | None = None
        if self._scheduler is not None:
            self._bindings = Controller("bindings", self._scheduler)
            self._scheduler.wake = self._bindings.queue.add
        world.pods.listen(self._pod_changed)
        world.nodes.listen(self._node_changed)
        world.secrets.listen(self._reference_changed)
        world.config_maps.listen(self._reference_changed)
        for cache in (world.claims, world.pod_groups, world.pod_cliques, world.scaling_groups):
            cache.listen(self._demand_changed)
        world.definitions.listen(self._offer_changed)

    @property
    def controllers(self) -> tuple[Controller, ...]:
        """What has to run."""
        return (self._nodes, self._pods, *((self._bindings,) if self._bindings is not None else ()))

    def begin(self) -> None:
        """Look at every node that should be there."""
        for key in self._fleet.wanted:
            self._nodes.queue.add(key)

    def reload(self) -> None:
        """Read the control file again and look at everything that it may strike."""
        self._script.reload()
        for node in self._world.nodes:
            self._nodes.queue.add(key_of(node))
        for pod in self._world.pods:
            self._pods.queue.add(key_of(pod))

    def _pod_changed(self, before: Document | None, after: Document | None) -> None:
        key = changed_key(before, after)
        if after is None and before is not None:
            self._kubelet.forget(before)
        elif after is not None and after["spec"].get("nodeName"):
            self._pods.queue.add(key)
        self._wake_held(before, after)
        if self._scheduler is None or self._bindings is None:
            return
        has_freed = self._scheduler.pod_changed(before, after)
        if after is not None and self._scheduler.is_concerned(after):
            self._bindings.queue.add(key)
        if has_freed:
            self._retry_waiting()

    def _wake_held(self, before: Document | None, after: Document | None) -> None:
        if after is None or CLIQUE not in labels_of(after):
            return
        if is_pod_ready(after) and (before is None or not is_pod_ready(before)):
            for key in self._kubelet.held(after["metadata"]["namespace"]):
                self._pods.queue.add(key)

    def _node_changed(self, before: Document | None, after: Document | None) -> None:
        self._nodes.queue.add(changed_key(before, after))
        if after is not None and before is not None and before["metadata"] != after["metadata"]:
            for pod in self._world.pods.by("node", after["metadata"]["name"]):
                self._pods.queue.add(key_of(pod))
        if self._scheduler is not None and self._scheduler.node_changed(before, after):
            self._retry_waiting()

    def _reference_changed(self, before: Document | None, after: Document | None) -> None:
        if after is not None:
            for key in self._kubelet.lacking(after["metadata"]["namespace"]):
                self._pods.queue.add(key)

    def _demand_changed(self, before: Document | None, after: Document | None) -> None:
        if before is None or after is None or before["spec"] != after["spec"]:
            self._retry_waiting()

    def _offer_changed(self, before: Document | None, after: Document | None) -> None:
        if after is None or self._scheduler is None or self._bindings is None:
            return
        for pod in self._world.pods.by("node", ""):  # a definition may bring the scheduler that a pod names
            self._bindings.queue.add(key_of(pod))

    def _retry_waiting(self) -> None:
        if self._scheduler is not None and self._bindings is not None:
            for key in self._scheduler.waiting():
                self._bindings.queue.add(key)
