"""Brings the pods, the Services and the status of one LeaderWorkerSet to what its spec asks for.

Thin: groups are decided in `leader_worker_sets`, words in `leader_worker_set_status`.
"""

from functools import partial

from lab.simulator.client.caches import Key, key_of
from lab.simulator.client.resources import LEADER_WORKER_SETS, SERVICES, Document
from lab.simulator.controllers.leader_worker_set_status import leader_worker_set_status
from lab.simulator.controllers.leader_worker_sets import groups, member, services, step
from lab.simulator.controllers.pod_making import AccountMissingError, PodMaker
from lab.simulator.objects import TRUE, condition, is_deleting
from lab.simulator.work.statuses import StatusWriter
from lab.simulator.world import World, now


class LeaderWorkerSetController:
    """Reconciles LeaderWorkerSets."""

    def __init__(self, world: World, *, settle: float) -> None:
        self._world = world
        self.maker = PodMaker(world, "leaderworkerset")
        self._statuses = StatusWriter(world.api, LEADER_WORKER_SETS, world.leader_worker_sets, settle=settle)

    async def __call__(self, key: Key) -> float | None:
        """Bring one LeaderWorkerSet to rest."""
        leader_worker_set = self._world.leader_worker_sets.get(key)
        if leader_worker_set is None or is_deleting(leader_worker_set):
            self._statuses.forget(key)
            return None
        for service in services(leader_worker_set):
            if self._world.services.get(key_of(service)) is None:
                self._world.services.observe(await self._world.api.create(SERVICES, service))
        plan = step(leader_worker_set, self._pods(leader_worker_set))
        await self.maker.remove(plan.surplus)
        failure = await self.maker.make(
            leader_worker_set, [partial(member, leader_worker_set, *place) for place in plan.missing]
        )
        found = groups(leader_worker_set, self._pods(leader_worker_set))
        status = leader_worker_set_status(leader_worker_set, found, now())
        is_final = (condition({"status": status}, "Available") or {}).get("status") == TRUE
        again = await self._statuses.write(key, leader_worker_set, status, is_final=is_final)
        if failure is not None and not isinstance(failure, AccountMissingError):
            raise failure
        return again

    def _pods(self, leader_worker_set: Document) -> list[Document]:
        return self._world.pods.by("controller", leader_worker_set["metadata"]["uid"])
