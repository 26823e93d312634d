"""What one graph consists of: a component for each service, or one set of cliques with what stands in front of it.

Services are taken by name. In component mode a service that cannot be made does not hold up the others, but for one
that nothing in the cluster could start: such a graph never serves, so none of it is made, and what runs of it stays.
Two services whose objects would share a name are both refused: whichever were made, the other would overwrite it at
once (OB-05).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from services.reconciler.desired.cautions import Caution
from services.reconciler.desired.component import NOTHING, Surroundings
from services.reconciler.desired.components import component_deployment
from services.reconciler.desired.grove.choice import Mode, mode_of
from services.reconciler.desired.grove.gangs import gang
from services.reconciler.desired.grove.scales import Scale
from services.reconciler.desired.names import component_name, is_platform_account
from services.reconciler.desired.orchestrators import no_orchestrator
from services.reconciler.desired.owners import owned, owner_of
from services.reconciler.desired.problems import Problem, RenderError
from shared.api.components import ComponentSpec
from shared.api.graphs import Graph
from shared.api.platform import Capability, PlatformContext
from shared.core.json import Manifest, items, text
from shared.core.objects import annotations_of, name_of

CANNOT_RECONCILE = "failed to reconcile Dynamo components deployments"
CANNOT_GENERATE = "failed to generate the DynamoComponentsDeployments"


@dataclass(frozen=True, slots=True)
class GraphChildren:
    """The objects of one graph, and the services that have none."""

    manifests: tuple[Manifest, ...] = ()
    problems: tuple[Problem, ...] = ()
    mode: Mode = Mode.COMPONENTS
    scales: tuple[Scale, ...] = ()  # where Grove is told of replicas once it has made what the set says
    cautions: tuple[Caution, ...] = ()

    @property
    def accounts(self) -> tuple[str, ...]:
        """Return the accounts that the pods of a set need; pods of components are the components' affair."""
        cliques = (each for manifest in self.manifests for each in items(manifest, "spec", "template", "cliques"))
        found = {text(each, "spec", "podSpec", "serviceAccountName") for each in cliques}
        return tuple(sorted(account for account in found if is_platform_account(account)))


def graph_children(
    manifest: Manifest, platform: PlatformContext, surroundings: Surroundings = NOTHING
) -> GraphChildren:
    """Return the objects of a graph, each owned by it; raise InvalidObjectError when it cannot be read."""
    parsed = Graph.parse(manifest)
    services = parsed.spec.services or {}
    collisions = [error.about(f"service {name}") for name, error in _collisions(name_of(manifest), services).items()]
    if mode_of(annotations_of(manifest), platform) is Mode.COMPONENTS:
        unstartable = [] if platform.offers(Capability.LWS) else _unstartable(services)
        if unstartable:
            return GraphChildren(problems=tuple(unstartable))
        return _components(manifest, services, platform, refused=collisions)
    if collisions:
        return GraphChildren(problems=tuple(collisions), mode=Mode.GROVE)
    found = gang(manifest, parsed, platform, surroundings)
    return GraphChildren(found.manifests, found.problems, Mode.GROVE, found.scales, found.cautions)


def _components(
    graph: Manifest, services: dict[str, ComponentSpec], platform: PlatformContext, *, refused: list[Problem]
) -> GraphChildren:
    owner = owner_of(graph)
    made: list[Manifest] = []
    problems = list(refused)
    subjects = {problem.subject for problem in refused}
    for name in sorted(services):
        if f"service {name}" in subjects:
            continue
        try:
            made.append(owned(_component(graph, name, platform), owner))
        except RenderError as error:
            problems.append(error.about(f"service {name}"))
    return GraphChildren(tuple(made), tuple(sorted(problems, key=lambda each: each.subject)))


def _unstartable(services: dict[str, ComponentSpec]) -> list[Problem]:
    """Return why nothing of a graph is made where nothing starts the services that span nodes (workloads 3.4)."""
    return [
        no_orchestrator(spec.nodes).within(CANNOT_RECONCILE).about(f"service {name}")
        for name, spec in sorted(services.items())
        if spec.is_multinode
    ]


def _component(graph: Manifest, service_name: str, platform: PlatformContext) -> Manifest:
    try:
        return component_deployment(graph, service_name, platform)
    except RenderError as error:
        raise error.within(CANNOT_GENERATE) from error


def _collisions(graph: str, services: Iterable[str]) -> dict[str, RenderError]:
    """Return why services that share the name of their objects with others are refused, by service."""
    by_name: defaultdict[str, list[str]] = defaultdict(list)
    for service_name in sorted(services):
        by_name[component_name(graph, service_name)].append(service_name)
    return {
        service_name: _collision(name, group)
        for name, group in sorted(by_name.items())
        if len(group) > 1
        for service_name in group
    }


def _collision(name: str, group: list[str]) -> RenderError:
    named = " and ".join(group)
    return RenderError(
        f"{CANNOT_GENERATE}: services {named} would share the component {name}",
        code="ServiceNamesCollide",
        remedy=f"rename all but one of the services {named}: names may not differ in case alone",
    )
