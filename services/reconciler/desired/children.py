"""What one component consists of: every kind of child has a maker here, and all see the same component."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from services.reconciler.desired.component import NOTHING, Component, Surroundings, component_of
from services.reconciler.desired.metadata import overridden_labels
from services.reconciler.desired.names import is_platform_account
from services.reconciler.desired.orchestrators import workloads
from services.reconciler.desired.owners import owned, owner_of
from services.reconciler.desired.problems import Problem, RenderError
from services.reconciler.desired.services import service
from shared.api.platform import PlatformContext
from shared.core.json import Manifest, text
from shared.core.objects import name_of


@dataclass(frozen=True, slots=True)
class ComponentChildren:
    """The children of one component, or why it has none.

    With a problem nothing may be deleted: what runs goes on until the spec can be understood again.
    """

    manifests: tuple[Manifest, ...] = ()
    problem: Problem | None = None
    warnings: tuple[str, ...] = ()

    @property
    def accounts(self) -> tuple[str, ...]:
        """Return the accounts that the pods need and that the rbac service makes; without them no pod can start."""
        used = {text(child, "spec", "template", "spec", "serviceAccountName") for child in self.manifests}
        return tuple(sorted(account for account in used if is_platform_account(account)))


def _services(component: Component, _: PlatformContext) -> list[Manifest]:
    try:
        found = service(component)
    except RenderError as error:
        raise error.within("failed to create or update the service") from error
    return [] if found is None else [found]


MAKERS: tuple[Callable[[Component, PlatformContext], list[Manifest]], ...] = (workloads, _services)


def component_children(
    manifest: Manifest, platform: PlatformContext, surroundings: Surroundings = NOTHING
) -> ComponentChildren:
    """Return what a DynamoComponentDeployment consists of, each child owned by it; no exception for a bad spec."""
    try:
        component = component_of(manifest, platform, surroundings)
        made = [child for make in MAKERS for child in make(component, platform)]
    except RenderError as error:
        return ComponentChildren(problem=error.about(name_of(manifest)))
    owner = owner_of(manifest)
    return ComponentChildren(tuple(owned(child, owner) for child in made), warnings=_warnings(component))


def _warnings(component: Component) -> tuple[str, ...]:
    return tuple(
        f"extraPodMetadata.labels of {component.name} cannot change {key}: Deployment and Service find pods by it"
        for key in overridden_labels(component)
    )
