"""Carrying out a plan: children in parallel (bounded), every answer into the view at once.

What is no longer wanted goes only when everything that is wanted is there: until the new shape of something exists, the
old one serves (W-07, W-61).
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, field

from shared.applying.inventories import Applied, Hold
from shared.applying.plans import Change, Plan, Removal
from shared.contracts.ownership import SEEDS, ownership_digest
from shared.core.errors import AlreadyExistsError, ConflictError, PermanentError
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
    refused: Mapping[Ref, PermanentError] = field(default_factory=dict)  # what trying again does not help


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
        writing = _Writing(self, view, fence, on_answer, {change.ref: asyncio.Event() for change in plan.changes})
        error = await _first_failure(writing.write(change) for change in plan.changes)
        if error is None:
            error = await _first_failure(writing.delete(removal) for removal in plan.removals)
        answers, deleted = writing.answers, writing.deleted
        unchanged = {ref for ref, answer in answers.items() if version_of(answer) == before.get(ref)}
        left = {each.ref: each.applied for each in plan.removals if each.applied and each.ref not in deleted}
        children = {**(plan.kept or {}), **writing.children, **left}
        found = frozenset(unchanged | writing.found)
        return Written(children, answers, frozenset(deleted), error, found, writing.refused)


async def _first_failure(steps: Iterable[Awaitable[None]]) -> Exception | None:
    """Take all steps, whichever fail; return the first error, and raise what is none, such as a cancellation."""
    results = await asyncio.gather(*steps, return_exceptions=True)
    failures = [result for result in results if isinstance(result, BaseException)]
    for failure in failures:
        if not isinstance(failure, Exception):
            raise failure
    return next((failure for failure in failures if isinstance(failure, Exception)), None)


@dataclass(frozen=True, slots=True)
class _Writing:
    """One plan that is being carried out."""

    writer: Writer
    view: View
    fence: Fence
    on_answer: OnAnswer
    ended: Mapping[Ref, asyncio.Event]  # of each change, however it ended
    limit: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(PARALLEL_WRITES))
    answers: dict[Ref, Manifest] = field(default_factory=dict)
    children: dict[Ref, Applied] = field(default_factory=dict)
    found: set[Ref] = field(default_factory=set)  # were there when their seed was to be given
    deleted: set[Ref] = field(default_factory=set)
    refused: dict[Ref, PermanentError] = field(default_factory=dict)

    async def write(self, change: Change) -> None:
        """Write one change, unless what has to be there before could not be written: that one's error is enough."""
        try:
            if change.after is not None and change.after in self.ended:
                await self.ended[change.after].wait()
                if change.after not in self.answers:
                    return
            async with self.limit:
                await self._write(change)
        except PermanentError as error:
            self.refused[change.ref] = error
            raise
        finally:
            self.ended[change.ref].set()

    async def _write(self, change: Change) -> None:
        if change.seed is not None:
            await self._plant(change, change.seed)
        if change.manifest is not None:
            self.fence.check()
            answer = await self.writer.cluster.apply(change.manifest, manager=self.writer.manager)
            self._take(change, answer)

    async def _plant(self, change: Change, seed: Manifest) -> None:
        """Create an object that there is none of; what turns out to exist is somebody's and stays as it is."""
        self.fence.check()
        try:
            planted = await self.writer.cluster.create(seed, manager=SEEDS)
        except AlreadyExistsError:
            if change.manifest is None:
                await self._find(change)
            return
        if change.manifest is None:
            self._take(change, planted)

    async def _find(self, change: Change) -> None:
        """Look at what exists: an answer that was lost made it, or somebody whom the view does not show."""
        found = await self.writer.cluster.get(change.ref)
        if found is None:
            raise ConflictError(f"{change.ref} existed and is gone again")
        self.found.add(change.ref)
        self._take(change, found)

    def _take(self, change: Change, answer: Manifest) -> None:
        self.answers[change.ref] = answer
        self.on_answer(answer)
        self.view.was_written(answer)
        # Of what somebody else made, the view may not show when it goes: then nobody here waits for that either.
        if change.hold is not Hold.PRESENCE or self.view.get(change.ref) is not None:
            self.children[change.ref] = applied_of(answer, change.digest, change.hold)

    async def delete(self, removal: Removal) -> None:
        async with self.limit:
            self.fence.check()
            try:
                await self.writer.cluster.delete(removal.ref, uid=removal.uid)
            except PermanentError as error:
                self.refused[removal.ref] = error
                raise
            self.view.was_deleted(removal.ref, removal.uid)
            self.deleted.add(removal.ref)


def applied_of(answer: Manifest, desired: str, hold: Hold = Hold.WHOLE) -> Applied:
    """Return the inventory's line for an answered write."""
    return Applied(
        uid=uid_of(answer),
        version=version_of(answer),
        generation=generation_of(answer),
        desired=desired,
        ownership=ownership_digest(answer),
        hold=hold,
    )
