"""Brings what one PodCliqueSet becomes, and its status, to what its spec asks for.

Thin: what that is, is decided in `sets`. A clique outside of groups takes a new template in place, and its pods follow;
one in a group is replaced by its group.
"""

from collections.abc import Iterable, Sequence

from lab.simulator.client.caches import Cache, Key, key_of
from lab.simulator.client.resources import POD_CLIQUE_SETS, POD_CLIQUES, SCALING_GROUPS, SERVICES, Document, Resource
from lab.simulator.controllers.grove.sets import (
    headless_services,
    lone_cliques,
    replicas_of,
    scaling_groups,
    set_status,
)
from lab.simulator.controllers.grove.vocabulary import TEMPLATE_HASH
from lab.simulator.objects import is_deleting, labels_of
from lab.simulator.work.statuses import StatusWriter
from lab.simulator.world import World


class SetController:
    """Reconciles PodCliqueSets."""

    def __init__(self, world: World, *, settle: float) -> None:
        self._world = world
        self._statuses = StatusWriter(world.api, POD_CLIQUE_SETS, world.pod_clique_sets, settle=settle)

    async def __call__(self, key: Key) -> float | None:
        """Bring one PodCliqueSet to rest."""
        pod_clique_set = self._world.pod_clique_sets.get(key)
        if pod_clique_set is None or is_deleting(pod_clique_set):
            self._statuses.forget(key)
            return None
        world, uid = self._world, pod_clique_set["metadata"]["uid"]
        groups, cliques = list(scaling_groups(pod_clique_set)), list(lone_cliques(pod_clique_set))
        await self._create(SERVICES, world.services, headless_services(pod_clique_set))
        await self._create(POD_CLIQUES, world.pod_cliques, cliques)
        await self._create(SCALING_GROUPS, world.scaling_groups, groups)
        await self._renew(cliques)
        await self._remove(POD_CLIQUES, cliques, world.pod_cliques.by("controller", uid))
        await self._remove(SCALING_GROUPS, groups, world.scaling_groups.by("controller", uid))
        status = set_status(
            pod_clique_set, world.pod_cliques.by("controller", uid), world.scaling_groups.by("controller", uid)
        )
        is_final = status["availableReplicas"] == status["updatedReplicas"] == replicas_of(pod_clique_set)
        return await self._statuses.write(key, pod_clique_set, status, is_final=is_final)

    async def _create(self, resource: Resource, cache: Cache, wanted: Iterable[Document]) -> None:
        for document in wanted:
            if cache.get(key_of(document)) is None:
                cache.observe(await self._world.api.create(resource, document))

    async def _renew(self, wanted: Sequence[Document]) -> None:
        for clique in wanted:
            present = self._world.pod_cliques.get(key_of(clique))
            if present is None or is_deleting(present):
                continue
            is_same = labels_of(present).get(TEMPLATE_HASH) == labels_of(clique)[TEMPLATE_HASH]
            if not is_same or present["spec"].get("startsAfter") != clique["spec"].get("startsAfter"):
                replicas = {"replicas": present["spec"]["replicas"]}  # scaled through the clique itself
                metadata = {**present["metadata"], **clique["metadata"]}
                renewed = {**present, "metadata": metadata, "spec": {**clique["spec"], **replicas}}
                self._world.pod_cliques.observe(await self._world.api.replace(POD_CLIQUES, renewed))

    async def _remove(self, resource: Resource, wanted: Sequence[Document], present: Sequence[Document]) -> None:
        names = {key_of(document) for document in wanted}
        for document in present:
            if key_of(document) not in names and not is_deleting(document):
                await self._world.api.delete(resource, document)
