"""Who gives way to whom when a graph changes its mode: what serves goes on until something else serves (W-07).

Both trees have Services of the same names in front of pods with the same labels. These only change their owner, and at
once, so that they lead to whatever pods are ready. What runs pods stays until the new tree is ready, or until it shows
that its pods find no room beside the old ones: waiting would then be for ever. Pure, and decided from what both sides
see alike, so that graph and components never take from each other in turns.
"""

from __future__ import annotations

from collections.abc import Sequence

from services.reconciler.desired.children import component_children
from services.reconciler.desired.graphs import GraphChildren
from services.reconciler.desired.grove.choice import Mode, mode_of
from services.reconciler.handlers.contexts import Context
from services.reconciler.handlers.gangs import observed_gang
from services.reconciler.handlers.statuses import entry_manifest
from services.reconciler.status.graphs import ExpectedComponent, component_state
from services.reconciler.status.pods import UNSCHEDULABLE, pod_blockers
from shared.api.platform import PlatformContext
from shared.contracts.keys import graph_key
from shared.core.json import Manifest
from shared.core.objects import ref_of
from shared.core.resources import (
    COMPONENTS,
    GRAPHS,
    INGRESSES,
    POD_CLIQUE_SETS,
    POD_CLIQUES,
    PODS,
    SERVICES,
    VIRTUAL_SERVICES,
    Ref,
    Resource,
)
from shared.ports.passes import Entry, View, Work

GROVE_TREE: tuple[Resource, ...] = (POD_CLIQUE_SETS, SERVICES, INGRESSES, VIRTUAL_SERVICES)
NOBODY: frozenset[str] = frozenset()


# What a component sees of it


def giving_way(component: Entry, view: View, platform: PlatformContext) -> frozenset[str]:
    """Return the uid of a component's graph if what the graph had in front of its set is now the component's."""
    graph = _graph_of(component, view)
    if graph is None or mode_of(graph.annotations, platform) is Mode.GROVE:
        return NOBODY
    return frozenset({graph.uid})


def given_away(
    manifests: Sequence[Manifest], component: Entry, view: View, platform: PlatformContext
) -> frozenset[Ref]:
    """Return the children of a component that its graph has taken over, as it does when Grove runs it.

    The component serves on without them, and wants them back as soon as the graph has components again.
    """
    graph = _graph_of(component, view)
    if graph is None or mode_of(graph.annotations, platform) is Mode.COMPONENTS:
        return frozenset()
    taken = {entry.ref for entry in view.children(graph.uid)}
    return frozenset(ref_of(manifest) for manifest in manifests) & taken


def _graph_of(component: Entry, view: View) -> Entry | None:
    owner = component.owner
    if owner is None or owner.resource is not GRAPHS:
        return None
    graph = view.get(Ref(GRAPHS, component.ref.namespace, owner.name))
    return graph if graph is not None and graph.uid == owner.uid else None


# What a graph sees of it


def components_of(view: View, graph: str) -> frozenset[str]:
    """Return the uids of the components of a graph with this uid, whose Services pass on to its set."""
    return frozenset(entry.uid for entry in view.children(graph) if entry.ref.resource is COMPONENTS)


def held(work: Work, graph: str, children: GraphChildren, context: Context) -> list[Ref]:
    """Return what is left of a graph's other mode for now; `children` are those of the mode that it has."""
    kinds = (COMPONENTS,) if children.mode is Mode.GROVE else GROVE_TREE
    former = [entry.ref for entry in work.view.children(graph) if entry.ref.resource in kinds]
    if not former:
        return []
    if children.mode is Mode.GROVE:
        return [] if _set_takes_over(work, graph, children) else former
    return [] if _components_take_over(work, children, context, former) else former


def _set_takes_over(work: Work, graph: str, children: GraphChildren) -> bool:
    """Return whether the graph's own set serves, or can only serve once the components are gone."""
    if not any(entry.ref.resource is POD_CLIQUE_SETS for entry in work.view.children(graph)):
        return False
    gang = observed_gang(work, children.scales)
    return not gang.trouble or (gang.is_current and _finds_no_room(work, of_grove=True))


def _components_take_over(work: Work, children: GraphChildren, context: Context, former: list[Ref]) -> bool:
    """Return whether the components have taken what was in front of the set, and serve, or can only serve after it."""
    fronts = {
        ref_of(child)
        for component in children.manifests
        for child in component_children(component, context.platform, context.surroundings).manifests
    }
    components = [_expected(work.view.get(ref_of(manifest))) for manifest in children.manifests]
    if fronts.intersection(former) or not all(each.is_current for each in components):
        return False
    return all(each.is_ready for each in components) or _finds_no_room(work, of_grove=False)


def _expected(entry: Entry | None) -> ExpectedComponent:
    state = component_state(entry_manifest(entry)) if entry is not None and not entry.is_deleting else None
    return ExpectedComponent(state.name if state is not None else "", "", 0, state)


def _finds_no_room(work: Work, *, of_grove: bool) -> bool:
    """Return whether pods of one of the trees fit on no node."""
    pods = work.view.of_key(graph_key(work.primary.namespace, work.primary.name), PODS)
    own = (pod for pod in pods if not pod.is_deleting and _is_of_grove(pod) is of_grove)
    return any(blocker.code == UNSCHEDULABLE for blocker in pod_blockers(map(entry_manifest, own)))


def _is_of_grove(pod: Entry) -> bool:
    return pod.owner is not None and pod.owner.resource is POD_CLIQUES
