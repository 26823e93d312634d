"""What a component's pass sees in the view beside its primary: its workloads, its pods, and the account they need."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from services.reconciler.desired.instances import SET_NAME
from services.reconciler.desired.names import discovery_account
from services.reconciler.handlers.routes import component_of_pod
from services.reconciler.handlers.statuses import entry_manifest
from services.reconciler.status.blockers import Blocker, missing_account
from services.reconciler.status.components import ExpectedWorkload
from services.reconciler.status.pods import UNSCHEDULABLE, pod_blockers
from services.reconciler.status.transitions import WORKLOADS
from services.reconciler.status.workloads import Workload, workload
from shared.applying.inventories import Inventory
from shared.contracts.keys import graph_key
from shared.core import labels
from shared.core.resources import DEPLOYMENTS, LEADER_WORKER_SETS, PODS, SERVICE_ACCOUNTS, Ref
from shared.ports.passes import Entry, Work


@dataclass(frozen=True, slots=True)
class Unfinished:
    """Workloads whose last known status does not speak of what is wanted."""

    outdated: frozenset[Ref] = frozenset()  # their turn to be made anew has not come
    unanswered: frozenset[Ref] = frozenset()  # changed in this pass, and their controller has not acted yet


def own_workloads(work: Work, uid: str) -> dict[Ref, Workload]:
    """Return the workloads that a component controls, without those that are going."""
    return {
        entry.ref: workload(entry_manifest(entry))
        for entry in work.view.children(uid)
        if entry.ref.resource in WORKLOADS and not entry.is_deleting
    }


def expected_workloads(
    work: Work, wanted: Iterable[Ref], inventory: Inventory, unfinished: Unfinished
) -> list[ExpectedWorkload]:
    """Return the workloads of some names that a component needs, in the order of their instances.

    Where two shapes are recorded, because an error came while one replaced the other, only one of them is told.
    """
    refs = set(wanted)
    shapes = ([ref for ref in refs if ref.resource is resource] for resource in WORKLOADS)
    shape = next((found for found in shapes if found), [])
    ordered = sorted(shape, key=lambda ref: (len(ref.name), ref.name))
    return [_expected(work, ref, inventory, unfinished) for ref in ordered]


def unanswered_sets(work: Work, before: Mapping[Ref, Workload], inventory: Inventory) -> frozenset[Ref]:
    """Return the LeaderWorkerSets that a pass changed and whose status is still that of before.

    Their controllers do not tell which generation they have seen, so a status that stood when the spec was changed
    says nothing about it.
    """
    return frozenset(
        ref
        for ref, former in before.items()
        if former.is_set
        and (applied := inventory.children.get(ref)) is not None
        and (seen := work.view.get(ref)) is not None
        and applied.generation > former.generation
        and seen.version == applied.version
    )


def _expected(work: Work, ref: Ref, inventory: Inventory, unfinished: Unfinished) -> ExpectedWorkload:
    seen, applied = work.view.get(ref), inventory.children.get(ref)
    is_own = seen is not None and applied is not None and seen.uid == applied.uid and not seen.is_deleting
    return ExpectedWorkload(
        kind=ref.resource.kind,
        name=ref.name,
        applied_generation=applied.generation if applied is not None else 0,
        observed=workload(entry_manifest(seen)) if is_own and seen is not None else None,
        is_outdated=ref in unfinished.outdated,
        is_unanswered=ref in unfinished.unanswered,
    )


def missing_accounts(work: Work, needed: tuple[str, ...]) -> tuple[Blocker, ...]:
    """Return the graph's own account if pods need it and it is not there; a namespace's accounts are not in view."""
    entry = work.view.get(work.primary)
    if entry is None or entry.owner is None:
        return ()
    namespace, own = entry.ref.namespace, discovery_account(entry.owner.name)
    is_missing = own in needed and work.view.get(Ref(SERVICE_ACCOUNTS, namespace, own)) is None
    return (missing_account(namespace, own),) if is_missing else ()


def stuck_pods(work: Work) -> tuple[Blocker, ...]:
    """Return what keeps the component's pods from running."""
    return pod_blockers(map(entry_manifest, _pods(work)))


def finds_no_room(work: Work, wanted: Collection[Ref]) -> bool:
    """Return whether pods of wanted workloads fit on no node; what those of a former shape lack says nothing of it."""
    own = (entry_manifest(pod) for pod in _pods(work) if _workload_of(pod, work.primary) in wanted)
    return any(blocker.code == UNSCHEDULABLE for blocker in pod_blockers(own))


def _workload_of(pod: Entry, component: Ref) -> Ref:
    instance = pod.labels.get(SET_NAME)
    if instance:
        return Ref(LEADER_WORKER_SETS, component.namespace, instance)
    return Ref(DEPLOYMENTS, component.namespace, component.name)


def _pods(work: Work) -> list[Entry]:
    entry = work.view.get(work.primary)
    if entry is None:
        return []
    graph = entry.labels.get(labels.GRAPH_NAME) or entry.ref.name
    return [
        pod
        for pod in work.view.of_key(graph_key(entry.ref.namespace, graph), PODS)
        if not pod.is_deleting and component_of_pod(entry.ref.namespace, pod.labels) == work.primary
    ]
