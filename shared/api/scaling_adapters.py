"""DynamoGraphDeploymentScalingAdapter: the scale subresource of one service of a graph."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from shared.api.facets import INT32, REQUIRED, REQUIRED_COUNT, TIMESTAMP, Facets
from shared.api.objects import ApiModel, KubernetesObject

REQUIRED_NAME = Facets(required=True, min_length=1)


class GraphServiceReference(ApiModel):
    """A service of a graph in the same namespace."""

    name: Annotated[str, REQUIRED_NAME] = Field("", description="Name of the graph.")
    service_name: Annotated[str, REQUIRED_NAME] = Field("", description="Name of the service in the graph.")


class ScalingAdapterSpec(ApiModel):
    """Which service is scaled, and how far."""

    replicas: Annotated[int, REQUIRED_COUNT] = Field(0, description="Wanted replicas of the service.")
    dgd_ref: Annotated[GraphServiceReference | None, REQUIRED] = Field(None, description="The service.")


class ScalingAdapterStatus(ApiModel):
    """What an autoscaler sees."""

    replicas: Annotated[int, INT32] = Field(0, description="Replicas of the service.")
    selector: str = Field("", description="Label selector of the service's pods.")
    last_scale_time: Annotated[str | None, TIMESTAMP] = Field(None, description="When replicas changed last.")


class Adapter(KubernetesObject):
    """DynamoGraphDeploymentScalingAdapter: lets an autoscaler or a person scale one service of a graph."""

    spec: ScalingAdapterSpec = Field(default_factory=ScalingAdapterSpec, description="What is scaled, and how far.")
    status: ScalingAdapterStatus | None = Field(None, description="What an autoscaler sees.")
