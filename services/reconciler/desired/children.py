"""What one component consists of: every kind of child has a maker here, and all see the same component."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from services.reconciler.desired.addresses import LWS
from services.reconciler.desired.cautions import Caution
from services.reconciler.desired.component import NOTHING, Component, Surroundings, component_of
from services.reconciler.desired.debuggers import ENABLE, STEAL_TRAFFIC
from services.reconciler.desired.entrances import entrance_cautions, entrances
from services.reconciler.desired.layouts import Layout, Role
from services.reconciler.desired.metadata import object_labels, overridden_labels
from services.reconciler.desired.names import is_platform_account
from services.reconciler.desired.orchestrators import workloads
from services.reconciler.desired.owners import owned, owner_of
from services.reconciler.desired.pods import launch_cautions
from services.reconciler.desired.problems import Problem, RenderError
from services.reconciler.desired.services import service
from services.reconciler.desired.steps import COMPONENT_STEPS
from shared.api.platform import PlatformContext
from shared.core.json import Manifest, text
from shared.core.objects import name_of
from shared.core.resources import SERVICES

IGNORED = "SettingIgnored"


@dataclass(frozen=True, slots=True)
class ComponentChildren:
    """The children of one component, or why it has none.

    With a problem nothing may be deleted: what runs goes on until the spec can be understood again.
    """

    manifests: tuple[Manifest, ...] = ()
    problem: Problem | None = None
    cautions: tuple[Caution, ...] = ()

    @property
    def accounts(self) -> tuple[str, ...]:
        """Return the accounts that the pods need and that the rbac service makes; without them no pod can start."""
        used = {text(child, *path, "spec", "serviceAccountName") for child in self.manifests for path in _TEMPLATES}
        return tuple(sorted(account for account in used if is_platform_account(account)))


_TEMPLATES = (("spec", "template"), ("spec", "leaderWorkerTemplate", "workerTemplate"))


def _services(component: Component, _: PlatformContext) -> list[Manifest]:
    try:
        found = service(component)
    except RenderError as error:
        raise error.within(COMPONENT_STEPS[SERVICES]) from error
    return [] if found is None else [found]


def _entrances(component: Component, platform: PlatformContext) -> list[Manifest]:
    return entrances(
        component.name,
        component.namespace,
        wanted=component.spec.ingress,
        own_labels=object_labels(component),
        platform=platform,
    )


MAKERS: tuple[Callable[[Component, PlatformContext], list[Manifest]], ...] = (workloads, _services, _entrances)


def component_children(
    manifest: Manifest, platform: PlatformContext, surroundings: Surroundings = NOTHING
) -> ComponentChildren:
    """Return what a DynamoComponentDeployment consists of, each child owned by it; no exception for a bad spec."""
    try:
        component = component_of(manifest, platform, surroundings)
        made = [child for make in MAKERS for child in make(component, platform)]
        cautions = (*_ignored(component), *_launches(component, platform))
    except RenderError as error:
        return ComponentChildren(problem=error.about(name_of(manifest)))
    owner = owner_of(manifest)
    cautions += entrance_cautions(component.name, component.spec.ingress, platform)
    return ComponentChildren(tuple(owned(child, owner) for child in made), cautions=cautions)


def _ignored(component: Component) -> tuple[Caution, ...]:
    """Return what of a component's settings has no effect."""
    found = [
        f"extraPodMetadata.labels of {component.name} cannot change {key}: Deployment and Service find pods by it"
        for key in overridden_labels(component)
    ]
    if component.annotations.get(STEAL_TRAFFIC) == "true":  # W-30
        found.append(
            f"annotation {STEAL_TRAFFIC} of {component.name} has no effect: a second Deployment would answer the "
            f"requests of users; {ENABLE} adds the debugger to the pods themselves"
        )
    return tuple(Caution(IGNORED, each) for each in found)


def _launches(component: Component, platform: PlatformContext) -> tuple[Caution, ...]:
    """Return what a person should know about how the nodes of one replica start, each thing once."""
    nodes = component.spec.nodes
    found = (launch_cautions(component, platform, Layout(role, nodes, LWS)) for role in (Role.LEADER, Role.WORKER))
    return tuple(dict.fromkeys(caution for cautions in found for caution in cautions))
