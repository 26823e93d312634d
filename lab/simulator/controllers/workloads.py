"""Says which change wakes which workload controller.

Separate from the controllers, which only know how to bring one key to rest. Invariant: whatever a controller reads
wakes it when it changes.
"""

from lab.simulator.client.caches import key_of
from lab.simulator.client.resources import Document
from lab.simulator.controllers.deployment_controller import DeploymentController
from lab.simulator.controllers.endpoint_slice_controller import EndpointSliceController
from lab.simulator.controllers.replica_set_controller import ReplicaSetController
from lab.simulator.delays import Delays
from lab.simulator.objects import controller_key
from lab.simulator.work.workers import Controller
from lab.simulator.world import World, changed_key


class Workloads:
    """The controllers of Deployments, ReplicaSets and Services, and what wakes them."""

    def __init__(self, world: World, delays: Delays, *, seed: int) -> None:
        settle = delays.settle / delays.speed
        self._replica_set_controller = ReplicaSetController(world, seed=seed, settle=settle)
        self._slice_controller = EndpointSliceController(world, seed=seed)
        self._deployments = Controller("deployments", DeploymentController(world, settle=settle))
        self._replica_sets = Controller("replicasets", self._replica_set_controller)
        self._slices = Controller("endpointslices", self._slice_controller)
        world.deployments.listen(self._deployment_changed)
        world.replica_sets.listen(self._replica_set_changed)
        world.pods.listen(self._pod_changed)
        world.services.listen(self._service_changed)
        world.endpoint_slices.listen(self._slice_changed)
        world.service_accounts.listen(self._account_changed)

    @property
    def controllers(self) -> tuple[Controller, ...]:
        """What has to run."""
        return self._deployments, self._replica_sets, self._slices

    def _deployment_changed(self, before: Document | None, after: Document | None) -> None:
        self._deployments.queue.add(changed_key(before, after))

    def _replica_set_changed(self, before: Document | None, after: Document | None) -> None:
        self._replica_sets.queue.add(changed_key(before, after))
        for document in (before, after):
            if document is not None and (owner := controller_key(document, "Deployment")) is not None:
                self._deployments.queue.add(owner)
        if after is None and before is not None:
            self._replica_set_controller.forget(before["metadata"]["uid"])

    def _pod_changed(self, before: Document | None, after: Document | None) -> None:
        for document in (before, after):
            if document is None:
                continue
            if (owner := controller_key(document, "ReplicaSet")) is not None:
                self._replica_sets.queue.add(owner)
            if (document.get("status") or {}).get("podIP"):
                for service in self._slice_controller.services_of(document):
                    self._slices.queue.add(key_of(service))

    def _service_changed(self, before: Document | None, after: Document | None) -> None:
        self._slices.queue.add(changed_key(before, after))

    def _slice_changed(self, before: Document | None, after: Document | None) -> None:
        for document in (before, after):
            if document is not None and (owner := controller_key(document, "Service")) is not None:
                self._slices.queue.add(owner)

    def _account_changed(self, before: Document | None, after: Document | None) -> None:
        if before is None and after is not None:
            for key in self._replica_set_controller.maker.released_by(after):
                self._replica_sets.queue.add(key)
