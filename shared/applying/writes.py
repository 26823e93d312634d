"""Carrying out a plan: children in parallel (bounded), every answer into the view at once."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field

from shared.applying.inventories import Applied
from shared.applying.plans import Change, Plan, Removal
from shared.contracts.ownership import ownership_digest
from shared.core.json import Manifest
from shared.core.objects import generation_of, uid_of, version_of
from shared.core.resources import Ref
from shared.ports.cluster import Cluster
from shared.ports.passes import Fence, View

PARALLEL_WRITES = 8

OnAnswer = Callable[[Manifest], None]


@dataclass(frozen=True, slots=True)
class Written:
    """What became of one plan: what is applied now, and the first error if some writes failed."""

    children: dict[Ref, Applied]
    answers: dict[Ref, Manifest]
    deleted: frozenset[Ref] = frozenset()
    error: Exception | None = None
    unchanged: frozenset[Ref] = frozenset()  # applied, and found to be so already


def pass_over(answer: Manifest) -> None:
    """Need no answers."""


@dataclass(frozen=True, slots=True)
class Writer:
    """Write the children of primaries as one field manager."""

    cluster: Cluster
    manager: str

    async def carry_out(self, plan: Plan, view: View, fence: Fence, *, on_answer: OnAnswer = pass_over) -> Written:
        """Apply and delete what the plan says; `on_answer` gets each applied object before the view does.

        One failing write does not keep the others from being tried: what was answered is returned (and belongs in the
        inventory) together with the first error.
        """
        before = {change.ref: entry.version for change in plan.changes if (entry := view.get(change.ref)) is not None}
        writing = _Writing(self, view, fence, on_answer)
        steps = [writing.apply(change) for change in plan.changes]
        steps += [writing.delete(removal) for removal in plan.removals]
        results = await asyncio.gather(*steps, return_exceptions=True)
        failures = [result for result in results if isinstance(result, BaseException)]
        for failure in failures:
            if not isinstance(failure, Exception):
                raise failure
        answers, deleted = writing.answers, writing.deleted
        children = dict(plan.kept or {})
        digests = {change.ref: change.digest for change in plan.changes}
        children.update({ref: applied_of(answer, digests[ref]) for ref, answer in answers.items()})
        unchanged = frozenset(ref for ref, answer in answers.items() if version_of(answer) == before.get(ref))
        left = {each.ref: each.applied for each in plan.removals if each.applied and each.ref not in deleted}
        error = next((failure for failure in failures if isinstance(failure, Exception)), None)
        return Written(children | left, answers, frozenset(deleted), error, unchanged)


@dataclass(frozen=True, slots=True)
class _Writing:
    """One plan that is being carried out."""

    writer: Writer
    view: View
    fence: Fence
    on_answer: OnAnswer
    limit: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(PARALLEL_WRITES))
    answers: dict[Ref, Manifest] = field(default_factory=dict)
    deleted: set[Ref] = field(default_factory=set)

    async def apply(self, change: Change) -> None:
        async with self.limit:
            self.fence.check()
            answer = await self.writer.cluster.apply(change.manifest, manager=self.writer.manager)
            self.answers[change.ref] = answer
            self.on_answer(answer)
            self.view.was_written(answer)

    async def delete(self, removal: Removal) -> None:
        async with self.limit:
            self.fence.check()
            await self.writer.cluster.delete(removal.ref, uid=removal.uid)
            self.view.was_deleted(removal.ref, removal.uid)
            self.deleted.add(removal.ref)


def applied_of(answer: Manifest, desired: str) -> Applied:
    """Return the inventory's line for an answered write."""
    return Applied(
        uid=uid_of(answer),
        version=version_of(answer),
        generation=generation_of(answer),
        desired=desired,
        ownership=ownership_digest(answer),
    )
