"""Brings the ReplicaSets and the status of one Deployment to what its spec asks for.

Thin: what to create, scale and say is decided in `rollouts`, `templates` and `deployment_status`.
"""

from collections.abc import Sequence

from lab.simulator.client.caches import Key
from lab.simulator.client.errors import ApiError
from lab.simulator.client.resources import DEPLOYMENTS, REPLICA_SETS, Document
from lab.simulator.controllers.deployment_status import (
    COUNTS,
    NEW_IS_AVAILABLE,
    ReplicaSets,
    deployment_status,
    seconds_to_deadline,
)
from lab.simulator.controllers.replicas import FAILURE
from lab.simulator.controllers.rollouts import (
    DESIRED_REPLICAS,
    MAX_REPLICAS,
    REVISION,
    Rollout,
    first_replicas,
    may_create,
    replica_set_state,
    revision,
    rollout,
    scales,
)
from lab.simulator.controllers.templates import find_new, next_revision, replica_set, replica_set_annotations
from lab.simulator.objects import annotations_of, condition, differs, is_deleting
from lab.simulator.work.settling import Settling
from lab.simulator.world import World, now

COLLISION_PAUSE = 0.05


class DeploymentController:
    """Reconciles Deployments."""

    def __init__(self, world: World, *, settle: float) -> None:
        self._world = world
        self._settling = Settling(settle)
        self._status_carries_annotations = True  # as genuine servers do; learnt from the first answer

    async def __call__(self, key: Key) -> float | None:
        """Bring one Deployment to rest."""
        deployment = self._world.deployments.get(key)
        if deployment is None or is_deleting(deployment):
            self._settling.forget(key)
            return None
        plan = rollout(deployment)
        owned = [found for found in self._owned(deployment) if not is_deleting(found)]
        new = find_new(deployment, owned)
        old = [found for found in owned if found is not new]
        if new is None and may_create(plan, [replica_set_state(found) for found in old]):
            new = await self._create(deployment, plan, old)
            if new is None:
                return COLLISION_PAUSE
        new, old = await self._scale(deployment, plan, new=new, old=old)
        again = await self._write_status(key, deployment, plan, new=new, old=old)
        await self._drop_history(deployment, old)
        return again

    def _owned(self, deployment: Document) -> list[Document]:
        return self._world.replica_sets.by("controller", deployment["metadata"]["uid"])

    async def _create(self, deployment: Document, plan: Rollout, old: Sequence[Document]) -> Document | None:
        replicas = first_replicas(plan, [replica_set_state(found) for found in old])
        document = replica_set(deployment, plan, replicas=replicas, revision_number=next_revision(old))
        try:
            created = await self._world.api.create(REPLICA_SETS, document)
        except ApiError as error:
            if error.reason != "AlreadyExists":
                raise
            return await self._resolve_collision(deployment, document)
        self._world.replica_sets.observe(created)
        return created

    async def _resolve_collision(self, deployment: Document, document: Document) -> Document | None:
        metadata = document["metadata"]
        present = await self._world.api.get(REPLICA_SETS, metadata["namespace"], metadata["name"])
        self._world.replica_sets.observe(present)
        if find_new(deployment, self._owned(deployment)) is not None:
            return present  # our own, seen late
        collisions = (deployment.get("status") or {}).get("collisionCount") or 0
        patch = {"status": {"collisionCount": collisions + 1}}
        answer = await self._world.api.patch(DEPLOYMENTS, deployment, patch, subresource="status")
        self._world.deployments.observe(answer)
        return None

    async def _scale(
        self, deployment: Document, plan: Rollout, *, new: Document | None, old: list[Document]
    ) -> tuple[Document | None, list[Document]]:
        new_state = replica_set_state(new) if new is not None else None
        wanted = scales(plan, new_state, [replica_set_state(found) for found in old])
        scaled = [
            await self._patch(found, plan, replicas=wanted.get(found["metadata"]["name"]), annotations={})
            for found in old
        ]
        if new is not None:
            annotations = replica_set_annotations(deployment, plan, _new_revision(new, old))
            new = await self._patch(
                new, plan, replicas=wanted.get(new["metadata"]["name"]), annotations=dict(annotations)
            )
        return new, scaled

    async def _patch(
        self, found: Document, plan: Rollout, *, replicas: int | None, annotations: dict[str, str]
    ) -> Document:
        if replicas is not None:
            sizes = {DESIRED_REPLICAS: str(plan.replicas), MAX_REPLICAS: str(plan.replicas + plan.surge)}
            annotations = {**annotations, **sizes}
        if replicas is None and annotations.items() <= annotations_of(found).items():
            return found
        patch: Document = {"metadata": {"annotations": annotations}}
        if replicas is not None:
            patch["spec"] = {"replicas": replicas}
        answer = await self._world.api.patch(REPLICA_SETS, found, patch)
        self._world.replica_sets.observe(answer)
        return answer

    async def _write_status(
        self, key: Key, deployment: Document, plan: Rollout, *, new: Document | None, old: Sequence[Document]
    ) -> float | None:
        new_revision = revision(new) if new is not None else revision(deployment)
        sets = ReplicaSets(
            new=replica_set_state(new) if new is not None else None,
            old=[replica_set_state(found) for found in old],
            failure=_failure([*([new] if new is not None else []), *old]),
            is_new_created=new is not None and new_revision != revision(deployment),
        )
        status = deployment_status(deployment, plan, sets=sets, now=now())
        is_recorded = new_revision == revision(deployment)
        present = deployment.get("status") or {}
        if is_recorded and not differs(status, present, (*COUNTS, "observedGeneration", "conditions")):
            self._settling.forget(key)
            return seconds_to_deadline(deployment, now())
        remaining = self._settling.remaining(key)
        if remaining > 0 and not _is_final(status):
            return remaining
        self._settling.forget(key)
        await self._send_status(deployment, status, new_revision=new_revision)
        return None  # the answer is a change and brings the key back

    async def _send_status(self, deployment: Document, status: Document, *, new_revision: int) -> None:
        patch: Document = {"status": status}
        if new_revision != revision(deployment):
            annotated: Document = {"metadata": {"annotations": {REVISION: str(new_revision)}}}
            if self._status_carries_annotations:
                patch |= annotated
            else:
                await self._world.api.patch(DEPLOYMENTS, deployment, annotated)
        answer = await self._world.api.patch(DEPLOYMENTS, deployment, patch, subresource="status")
        self._world.deployments.observe(answer)
        if revision(answer) != new_revision:
            self._status_carries_annotations = False  # the answer is a change: the next pass records the revision

    async def _drop_history(self, deployment: Document, old: Sequence[Document]) -> None:
        limit = deployment["spec"].get("revisionHistoryLimit", 10)
        idle = [found for found in old if not found["spec"].get("replicas") and not _observed(found)]
        for found in sorted(idle, key=revision)[: max(0, len(idle) - limit)]:
            await self._world.api.delete(REPLICA_SETS, found)


def _new_revision(new: Document, old: Sequence[Document]) -> int:
    return max(revision(new), next_revision(old) if old else 1)


def _observed(document: Document) -> int:
    return int((document.get("status") or {}).get("replicas") or 0)


def _failure(documents: Sequence[Document]) -> Document | None:
    return next((found for document in documents if (found := condition(document, FAILURE)) is not None), None)


def _is_final(status: Document) -> bool:
    return any(found["reason"] == NEW_IS_AVAILABLE for found in status["conditions"])
