"""Makes pods in the name of a workload, in growing batches, as far as admission lets it.

Separate from the controllers, which decide which pods there should be. Invariant: the first refusal ends the attempt,
is told once in an Event, and leaves the pods that were made.
"""

import asyncio
from collections.abc import Callable, Sequence

from lab.simulator.client.caches import Key, key_of
from lab.simulator.client.errors import ApiError, RequestError
from lab.simulator.client.resources import PODS, Document
from lab.simulator.controllers.replicas import DEFAULT_ACCOUNT, account_of, refusal
from lab.simulator.work.events import Recorder
from lab.simulator.world import World

FIRST_BATCH = 4

MakePod = Callable[[], Document]


class AccountMissingError(RequestError):
    """The account that the pods run under does not exist; one that appears brings the workload back by itself."""


class PodMaker:
    """Makes the pods of one kind of workload."""

    def __init__(self, world: World, component: str) -> None:
        self._world = world
        self._recorder = Recorder(world.api, component)
        self._held: dict[Key, set[Key]] = {}  # by account that is missing, the workloads that wait for it

    def released_by(self, account: Document) -> set[Key]:
        """Return the workloads that waited for an account which is there now."""
        return self._held.pop(key_of(account), set())

    async def make(self, owner: Document, pods: Sequence[MakePod]) -> RequestError | None:
        """Create the pods, each as its maker says; return what stopped it."""
        batch = FIRST_BATCH
        while pods:
            failure = await self._make_batch(owner, pods[:batch])
            if failure is not None:
                await self._recorder.warn(owner, "FailedCreate", f"Error creating: {failure}")
                return failure
            pods, batch = pods[batch:], batch * 2
        return None

    async def remove(self, pods: Sequence[Document]) -> None:
        """Delete pods."""
        for pod in pods:
            await self._world.api.delete(PODS, pod)

    async def _make_batch(self, owner: Document, pods: Sequence[MakePod]) -> RequestError | None:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(self._make_one(owner, pod)) for pod in pods]
        return next((failure for task in tasks if (failure := task.result()) is not None), None)

    async def _make_one(self, owner: Document, make: MakePod) -> RequestError | None:
        pod = make()
        account = account_of(pod["spec"])
        if not self._is_there(pod["metadata"]["namespace"], account):
            self._held.setdefault((pod["metadata"]["namespace"], account), set()).add(key_of(owner))
            return AccountMissingError(refusal(owner, account))
        while True:
            try:
                self._world.pods.observe(await self._world.api.create(PODS, pod))
            except RequestError as error:
                again = make() if isinstance(error, ApiError) and error.reason == "AlreadyExists" else pod
                if again["metadata"]["name"] != pod["metadata"]["name"]:
                    pod = again
                    continue
                return error  # not raised: the other pods of the batch go on
            return None

    def _is_there(self, namespace: str, account: str) -> bool:
        # The lab's API server has no account admission, and asking a genuine one would only cost a request.
        return account == DEFAULT_ACCOUNT or self._world.service_accounts.get((namespace, account)) is not None
