"""What of a component's workloads has to wait for others when one shape replaces another.

A Deployment and LeaderWorkerSets replace each other when a component begins or ceases to span several nodes (W-61): the
old ones serve until the new ones do, or until it shows that the new ones find no room beside them. The number of nodes
of a LeaderWorkerSet cannot be changed (W-31): sets are deleted and made anew one after the other, each when those
before it are ready, so that of several replicas all but one serve. Pure; repeated with what is observed next, it
always ends with nothing to wait for, or at an instance that does not become ready.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from services.reconciler.status.workloads import Workload, is_ready
from shared.core.json import Manifest, integer
from shared.core.objects import ref_of
from shared.core.resources import DEPLOYMENTS, LEADER_WORKER_SETS, POD_GROUPS, Ref

WORKLOADS = (DEPLOYMENTS, LEADER_WORKER_SETS)


@dataclass(frozen=True, slots=True)
class Transition:
    """What is left as it is for now, and what goes so that it can be made anew."""

    held: frozenset[Ref] = frozenset()
    renewed: frozenset[Ref] = frozenset()


def transition(wanted: Sequence[Manifest], observed: Mapping[Ref, Workload], *, finds_no_room: bool) -> Transition:
    """Return what waits in this pass.

    `observed` are the component's own workloads, in deletion ones left out; `finds_no_room` tells whether pods of the
    wanted ones fit on no node.
    """
    sizes = {
        ref_of(each): integer(each, "spec", "leaderWorkerTemplate", "size")
        for each in wanted
        if each["kind"] in (resource.kind for resource in WORKLOADS)
    }
    former = frozenset() if finds_no_room else _former_shape(sizes, observed)
    outdated = [ref for ref, size in sizes.items() if ref in observed and observed[ref].size not in (0, size)]
    turn = frozenset(outdated[:1]) if _are_ready(_before(outdated, sizes), observed) else frozenset()
    return Transition(_with_groups(former | (frozenset(outdated) - turn)), turn)


def groups_first(wanted: Sequence[Manifest]) -> dict[Ref, Ref]:
    """Return what has to be there before each LeaderWorkerSet: its pods are scheduled as its group says."""
    sets = (ref_of(each) for each in wanted if each["kind"] == LEADER_WORKER_SETS.kind)
    return {ref: _group_of(ref) for ref in sets}


def _former_shape(wanted: Mapping[Ref, int], observed: Mapping[Ref, Workload]) -> frozenset[Ref]:
    """Return the workloads of another kind than the wanted ones, until these are ready; surplus ones are no matter."""
    if _are_ready(wanted, observed):
        return frozenset()
    kinds = {ref.resource for ref in wanted}
    return frozenset(ref for ref in observed if ref.resource not in kinds)


def _before(outdated: Sequence[Ref], wanted: Mapping[Ref, int]) -> list[Ref]:
    """Return the instances before the first that is outdated."""
    order = list(wanted)
    return order[: order.index(outdated[0])] if outdated else []


def _are_ready(refs: Mapping[Ref, int] | Sequence[Ref], observed: Mapping[Ref, Workload]) -> bool:
    return all(ref in observed and is_ready(observed[ref], 0) for ref in refs)


def _with_groups(refs: frozenset[Ref]) -> frozenset[Ref]:
    """Return workloads together with what schedules their pods."""
    return refs | frozenset(_group_of(ref) for ref in refs if ref.resource is LEADER_WORKER_SETS)


def _group_of(ref: Ref) -> Ref:
    return Ref(POD_GROUPS, ref.namespace, ref.name)
