"""One part of a graph: the spec that services of a graph share with DynamoComponentDeployment, and that kind itself.

Separate from `graphs` because a component lives without a graph too. Field names, types and limits are those of the
reference platform; strings that are empty and booleans that are false mean the same as absent ones.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from shared.api.facets import COUNT, NAMED_ITEMS, OFF_BY_DEFAULT, REQUIRED, REQUIRED_COUNT, Facets
from shared.api.objects import ApiModel, Condition, Json, KubernetesObject, Quantity, ResourceClaim

BACKEND_FRAMEWORKS = ("sglang", "vllm", "trtllm")
BackendFramework = Annotated[str, Facets(enum=BACKEND_FRAMEWORKS)]


class ResourceItem(ApiModel):
    """Amounts of compute resources, on one side of requests and limits."""

    cpu: str = Field("", description="CPU as a quantity.")
    memory: str = Field("", description="Memory as a quantity.")
    gpu: str = Field("", description="Number of GPUs for each node.")
    gpu_type: str = Field("", description="Resource name to ask GPUs from; `nvidia.com/gpu` when empty.")
    custom: dict[str, str] | None = Field(None, description="Further resource names with their quantities.")


class Resources(ApiModel):
    """Compute resources of the main container."""

    requests: ResourceItem | None = Field(None, description="What the scheduler reserves.")
    limits: ResourceItem | None = Field(None, description="What the container may use at most.")
    claims: list[ResourceClaim] | None = Field(None, description="Claims of dynamic resource allocation.")


class Autoscaling(ApiModel):
    """Deprecated and without effect; use a scaling adapter."""

    enabled: bool = Field(False, description="Ignored.")
    min_replicas: int | None = Field(None, description="Ignored.")
    max_replicas: int | None = Field(None, description="Ignored.")
    behavior: Json | None = Field(None, description="Ignored.")
    metrics: list[Json] | None = Field(None, description="Ignored.")


class VolumeMount(ApiModel):
    """A persistent volume claim in the main container."""

    name: Annotated[str, REQUIRED] = Field("", description="Name of the claim, and of the volume made for it.")
    mount_point: str = Field("", description="Path in the container; may be empty for a compilation cache.")
    use_as_compilation_cache: Annotated[bool, OFF_BY_DEFAULT] = Field(
        False, description="Let the back end keep its compiled kernels there."
    )


class IngressTls(ApiModel):
    """TLS of an ingress."""

    secret_name: str = Field("", description="Secret that holds certificate and key.")


class Ingress(ApiModel):
    """How a component is reached from outside the cluster."""

    enabled: bool = Field(False, description="Make an Ingress or VirtualService.")
    host: str = Field("", description="Host name, without prefix and suffix.")
    use_virtual_service: bool = Field(False, description="Make an Istio VirtualService and no Ingress.")
    virtual_service_gateway: str = Field("", description="Gateway of the VirtualService.")
    host_prefix: str | None = Field(None, description="Text in front of the host name.")
    host_suffix: str | None = Field(None, description="Domain behind the host name.")
    ingress_controller_class_name: str | None = Field(None, description="Class of the Ingress.")
    annotations: dict[str, str] | None = Field(None, description="Annotations of the Ingress.")
    labels: dict[str, str] | None = Field(None, description="Labels of the Ingress.")
    tls: IngressTls | None = Field(None, description="TLS of the Ingress.")


class ModelReference(ApiModel):
    """The base model that a component serves."""

    name: Annotated[str, REQUIRED] = Field("", description="Name of the base model, such as a hub identifier.")
    revision: str = Field("", description="Revision of the model.")


class SharedMemory(ApiModel):
    """The memory-backed volume at `/dev/shm`."""

    disabled: bool = Field(False, description="Make no such volume.")
    size: Quantity | None = Field(None, description="Size limit; 8Gi when shared memory is not set at all.")


class ExtraPodMetadata(ApiModel):
    """Metadata for the pods of a component."""

    annotations: dict[str, str] | None = Field(None, description="Annotations of the pods.")
    labels: dict[str, str] | None = Field(None, description="Labels of the pods.")


class Multinode(ApiModel):
    """One replica that spans several nodes."""

    node_count: Annotated[int, Facets(required=True, format="int32", minimum=2, default=2)] = Field(
        2, description="Nodes, and so pods, of each replica."
    )


class ScalingAdapter(ApiModel):
    """Whether replicas are handed over to a scaling adapter."""

    enabled: Annotated[bool, OFF_BY_DEFAULT] = Field(
        False, description="Make an adapter that owns the replicas of this service from then on."
    )


class ComponentSpec(ApiModel):
    """What runs as one component, whether it belongs to a graph or stands alone."""

    annotations: dict[str, str] | None = Field(None, description="Annotations for the objects of the component.")
    labels: dict[str, str] | None = Field(None, description="Labels for the objects of the component.")
    service_name: str = Field("", description="Name of the service; the key in the graph when there is one.")
    component_type: str = Field(
        "", description="Role: frontend, worker, prefill, decode or planner; anything else has no defaults."
    )
    sub_component_type: str = Field("", description="Refines the role of a worker, such as prefill or decode.")
    dynamo_namespace: str = Field("", description="Deprecated; only a component without a graph uses it.")
    global_dynamo_namespace: bool = Field(False, description="Join the Dynamo namespace that all graphs share.")
    resources: Resources | None = Field(None, description="Compute resources of the main container.")
    autoscaling: Autoscaling | None = Field(None, description="Deprecated and ignored; use a scaling adapter.")
    envs: Annotated[list[Json] | None, NAMED_ITEMS] = Field(
        None, description="Environment variables of the main container."
    )
    env_from_secret: str | None = Field(None, description="Secret whose keys become environment variables.")
    volume_mounts: list[VolumeMount] | None = Field(None, description="Claims to mount.")
    ingress: Ingress | None = Field(None, description="How the component is reached from outside.")
    model_ref: ModelReference | None = Field(None, description="Base model, for discovery of its endpoints.")
    shared_memory: SharedMemory | None = Field(None, description="Volume at /dev/shm; 8Gi when not set.")
    extra_pod_metadata: ExtraPodMetadata | None = Field(None, description="Labels and annotations for the pods.")
    extra_pod_spec: Json | None = Field(None, description="Pod spec to lay over the default one, and `mainContainer`.")
    liveness_probe: Json | None = Field(None, description="Replaces the liveness probe of the main container.")
    readiness_probe: Json | None = Field(None, description="Replaces the readiness probe of the main container.")
    replicas: Annotated[int | None, COUNT] = Field(None, description="Wanted replicas; 1 when not set.")
    multinode: Multinode | None = Field(None, description="Lets each replica span several nodes.")
    scaling_adapter: ScalingAdapter | None = Field(None, description="Hands replicas over to a scaling adapter.")

    @property
    def nodes(self) -> int:
        """Return how many nodes one replica spans."""
        return 1 if self.multinode is None else self.multinode.node_count

    @property
    def is_multinode(self) -> bool:
        """Return whether one replica spans more than one node."""
        return self.nodes > 1

    @property
    def is_scaled_by_adapter(self) -> bool:
        """Return whether a scaling adapter owns the replicas."""
        return self.scaling_adapter is not None and self.scaling_adapter.enabled


class ReplicaStatus(ApiModel):
    """Replicas of one component, as its workload reports them."""

    component_kind: Annotated[
        str, Facets(required=True, enum=("PodClique", "PodCliqueScalingGroup", "Deployment", "LeaderWorkerSet"))
    ] = Field("", description="Kind of the workload.")
    component_name: Annotated[str, REQUIRED] = Field("", description="Name of the workload.")
    replicas: Annotated[int, REQUIRED_COUNT] = Field(0, description="Replicas that exist.")
    updated_replicas: Annotated[int, REQUIRED_COUNT] = Field(0, description="Replicas of the newest template.")
    ready_replicas: Annotated[int | None, COUNT] = Field(None, description="Replicas that are ready.")
    available_replicas: Annotated[int | None, COUNT] = Field(None, description="Replicas that are available.")


class ComponentDeploymentSpec(ComponentSpec):
    """A component with the back end that it runs on."""

    backend_framework: BackendFramework = Field("", description="Inference engine of the workers.")


class ComponentDeploymentStatus(ApiModel):
    """What was observed of a component."""

    conditions: Annotated[list[Condition] | None, REQUIRED] = Field(None, description="Aspects of the current state.")
    pod_selector: dict[str, str] | None = Field(None, description="Labels that select the pods of the component.")
    service: ReplicaStatus | None = Field(None, description="Replicas of the workload.")
    observed_generation: Annotated[int | None, Facets(format="int64")] = Field(
        None, description="Generation of the spec that this status was computed for."
    )


class ComponentDeployment(KubernetesObject):
    """DynamoComponentDeployment: one component of an inference graph, as workload and service."""

    spec: ComponentDeploymentSpec = Field(
        default_factory=ComponentDeploymentSpec, description="What the component should be."
    )
    status: ComponentDeploymentStatus | None = Field(None, description="What was observed of the component.")
