"""Volume claims of a graph that need a look at the cluster: those that users make, and those that are to be retained.

Claims of users are in no view, since nothing on them says which graph they are for: they are asked for by name, and
while one is missing, asked for again with growing pauses (design: keys, ownership, passes).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from services.reconciler.desired.claims import VolumeClaims, claim_drift, missing_claim, release, retains_claims
from services.reconciler.desired.problems import Problem
from shared.applying.children import Result
from shared.contracts.ownership import SEEDS
from shared.core.errors import NotFoundError
from shared.core.objects import ref_of
from shared.core.resources import VOLUME_CLAIMS, Ref
from shared.ports.cluster import Cluster
from shared.ports.passes import Entry, View, Work

FIRST_PAUSE, LONGEST_PAUSE = timedelta(seconds=2), timedelta(seconds=30)


def pause(attempt: int) -> timedelta:
    """Return after which time something that no event tells of is asked for again."""
    doublings = min(max(attempt - 1, 0), 4)
    return min(FIRST_PAUSE * (1 << doublings), LONGEST_PAUSE)


@dataclass(frozen=True, slots=True)
class Claims:
    """Look at claims; of those that exist, nothing but an owner reference of ours is ever changed."""

    cluster: Cluster

    async def missing(self, wanted: VolumeClaims, view: View) -> tuple[Problem, ...]:
        """Return a problem for each claim that somebody else has to make and that does not exist."""
        return tuple([missing_claim(ref) for ref in wanted.awaited if not await self._exists(ref, view)])

    async def let_go(self, graph: Entry, work: Work) -> None:
        """Take the graph's owner reference off the claims that are to outlive it (W-58)."""
        if not retains_claims(graph.annotations):
            return
        for claim in work.view.children(graph.uid):
            if claim.ref.resource is VOLUME_CLAIMS and not claim.is_deleting:
                await self._release(claim.ref, graph, work)

    async def _exists(self, ref: Ref, view: View) -> bool:
        return view.get(ref) is not None or await self.cluster.get(ref) is not None

    async def _release(self, ref: Ref, graph: Entry, work: Work) -> None:
        live = await self.cluster.get(ref)
        patch = release(live, graph.ref, graph.uid) if live is not None else []
        if not patch:
            return
        work.fence.check()
        try:
            work.view.was_written(await self.cluster.patch(ref, patch, manager=SEEDS))
        except NotFoundError:
            return  # gone meanwhile: nothing is left to retain


def drifts(wanted: VolumeClaims, result: Result, view: View) -> tuple[str, ...]:
    """Return what to tell of claims that exist and differ from what the graph asks for."""
    answers = result.written.answers if result.written is not None else {}
    told = []
    for seed in wanted.seeds:
        ref = ref_of(seed)
        entry = view.get(ref)
        live = answers.get(ref) or (entry.summary if entry is not None else {})
        told.append(claim_drift(seed, live))
    return tuple(each for each in told if each)
