"""DynamoGraphDeployment: the graph of components that together serve a model.

This is the kind that users write; components are made of its services. Fields and limits are those of the reference
platform, plus `status.observedGeneration`, without which nobody can tell whether a status is current.
"""

from __future__ import annotations

from typing import Annotated, ClassVar

from pydantic import Field

from shared.api.components import BackendFramework, ComponentSpec, ReplicaStatus
from shared.api.facets import NAMED_ITEMS, REQUIRED, Facets, Rule
from shared.api.objects import ApiModel, Condition, Json, KubernetesObject, Quantity

CLAIM_IS_COMPLETE = Rule(
    rule=(
        "!has(self.create) || self.create == false || "
        "(has(self.size) && has(self.storageClass) && has(self.volumeAccessMode))"
    ),
    message="When create is true, size, storageClass, and volumeAccessMode are required",
)


class VolumeClaim(ApiModel):
    """A persistent volume claim that the services of a graph mount."""

    schema_rules: ClassVar[tuple[Rule, ...]] = (CLAIM_IS_COMPLETE,)

    name: Annotated[str, REQUIRED] = Field("", description="Name of the claim.")
    create: bool | None = Field(None, description="Make the claim; otherwise it has to exist.")
    size: Quantity | None = Field(None, description="Size of a claim that is made.")
    storage_class: str = Field("", description="Storage class of a claim that is made.")
    volume_access_mode: str = Field("", description="Access mode of a claim that is made.")


class GraphSpec(ApiModel):
    """What a graph should be."""

    backend_framework: BackendFramework = Field("", description="Inference engine of the workers; cannot be changed.")
    envs: Annotated[list[Json] | None, NAMED_ITEMS] = Field(
        None, description="Environment of all services; a service's own variables win."
    )
    pvcs: Annotated[list[VolumeClaim] | None, Facets(max_items=100)] = Field(
        None, description="Claims that services mount."
    )
    services: Annotated[dict[str, ComponentSpec] | None, Facets(max_properties=25)] = Field(
        None, description="Components by name; names cannot be added or removed later."
    )


class GraphStatus(ApiModel):
    """What was observed of a graph."""

    state: str = Field("", description="Summary: pending, successful or failed.")
    conditions: list[Condition] | None = Field(None, description="Aspects of the current state.")
    services: dict[str, ReplicaStatus] | None = Field(None, description="Replicas by service.")
    observed_generation: Annotated[int | None, Facets(format="int64")] = Field(
        None, description="Generation of the spec that this status was computed for."
    )


class Graph(KubernetesObject):
    """DynamoGraphDeployment: an inference graph of frontend, planner and workers that serve a model together."""

    spec: GraphSpec = Field(default_factory=GraphSpec, description="What the graph should be.")
    status: GraphStatus | None = Field(None, description="What was observed of the graph.")
