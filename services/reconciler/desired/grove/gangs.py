"""What a graph consists of in Grove mode: one set of cliques, and what stands in front of its services.

A service that cannot be made holds up the whole set, unlike in component mode: Grove lets no clique join a set later.
What runs goes on meanwhile. Services are taken in the order of their names, so nothing depends on how they were
written (W-41); the components that cliques are made of are those of component mode, which no cluster ever sees.
"""

from __future__ import annotations

from dataclasses import dataclass

from services.reconciler.desired.cautions import Caution
from services.reconciler.desired.component import Component, Surroundings, component_of
from services.reconciler.desired.components import component_deployment
from services.reconciler.desired.debuggers import ENABLE as DEBUG
from services.reconciler.desired.grove.cliques import Clique, clique, layouts
from services.reconciler.desired.grove.fronts import fronts
from services.reconciler.desired.grove.queues import missing_queue, queue_of
from services.reconciler.desired.grove.scales import Scale, scale
from services.reconciler.desired.grove.scaling_groups import scaling_group
from services.reconciler.desired.grove.sets import pod_clique_set
from services.reconciler.desired.metadata import overridden_labels
from services.reconciler.desired.owners import owned, owner_of
from services.reconciler.desired.problems import Problem, RenderError
from shared.api.graphs import Graph
from shared.api.platform import PlatformContext
from shared.api.validation.names import grove_name_violations
from shared.core import labels
from shared.core.json import Manifest, mapping
from shared.core.objects import annotations_of, name_of, namespace_of

CANNOT_GENERATE = "failed to reconcile the Grove PodClique Set: failed to generate the Grove GangSet"


@dataclass(frozen=True, slots=True)
class Gang:
    """The objects of a graph that runs in one set, or why it has none."""

    manifests: tuple[Manifest, ...] = ()
    scales: tuple[Scale, ...] = ()
    problems: tuple[Problem, ...] = ()
    cautions: tuple[Caution, ...] = ()


@dataclass(frozen=True, slots=True)
class _Member:
    """One service of the graph, ready to be put into the set."""

    component: Component
    cliques: tuple[Clique, ...]
    fronts: tuple[Manifest, ...]


def gang(graph: Manifest, parsed: Graph, platform: PlatformContext, surroundings: Surroundings) -> Gang:
    """Return everything that a graph consists of, each object owned by it."""
    queue = queue_of(annotations_of(graph), platform)
    members: list[_Member] = []
    problems = [
        _name_too_long(text).within(CANNOT_GENERATE).about(f"graph {name_of(graph)}")
        for text in grove_name_violations(parsed)
    ]
    for service in sorted(parsed.spec.services or ()):
        try:
            members.append(_member(graph, service, platform, surroundings=surroundings, queue=queue))
        except RenderError as error:
            problems.append(error.within(CANNOT_GENERATE).about(f"service {service}"))
    is_queued = any(each.is_queued for member in members for each in member.cliques)
    if is_queued and surroundings.queues is not None and queue not in surroundings.queues:
        problems.append(missing_queue(queue).within(CANNOT_GENERATE).about(f"graph {name_of(graph)}"))
    if problems:
        return Gang(problems=tuple(problems))
    return _assembled(graph, members, platform)


def _name_too_long(text: str) -> RenderError:
    return RenderError(text, code="NameTooLong", remedy="shorten the name of the graph or of the service")  # W-46


def _assembled(graph: Manifest, members: list[_Member], platform: PlatformContext) -> Gang:
    groups = [scaling_group(each.component, (c.manifest["name"] for c in each.cliques)) for each in members]
    made = pod_clique_set(
        name_of(graph),
        namespace_of(graph),
        platform,
        cliques=[each.manifest for member in members for each in member.cliques],
        groups=[group for group in groups if group is not None],
    )
    owner = owner_of(graph)
    return Gang(
        manifests=tuple(owned(each, owner) for each in (made, *(front for each in members for front in each.fronts))),
        scales=tuple(scale(each.component) for each in members),
        cautions=tuple(caution for each in members for caution in _cautions(each)),
    )


def _member(
    graph: Manifest, service: str, platform: PlatformContext, *, surroundings: Surroundings, queue: str
) -> _Member:
    component = _component(graph, service, platform, surroundings)
    notes = _pod_annotations(graph, component)
    cliques = tuple(clique(component, place, platform, annotations=notes, queue=queue) for place in layouts(component))
    return _Member(component, cliques, tuple(fronts(component, platform)))


def _component(graph: Manifest, service: str, platform: PlatformContext, surroundings: Surroundings) -> Component:
    made = owned(component_deployment(graph, service, platform), owner_of(graph))
    spec = made["spec"]
    steering = {key: value for key, value in mapping(spec, "annotations").items() if key != DEBUG}  # components only
    return component_of({**made, "spec": {**spec, "annotations": steering}}, platform, surroundings)


def _pod_annotations(graph: Manifest, component: Component) -> dict[str, str]:
    """Return the annotations of a service's pods: its own, the discovery back end, what is asked for on pods."""
    own = mapping(graph, "spec", "services", component.service_name, "annotations")
    return {
        **{key: value for key, value in own.items() if isinstance(value, str)},
        labels.DISCOVERY_BACKEND: component.discovery.value,
        **component.pod_annotations,
    }


def _cautions(member: _Member) -> list[Caution]:
    component = member.component
    return [
        *(caution for each in member.cliques for caution in each.cautions),
        *(Caution("SettingIgnored", _overrides(component, key)) for key in overridden_labels(component)),
    ]


def _overrides(component: Component, label: str) -> str:
    return (
        f"extraPodMetadata.labels of {component.name} cannot change {label}: Services and the platform find pods by it"
    )
