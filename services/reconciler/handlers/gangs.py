"""What a graph's pass sees in the view of what Grove made of its set: what is counted, and what stops its pods."""

from __future__ import annotations

from collections.abc import Sequence

from services.reconciler.desired.grove.scales import Scale
from services.reconciler.desired.names import discovery_account
from services.reconciler.handlers.statuses import entry_manifest
from services.reconciler.status.blockers import Blocker, missing_account
from services.reconciler.status.grove import Counted, Gang, Member, counted, set_errors
from services.reconciler.status.pods import pod_blockers
from shared.applying.inventories import Applied, Inventory
from shared.contracts.keys import graph_key
from shared.core.json import integer
from shared.core.resources import POD_CLIQUE_SETS, PODS, SERVICE_ACCOUNTS, Ref
from shared.ports.passes import Entry, Work


def observed_gang(work: Work, scales: Sequence[Scale], inventory: Inventory | None = None) -> Gang:
    """Return the set of a graph with what is counted for each service; what belongs to another set does not count.

    With an inventory the set has to be as new as our last apply, too.
    """
    ref = Ref(POD_CLIQUE_SETS, work.primary.namespace, work.primary.name)
    seen, applied = work.view.get(ref), inventory.children.get(ref) if inventory is not None else None
    is_own = seen is not None and not seen.is_deleting and (inventory is None or _is(seen, applied))
    own = seen if is_own else None
    return Gang(
        name=ref.name,
        members=tuple(Member(scale, _counted(work.view.get(scale.ref), own)) for scale in scales),
        applied_generation=applied.generation if applied is not None else 0,
        generation=own.generation if own is not None else 0,
        observed_generation=integer(own.summary, "status", "observedGeneration") if own is not None else 0,
        errors=set_errors(entry_manifest(own)) if own is not None else (),
    )


def gang_waits_for(work: Work, accounts: Sequence[str]) -> tuple[Blocker, ...]:
    """Return what the pods of a graph wait for: the graph's own account, and what each of them is stuck at."""
    namespace, name = work.primary.namespace, work.primary.name
    own = discovery_account(name)
    is_missing = own in accounts and work.view.get(Ref(SERVICE_ACCOUNTS, namespace, own)) is None
    missing = (missing_account(namespace, own),) if is_missing else ()
    pods = work.view.of_key(graph_key(namespace, name), PODS)
    return (*missing, *pod_blockers(entry_manifest(pod) for pod in pods if not pod.is_deleting))


def _is(seen: Entry, applied: Applied | None) -> bool:
    return applied is not None and seen.uid == applied.uid


def _counted(entry: Entry | None, of: Entry | None) -> Counted | None:
    if entry is None or of is None or entry.is_deleting:
        return None
    is_foreign = entry.owner is not None and entry.owner.uid != of.uid
    return None if is_foreign else counted(entry_manifest(entry))
