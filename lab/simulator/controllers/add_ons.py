"""Says what wakes the controllers of add-ons: LeaderWorkerSets, PodGroups, and what Grove brings.

Invariant: while a cluster does not serve a resource its cache is empty, so its controller sleeps.
"""

from lab.simulator.client.caches import key_of
from lab.simulator.client.resources import Document
from lab.simulator.controllers.grove.clique_controller import CliqueController
from lab.simulator.controllers.grove.group_controller import GroupController
from lab.simulator.controllers.grove.set_controller import SetController
from lab.simulator.controllers.leader_worker_set_controller import LeaderWorkerSetController
from lab.simulator.controllers.pod_group_controller import PodGroupController
from lab.simulator.controllers.wakes import wake_by_accounts, wake_by_controlled, wake_by_own
from lab.simulator.delays import Delays
from lab.simulator.nodes.gangs import VOLCANO, gang_of
from lab.simulator.work.workers import Controller
from lab.simulator.world import World


class LeaderWorkerSets:
    """The controllers of LeaderWorkerSets and of Volcano's PodGroups."""

    def __init__(self, world: World, delays: Delays) -> None:
        settle = delays.settle / delays.speed
        sets = LeaderWorkerSetController(world, settle=settle)
        leader_worker_sets = Controller("leaderworkersets", sets)
        self._pod_groups = Controller("podgroups", PodGroupController(world, settle=settle))
        wake_by_own(world.leader_worker_sets, leader_worker_sets)
        wake_by_controlled(world.pods, "LeaderWorkerSet", leader_worker_sets)
        wake_by_controlled(world.services, "LeaderWorkerSet", leader_worker_sets)
        wake_by_accounts(world, sets.maker, leader_worker_sets)
        wake_by_own(world.pod_groups, self._pod_groups)
        world.pods.listen(self._pod_changed)
        self.controllers = leader_worker_sets, self._pod_groups

    def _pod_changed(self, before: Document | None, after: Document | None) -> None:
        gang = gang_of(after or before or {"spec": {}})
        if gang is not None and gang.scheduler == VOLCANO:
            self._pod_groups.queue.add((gang.namespace, gang.name))


class Grove:
    """The controllers of PodCliqueSets, scaling groups and PodCliques."""

    def __init__(self, world: World, delays: Delays, *, seed: int) -> None:
        settle = delays.settle / delays.speed
        self._world = world
        self._clique_controller = CliqueController(world, seed=seed, settle=settle)
        sets = Controller("podcliquesets", SetController(world, settle=settle))
        self._groups = Controller("podcliquescalinggroups", GroupController(world, settle=settle))
        cliques = Controller("podcliques", self._clique_controller)
        wake_by_own(world.pod_clique_sets, sets)
        for cache in (world.services, world.scaling_groups, world.pod_cliques):
            wake_by_controlled(cache, "PodCliqueSet", sets)
        wake_by_own(world.scaling_groups, self._groups)
        wake_by_controlled(world.pod_cliques, "PodCliqueScalingGroup", self._groups)
        wake_by_own(world.pod_cliques, cliques)
        wake_by_controlled(world.pods, "PodClique", cliques)
        wake_by_accounts(world, self._clique_controller.maker, cliques)
        world.pod_clique_sets.listen(self._set_changed)
        world.pod_cliques.listen(self._clique_changed)
        self.controllers = sets, self._groups, cliques

    def _set_changed(self, before: Document | None, after: Document | None) -> None:
        if after is not None:
            for group in self._world.scaling_groups.by("controller", after["metadata"]["uid"]):
                self._groups.queue.add(key_of(group))

    def _clique_changed(self, before: Document | None, after: Document | None) -> None:
        if after is None and before is not None:
            self._clique_controller.forget(before["metadata"]["uid"])
