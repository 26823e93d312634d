"""One component with everything that its objects are made of, resolved once.

Makers of Deployments, Services and later kinds take this value and no manifest, so that they cannot disagree about
names, labels, discovery or the parent graph. A component without a graph is its own parent (W-20).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from services.reconciler.desired.component_types.defaults import ComponentType
from services.reconciler.desired.component_types.registry import component_type
from services.reconciler.desired.discovery import discovery_backend
from shared.api.components import ComponentDeployment, ComponentDeploymentSpec
from shared.api.platform import DiscoveryBackend, PlatformContext
from shared.core.json import Manifest, mapping
from shared.core.resources import GRAPHS


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a namespace offers to the pods in it; a namespace without any of it is a valid one."""

    pull_secrets: Mapping[str, tuple[str, ...]] = field(default_factory=dict)  # by registry host
    component_accounts: tuple[str, ...] = ()  # accounts labelled for component pods
    queues: frozenset[str] | None = None  # of the KAI scheduler, in the whole cluster; None while nobody has said


NOTHING = Surroundings()


@dataclass(frozen=True, slots=True)
class Component:
    """One component, as its makers see it."""

    name: str
    namespace: str
    parent: str  # the graph's name, or the component's own
    discovery: DiscoveryBackend
    type: ComponentType
    spec: ComponentDeploymentSpec
    labels: Mapping[str, str]  # the component's own: spec, then metadata
    surroundings: Surroundings = NOTHING

    @property
    def service_name(self) -> str:
        """Return the name of the service in its graph."""
        return self.spec.service_name or self.name

    @property
    def dynamo_namespace(self) -> str:
        """Return the namespace in which the processes register."""
        return self.spec.dynamo_namespace

    @property
    def annotations(self) -> Mapping[str, str]:
        """Return the annotations that steer rendering."""
        return self.spec.annotations or {}

    @property
    def pod_labels(self) -> Mapping[str, str]:
        """Return the labels that the user asks for on pods."""
        return (self.spec.extra_pod_metadata and self.spec.extra_pod_metadata.labels) or {}

    @property
    def pod_annotations(self) -> Mapping[str, str]:
        """Return the annotations that the user asks for on pods."""
        return (self.spec.extra_pod_metadata and self.spec.extra_pod_metadata.annotations) or {}

    @property
    def pod_overlay(self) -> Mapping[str, object]:
        """Return the user's partial pod spec, `mainContainer` left out."""
        overlay = self.spec.extra_pod_spec or {}
        return {key: value for key, value in overlay.items() if key != "mainContainer"}

    @property
    def main_container(self) -> Mapping[str, object]:
        """Return the user's partial main container."""
        return mapping(self.spec.extra_pod_spec, "mainContainer")


def component_of(manifest: Manifest, platform: PlatformContext, surroundings: Surroundings = NOTHING) -> Component:
    """Return the component that a DynamoComponentDeployment describes.

    Raises InvalidObjectError when the object cannot be read, RenderError for an unknown discovery back end.
    """
    parsed = ComponentDeployment.parse(manifest)
    spec, metadata = parsed.spec, parsed.metadata
    owners = (owner.name for owner in metadata.owner_references or () if owner.kind == GRAPHS.kind)
    return Component(
        name=metadata.name,
        namespace=metadata.namespace,
        parent=next(owners, metadata.name),
        discovery=discovery_backend(spec.annotations or {}, platform),
        type=component_type(spec.component_type),
        spec=spec,
        labels={**(spec.labels or {}), **(metadata.labels or {})},
        surroundings=surroundings,
    )
