"""Brings the pods and the status of one PodClique to what its spec asks for.

Thin: which pods come and go is decided in `cliques`. Pods get seeded names, as those of ReplicaSets do.
"""

from functools import partial

from lab.simulator.chances import suffix
from lab.simulator.client.caches import Key
from lab.simulator.client.resources import POD_CLIQUES, Document
from lab.simulator.controllers.grove.clique_status import clique_status
from lab.simulator.controllers.grove.cliques import Surroundings, clique_pod, pod_plan
from lab.simulator.controllers.grove.vocabulary import PART_OF, group_of, min_available, template_of
from lab.simulator.controllers.pod_making import AccountMissingError, PodMaker
from lab.simulator.nodes.gangs import SCALING_GROUP
from lab.simulator.objects import is_deleting, labels_of
from lab.simulator.work.statuses import StatusWriter
from lab.simulator.world import World, now

PREDECESSOR_PAUSE = 0.05


class CliqueController:
    """Reconciles PodCliques."""

    def __init__(self, world: World, *, seed: int, settle: float) -> None:
        self._world = world
        self._seed = seed
        self._made: dict[str, int] = {}  # per PodClique uid, how many names were tried
        self.maker = PodMaker(world, "podclique")
        self._statuses = StatusWriter(world.api, POD_CLIQUES, world.pod_cliques, settle=settle)

    async def __call__(self, key: Key) -> float | None:
        """Bring one PodClique to rest."""
        clique = self._world.pod_cliques.get(key)
        if clique is None or is_deleting(clique):
            self._statuses.forget(key)
            return None
        surroundings = self._surroundings(clique)
        if surroundings is None:
            return PREDECESSOR_PAUSE
        plan = pod_plan(clique, self._pods(clique))
        await self.maker.remove(plan.surplus)
        failure = await self.maker.make(
            clique, [partial(self._next_pod, clique, surroundings, index) for index in plan.missing]
        )
        status = clique_status(clique, self._pods(clique), now())
        is_final = status["readyReplicas"] == status["replicas"] == clique["spec"]["replicas"]
        again = await self._statuses.write(key, clique, status, is_final=is_final)
        if failure is not None and not isinstance(failure, AccountMissingError):
            raise failure
        return again

    def forget(self, uid: str) -> None:
        """Say that a PodClique is gone."""
        self._made.pop(uid, None)

    def _pods(self, clique: Document) -> list[Document]:
        return self._world.pods.by("controller", clique["metadata"]["uid"])

    def _surroundings(self, clique: Document) -> Surroundings | None:
        """Return what the pods are told, or nothing while a clique that starts before this one is not there yet."""
        namespace, awaited = clique["metadata"]["namespace"], {}
        for name in clique["spec"].get("startsAfter") or ():
            before = self._world.pod_cliques.get((namespace, name))
            if before is None:
                return None
            awaited[name] = min_available(before["spec"])
        return Surroundings(self._group_pods(clique), awaited)

    def _group_pods(self, clique: Document) -> int | None:
        owner = self._world.pod_clique_sets.get((clique["metadata"]["namespace"], labels_of(clique)[PART_OF]))
        if owner is None or SCALING_GROUP not in labels_of(clique):
            return None
        own = labels_of(clique)[SCALING_GROUP]
        return sum(
            int(template["spec"]["replicas"])
            for template in template_of(owner)["cliques"]
            if (group := group_of(owner, template["name"])) is not None and own.endswith(f"-{group}")
        )

    def _next_pod(self, clique: Document, surroundings: Surroundings, index: int) -> Document:
        metadata = clique["metadata"]
        tried = self._made.get(metadata["uid"], 0)
        self._made[metadata["uid"]] = tried + 1
        ending = suffix(self._seed, metadata["namespace"], metadata["name"], tried)
        return clique_pod(clique, surroundings, index=index, suffix=ending)
