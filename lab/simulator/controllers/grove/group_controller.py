"""Brings the PodCliques and the status of one scaling group to what its spec and its set ask for.

Thin: which cliques there are and which are replaced is decided in `scaling_groups`.
"""

from lab.simulator.client.caches import Key, key_of
from lab.simulator.client.resources import POD_CLIQUES, SCALING_GROUPS
from lab.simulator.controllers.grove.scaling_groups import group_cliques, group_status, surplus
from lab.simulator.controllers.grove.vocabulary import PART_OF
from lab.simulator.objects import is_deleting, labels_of
from lab.simulator.work.statuses import StatusWriter
from lab.simulator.world import World, now


class GroupController:
    """Reconciles PodCliqueScalingGroups."""

    def __init__(self, world: World, *, settle: float) -> None:
        self._world = world
        self._statuses = StatusWriter(world.api, SCALING_GROUPS, world.scaling_groups, settle=settle)

    async def __call__(self, key: Key) -> float | None:
        """Bring one scaling group to rest."""
        world, group = self._world, self._world.scaling_groups.get(key)
        owner = world.pod_clique_sets.get((key[0], labels_of(group).get(PART_OF, ""))) if group is not None else None
        if group is None or owner is None or is_deleting(group) or is_deleting(owner):
            self._statuses.forget(key)
            return None
        wanted, uid = list(group_cliques(group, owner)), group["metadata"]["uid"]
        for clique in surplus(group, wanted, world.pod_cliques.by("controller", uid)):
            await world.api.delete(POD_CLIQUES, clique)
        for clique in wanted:
            if world.pod_cliques.get(key_of(clique)) is None:
                world.pod_cliques.observe(await world.api.create(POD_CLIQUES, clique))
        status = group_status(group, wanted, world.pod_cliques.by("controller", uid), now())
        is_final = status["availableReplicas"] == status["updatedReplicas"] == group["spec"]["replicas"]
        return await self._statuses.write(key, group, status, is_final=is_final)
