"""What one graph consists of: a component for each service, sorted by service name.

A service that cannot be made does not hold up the others. Two services whose components would share a name are both
refused: whichever were made, the other would overwrite it at once (OB-05).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from services.reconciler.desired.components import component_deployment
from services.reconciler.desired.names import component_name
from services.reconciler.desired.orchestrators import no_orchestrator
from services.reconciler.desired.owners import owned, owner_of
from services.reconciler.desired.problems import Problem, RenderError
from shared.api.graphs import Graph
from shared.api.platform import PlatformContext
from shared.core.json import Manifest

CANNOT_RECONCILE = "failed to reconcile Dynamo components deployments"
CANNOT_GENERATE = "failed to generate the DynamoComponentsDeployments"


@dataclass(frozen=True, slots=True)
class GraphChildren:
    """The components of one graph, and the services that have none."""

    manifests: tuple[Manifest, ...] = ()
    problems: tuple[Problem, ...] = ()
    kept: frozenset[str] = frozenset()  # components of refused services: neither wanted nor to be deleted


def graph_children(manifest: Manifest, platform: PlatformContext) -> GraphChildren:
    """Return the components of a graph, each owned by it; raise InvalidObjectError when it cannot be read."""
    graph = Graph.parse(manifest)
    services = graph.spec.services or {}
    name = graph.metadata.name
    collisions = _collisions(name, services)
    owner = owner_of(manifest)
    made: list[Manifest] = []
    problems: list[Problem] = []
    for service_name in sorted(services):
        try:
            if service_name in collisions:
                raise _collision(component_name(name, service_name), collisions[service_name])
            if services[service_name].is_multinode:
                raise no_orchestrator(services[service_name].nodes).within(CANNOT_RECONCILE)
            made.append(owned(_component(manifest, service_name, platform), owner))
        except RenderError as error:
            problems.append(error.about(f"service {service_name}"))
    wanted = {child["metadata"]["name"] for child in made}
    kept = frozenset(component_name(name, service_name) for service_name in services) - wanted
    return GraphChildren(tuple(made), tuple(problems), kept)


def _component(graph: Manifest, service_name: str, platform: PlatformContext) -> Manifest:
    try:
        return component_deployment(graph, service_name, platform)
    except RenderError as error:
        raise error.within(CANNOT_GENERATE) from error


def _collisions(graph: str, services: Iterable[str]) -> dict[str, list[str]]:
    """Return the services that share their component's name with others, with all who share it."""
    by_name: defaultdict[str, list[str]] = defaultdict(list)
    for service_name in sorted(services):
        by_name[component_name(graph, service_name)].append(service_name)
    return {service_name: group for group in by_name.values() if len(group) > 1 for service_name in group}


def _collision(name: str, group: list[str]) -> RenderError:
    named = " and ".join(group)
    return RenderError(
        f"{CANNOT_GENERATE}: services {named} would share the component {name}",
        code="ServiceNamesCollide",
        remedy=f"rename all but one of the services {named}: names may not differ in case alone",
    )
