"""Who gives way to whom when a graph changes its mode: Services pass from one tree to the other without a gap (W-07).

Both trees have Services of the same names in front of pods with the same labels, so only their owner changes. Pure, and
decided from the graph alone, so that graph and components never take from each other in turns.
"""

from __future__ import annotations

from services.reconciler.desired.grove.choice import Mode, mode_of
from shared.api.platform import PlatformContext
from shared.core.resources import COMPONENTS, GRAPHS, Ref
from shared.ports.passes import Entry, View

NOBODY: frozenset[str] = frozenset()


def giving_way(component: Entry, view: View, platform: PlatformContext) -> frozenset[str]:
    """Return the uid of a component's graph if what the graph had in its set is now the component's."""
    owner = component.owner
    if owner is None or owner.resource is not GRAPHS:
        return NOBODY
    graph = view.get(Ref(GRAPHS, component.ref.namespace, owner.name))
    if graph is None or graph.uid != owner.uid or mode_of(graph.annotations, platform) is Mode.GROVE:
        return NOBODY
    return frozenset({graph.uid})


def components_of(view: View, graph: str) -> frozenset[str]:
    """Return the uids of a graph's components, whose Services pass on to its set."""
    return frozenset(entry.uid for entry in view.children(graph) if entry.ref.resource is COMPONENTS)
