"""Carrying out a plan: children in parallel (bounded), every answer into the view at once."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from shared.applying.inventories import Applied
from shared.applying.plans import Change, Plan, Removal
from shared.contracts.ownership import ownership_digest
from shared.core.json import Manifest
from shared.core.objects import generation_of, uid_of, version_of
from shared.core.resources import Ref
from shared.ports.cluster import Cluster
from shared.ports.passes import Fence, View

PARALLEL_WRITES = 8


@dataclass(frozen=True, slots=True)
class Written:
    """What became of one plan: what is applied now, and the first error if some writes failed."""

    children: dict[Ref, Applied]
    answers: dict[Ref, Manifest]
    deleted: frozenset[Ref] = frozenset()
    error: Exception | None = None
    unchanged: frozenset[Ref] = frozenset()  # applied, and found to be so already


@dataclass(frozen=True, slots=True)
class Writer:
    """Write the children of primaries as one field manager."""

    cluster: Cluster
    manager: str

    async def carry_out(self, plan: Plan, view: View, fence: Fence) -> Written:
        """Apply and delete what the plan says.

        One failing write does not keep the others from being tried: what was answered is returned (and belongs in the
        inventory) together with the first error.
        """
        limit = asyncio.Semaphore(PARALLEL_WRITES)
        before = {change.ref: entry.version for change in plan.changes if (entry := view.get(change.ref)) is not None}
        answers: dict[Ref, Manifest] = {}
        deleted: set[Ref] = set()
        steps = [self._apply(change, view, fence, limit, answers) for change in plan.changes]
        steps += [self._delete(removal, view, fence, limit, deleted) for removal in plan.removals]
        results = await asyncio.gather(*steps, return_exceptions=True)
        failures = [result for result in results if isinstance(result, BaseException)]
        for failure in failures:
            if not isinstance(failure, Exception):
                raise failure
        children = dict(plan.kept or {})
        digests = {change.ref: change.digest for change in plan.changes}
        children.update({ref: applied_of(answer, digests[ref]) for ref, answer in answers.items()})
        unchanged = frozenset(ref for ref, answer in answers.items() if version_of(answer) == before.get(ref))
        left = {each.ref: each.applied for each in plan.removals if each.applied and each.ref not in deleted}
        error = next((failure for failure in failures if isinstance(failure, Exception)), None)
        return Written(children | left, answers, frozenset(deleted), error, unchanged)

    async def _apply(
        self, change: Change, view: View, fence: Fence, limit: asyncio.Semaphore, answers: dict[Ref, Manifest]
    ) -> None:
        async with limit:
            fence.check()
            answer = await self.cluster.apply(change.manifest, manager=self.manager)
            view.was_written(answer)
            answers[change.ref] = answer

    async def _delete(
        self, removal: Removal, view: View, fence: Fence, limit: asyncio.Semaphore, deleted: set[Ref]
    ) -> None:
        async with limit:
            fence.check()
            await self.cluster.delete(removal.ref, uid=removal.uid)
            view.was_deleted(removal.ref, removal.uid)
            deleted.add(removal.ref)


def applied_of(answer: Manifest, desired: str) -> Applied:
    """Return the inventory's line for an answered write."""
    return Applied(
        uid=uid_of(answer),
        version=version_of(answer),
        generation=generation_of(answer),
        desired=desired,
        ownership=ownership_digest(answer),
    )
