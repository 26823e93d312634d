"""Brings the pods, the claims and the status of one StatefulSet to what its spec asks for.

Thin: which pods come and go is decided in `stateful_sets`. Claims are made before the pod that mounts them.
"""

from functools import partial

from lab.simulator.client.caches import Key, key_of
from lab.simulator.client.resources import CLAIMS, STATEFUL_SETS, Document
from lab.simulator.controllers.pod_making import AccountMissingError, PodMaker
from lab.simulator.controllers.stateful_sets import claims_of, members, stateful_pod, stateful_set_status
from lab.simulator.objects import is_deleting
from lab.simulator.work.statuses import StatusWriter
from lab.simulator.world import World


class StatefulSetController:
    """Reconciles StatefulSets."""

    def __init__(self, world: World, *, settle: float) -> None:
        self._world = world
        self.maker = PodMaker(world, "statefulset-controller")
        self._statuses = StatusWriter(world.api, STATEFUL_SETS, world.stateful_sets, settle=settle)

    async def __call__(self, key: Key) -> float | None:
        """Bring one StatefulSet to rest."""
        stateful_set = self._world.stateful_sets.get(key)
        if stateful_set is None or is_deleting(stateful_set):
            self._statuses.forget(key)
            return None
        plan = members(stateful_set, self._pods(stateful_set))
        await self.maker.remove(plan.surplus)
        for number in plan.missing:
            await self._make_claims(claims_of(stateful_set, number))
        failure = await self.maker.make(
            stateful_set, [partial(stateful_pod, stateful_set, number) for number in plan.missing]
        )
        status = stateful_set_status(stateful_set, self._pods(stateful_set))
        is_final = status["availableReplicas"] == status["replicas"] == stateful_set["spec"].get("replicas", 1)
        again = await self._statuses.write(key, stateful_set, status, is_final=is_final)
        if failure is not None and not isinstance(failure, AccountMissingError):
            raise failure
        return again

    def _pods(self, stateful_set: Document) -> list[Document]:
        return self._world.pods.by("controller", stateful_set["metadata"]["uid"])

    async def _make_claims(self, claims: list[Document]) -> None:
        for claim in claims:
            if self._world.claims.get(key_of(claim)) is None:
                self._world.claims.observe(await self._world.api.create(CLAIMS, claim))
