"""Says which change wakes the controllers of Deployments, ReplicaSets and Services.

Separate from the controllers, which only know how to bring one key to rest. Invariant: whatever a controller reads
wakes it when it changes.
"""

from lab.simulator.client.caches import key_of
from lab.simulator.client.resources import Document
from lab.simulator.controllers.deployment_controller import DeploymentController
from lab.simulator.controllers.endpoint_slice_controller import EndpointSliceController
from lab.simulator.controllers.replica_set_controller import ReplicaSetController
from lab.simulator.controllers.wakes import wake_by_accounts, wake_by_controlled, wake_by_own
from lab.simulator.delays import Delays
from lab.simulator.work.workers import Controller
from lab.simulator.world import World


class Workloads:
    """The controllers of Deployments, ReplicaSets and Services, and what wakes them."""

    def __init__(self, world: World, delays: Delays, *, seed: int) -> None:
        settle = delays.settle / delays.speed
        self._replica_set_controller = ReplicaSetController(world, seed=seed, settle=settle)
        self._slice_controller = EndpointSliceController(world, seed=seed)
        deployments = Controller("deployments", DeploymentController(world, settle=settle))
        replica_sets = Controller("replicasets", self._replica_set_controller)
        self._slices = Controller("endpointslices", self._slice_controller)
        wake_by_own(world.deployments, deployments)
        wake_by_controlled(world.replica_sets, "Deployment", deployments)
        wake_by_own(world.replica_sets, replica_sets)
        wake_by_controlled(world.pods, "ReplicaSet", replica_sets)
        wake_by_accounts(world, self._replica_set_controller.maker, replica_sets)
        wake_by_own(world.services, self._slices)
        wake_by_controlled(world.endpoint_slices, "Service", self._slices)
        world.replica_sets.listen(self._replica_set_changed)
        world.pods.listen(self._pod_changed)
        self.controllers = deployments, replica_sets, self._slices

    def _replica_set_changed(self, before: Document | None, after: Document | None) -> None:
        if after is None and before is not None:
            self._replica_set_controller.forget(before["metadata"]["uid"])

    def _pod_changed(self, before: Document | None, after: Document | None) -> None:
        for document in (before, after):
            if document is not None and (document.get("status") or {}).get("podIP"):
                for service in self._slice_controller.services_of(document):
                    self._slices.queue.add(key_of(service))
