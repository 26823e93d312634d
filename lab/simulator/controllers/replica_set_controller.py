"""Brings the pods and the status of one ReplicaSet to what its spec asks for.

Thin: how many pods, which go first and what the status says is decided in `replicas`. Pods get seeded names, so that
the same seed gives the same cluster.
"""

import asyncio

from lab.simulator.chances import suffix
from lab.simulator.client.caches import Key
from lab.simulator.client.errors import ApiError, RequestError
from lab.simulator.client.resources import PODS, REPLICA_SETS, Document
from lab.simulator.controllers.replicas import (
    COUNTS,
    DEFAULT_ACCOUNT,
    PodPlan,
    account_of,
    pod,
    pod_plan,
    refusal,
    replica_status,
)
from lab.simulator.objects import differs, is_deleting
from lab.simulator.work.events import Recorder
from lab.simulator.work.settling import Settling
from lab.simulator.world import World, now

FIRST_BATCH = 4


class AccountMissingError(RequestError):
    """The account that the pods run under does not exist."""


class ReplicaSetController:
    """Reconciles ReplicaSets."""

    def __init__(self, world: World, *, seed: int, settle: float) -> None:
        self._world = world
        self._seed = seed
        self._made: dict[str, int] = {}  # per ReplicaSet uid, how many names were tried
        self._settling = Settling(settle)
        self._recorder = Recorder(world.api, "replicaset-controller")

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
        for surplus in plan.surplus:
            await self._world.api.delete(PODS, surplus)
        missing, batch = plan.missing, FIRST_BATCH
        while missing > 0:
            size = min(missing, batch)
            failure = self._refusal(replica_set) or await self._create(replica_set, size)
            if failure is not None:
                await self._recorder.warn(replica_set, "FailedCreate", f"Error creating: {failure}")
                return failure
            missing, batch = missing - size, batch * 2
        return None

    def _refusal(self, replica_set: Document) -> RequestError | None:
        # The lab's API server has no account admission, and asking a genuine one would only cost a request.
        account = account_of(replica_set)
        key = replica_set["metadata"]["namespace"], account
        if account == DEFAULT_ACCOUNT or self._world.service_accounts.get(key) is not None:
            return None
        return AccountMissingError(refusal(replica_set))

    async def _create(self, replica_set: Document, number: int) -> RequestError | None:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(self._create_one(replica_set)) for _ in range(number)]
        return next((failure for task in tasks if (failure := task.result()) is not None), None)

    async def _create_one(self, replica_set: Document) -> RequestError | None:
        metadata = replica_set["metadata"]
        while True:
            tried = self._made.get(metadata["uid"], 0)
            self._made[metadata["uid"]] = tried + 1
            ending = suffix(self._seed, metadata["namespace"], metadata["name"], tried)
            try:
                self._world.pods.observe(await self._world.api.create(PODS, pod(replica_set, suffix=ending)))
            except RequestError as error:
                if isinstance(error, ApiError) and error.reason == "AlreadyExists":
                    continue
                return error  # not raised: the other pods of the batch go on
            return None

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
