"""Brings the status of one Volcano PodGroup to what its pods are doing; the scheduler reads its `minMember`.

Thin: what it says is decided in `pod_groups`. Upstream's resource has no status subresource, so the object is written.
"""

from lab.simulator.client.caches import Key
from lab.simulator.client.resources import POD_GROUPS
from lab.simulator.controllers.pod_groups import pod_group_status
from lab.simulator.nodes.gangs import VOLCANO, Gang
from lab.simulator.objects import is_deleting
from lab.simulator.work.statuses import StatusWriter
from lab.simulator.world import World


class PodGroupController:
    """Reconciles PodGroups."""

    def __init__(self, world: World, *, settle: float) -> None:
        self._world = world
        self._statuses = StatusWriter(world.api, POD_GROUPS, world.pod_groups, settle=settle, subresource=None)

    async def __call__(self, key: Key) -> float | None:
        """Bring the status of one PodGroup to rest."""
        pod_group = self._world.pod_groups.get(key)
        if pod_group is None or is_deleting(pod_group):
            self._statuses.forget(key)
            return None
        pods = self._world.pods.by("gang", Gang(VOLCANO, *key).key)
        status = pod_group_status(pod_group, pods)
        return await self._statuses.write(key, pod_group, status, is_final=status["phase"] == "Running")
