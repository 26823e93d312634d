"""Brings the pods and the status of one ReplicaSet to what its spec asks for.

Thin: how many pods, which go first and what the status says is decided in `replicas`. Pods get seeded names, so that
the same seed gives the same cluster.
"""

from lab.simulator.chances import suffix
from lab.simulator.client.caches import Key
from lab.simulator.client.errors import RequestError
from lab.simulator.client.resources import REPLICA_SETS, Document
from lab.simulator.controllers.pod_making import AccountMissingError, PodMaker
from lab.simulator.controllers.replicas import COUNTS, PodPlan, pod, pod_plan, replica_status
from lab.simulator.objects import differs, is_deleting
from lab.simulator.work.settling import Settling
from lab.simulator.world import World, now


class ReplicaSetController:
    """Reconciles ReplicaSets."""

    def __init__(self, world: World, *, seed: int, settle: float) -> None:
        self._world = world
        self._seed = seed
        self._made: dict[str, int] = {}  # per ReplicaSet uid, how many names were tried
        self._settling = Settling(settle)
        self.maker = PodMaker(world, "replicaset-controller")

    async def __call__(self, key: Key) -> float | None:
        """Bring one ReplicaSet to rest."""
        replica_set = self._world.replica_sets.get(key)
        if replica_set is None:
            self._settling.forget(key)
            return None
        failure: RequestError | None = None
        if not is_deleting(replica_set):
            failure = await self._carry_out(replica_set, pod_plan(replica_set, self._pods(replica_set)))
        again = await self._write_status(key, replica_set, failure)
        if failure is not None and not isinstance(failure, AccountMissingError):
            raise failure  # tried again with a growing pause; an account that appears brings the key back by itself
        return again

    def forget(self, uid: str) -> None:
        """Say that a ReplicaSet is gone."""
        self._made.pop(uid, None)

    def _pods(self, replica_set: Document) -> list[Document]:
        return self._world.pods.by("controller", replica_set["metadata"]["uid"])

    async def _carry_out(self, replica_set: Document, plan: PodPlan) -> RequestError | None:
        await self.maker.remove(plan.surplus)
        return await self.maker.make(replica_set, [lambda: self._next_pod(replica_set)] * plan.missing)

    def _next_pod(self, replica_set: Document) -> Document:
        metadata = replica_set["metadata"]
        tried = self._made.get(metadata["uid"], 0)
        self._made[metadata["uid"]] = tried + 1
        return pod(replica_set, suffix=suffix(self._seed, metadata["namespace"], metadata["name"], tried))

    async def _write_status(self, key: Key, replica_set: Document, failure: RequestError | None) -> float | None:
        why = None if failure is None else ("FailedCreate", str(failure))
        status = replica_status(replica_set, self._pods(replica_set), failure=why, now=now())
        present = replica_set.get("status") or {}
        if not differs(status.document, present, (*COUNTS, "observedGeneration", "conditions")):
            self._settling.forget(key)
            return status.next_available
        remaining = self._settling.remaining(key)
        if failure is None and remaining > 0 and not _is_final(status.document):
            return remaining
        self._settling.forget(key)
        patch: Document = {"status": status.document}
        answer = await self._world.api.patch(REPLICA_SETS, replica_set, patch, subresource="status")
        self._world.replica_sets.observe(answer)
        return status.next_available


def _is_final(status: Document) -> bool:
    return bool(status["replicas"] == (status["availableReplicas"] or 0))
