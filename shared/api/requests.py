"""DynamoGraphDeploymentRequest: a wish for a graph, whose configuration is found by profiling."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from shared.api.components import BACKEND_FRAMEWORKS
from shared.api.facets import EMBEDDED_RESOURCE, OFF_BY_DEFAULT, REQUIRED, Facets
from shared.api.objects import ApiModel, Condition, Json, KubernetesObject


class ConfigMapReference(ApiModel):
    """A key of a ConfigMap in the namespace of the request."""

    name: Annotated[str, REQUIRED] = Field("", description="Name of the ConfigMap.")
    key: Annotated[str, Facets(default="disagg.yaml")] = Field("disagg.yaml", description="Key in the ConfigMap.")


class ProfilingConfig(ApiModel):
    """How the profiler runs, and what it is told."""

    config: Json | None = Field(None, description="Configuration of the profiler.")
    config_map_ref: ConfigMapReference | None = Field(None, description="Base graph that the profiler starts from.")
    profiler_image: Annotated[str, REQUIRED] = Field("", description="Image of the profiler.")
    output_pvc: str = Field("", alias="outputPVC", description="Claim for the profiler's data, if it should stay.")
    resources: Json | None = Field(None, description="Compute resources of the profiler.")
    tolerations: list[Json] | None = Field(None, description="Tolerations of the profiler's pod.")


class DeploymentOverrides(ApiModel):
    """What the graph gets instead of generated values."""

    name: str = Field("", description="Name of the graph.")
    namespace: str = Field("", description="Namespace of the graph.")
    labels: dict[str, str] | None = Field(None, description="Labels added to the graph.")
    annotations: dict[str, str] | None = Field(None, description="Annotations added to the graph.")
    workers_image: str = Field("", description="Image of the workers.")


class RequestSpec(ApiModel):
    """What is asked for."""

    model: Annotated[str, REQUIRED] = Field("", description="Model to serve.")
    backend: Annotated[str, Facets(required=True, enum=BACKEND_FRAMEWORKS)] = Field("", description="Inference engine.")
    use_mocker: Annotated[bool, OFF_BY_DEFAULT] = Field(False, description="Make a graph of simulated workers.")
    enable_gpu_discovery: Annotated[bool, OFF_BY_DEFAULT] = Field(
        False, description="Let the profiler read the GPUs of the nodes; not for an installation of one namespace."
    )
    profiling_config: Annotated[ProfilingConfig | None, REQUIRED] = Field(None, description="The profiling run.")
    auto_apply: Annotated[bool, OFF_BY_DEFAULT] = Field(False, description="Make the graph after profiling.")
    deployment_overrides: DeploymentOverrides | None = Field(None, description="Identity and metadata of the graph.")


class RequestedDeployment(ApiModel):
    """The graph that was made for a request."""

    name: str = Field("", description="Name of the graph.")
    namespace: str = Field("", description="Namespace of the graph.")
    state: str = Field("", description="State of the graph.")
    created: bool = Field(False, description="Whether the graph was made; it is never made twice.")


class RequestStatus(ApiModel):
    """How far a request has come."""

    state: str = Field("", description="Step of the request's life.")
    backend: str = Field("", description="Inference engine that profiling started with.")
    observed_generation: Annotated[int | None, Facets(format="int64")] = Field(
        None, description="Generation of the spec that profiling started with."
    )
    conditions: list[Condition] | None = Field(None, description="Aspects of the current state.")
    profiling_results: str = Field("", description="Where the results of profiling are.")
    generated_deployment: Annotated[Json | None, EMBEDDED_RESOURCE] = Field(
        None, description="The graph that profiling recommends."
    )
    deployment: RequestedDeployment | None = Field(None, description="The graph that was made.")


class Request(KubernetesObject):
    """DynamoGraphDeploymentRequest: asks for a graph that meets a service level, found by profiling."""

    spec: RequestSpec = Field(default_factory=RequestSpec, description="What is asked for.")
    status: RequestStatus | None = Field(None, description="How far the request has come.")
