"""DynamoModel: a base model or LoRA adapter, and the endpoints that serve it."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from shared.api.facets import REQUIRED, Facets
from shared.api.objects import ApiModel, Condition, KubernetesObject


class ModelSource(ApiModel):
    """Where the weights are."""

    uri: Annotated[str, REQUIRED] = Field("", description="Address of the weights, s3://... or hf://...")


class ModelSpec(ApiModel):
    """Which model, on top of which base model."""

    model_name: Annotated[str, REQUIRED] = Field("", description="Name that clients ask for.")
    base_model_name: Annotated[str, REQUIRED] = Field("", description="Base model whose workers serve this one.")
    model_type: Annotated[str, Facets(default="base", enum=("base", "lora", "adapter"))] = Field(
        "base", description="Whether this is the base model itself or an adapter to load onto it."
    )
    source: ModelSource | None = Field(None, description="Where the weights of an adapter are.")


class ModelEndpoint(ApiModel):
    """One worker that serves the base model."""

    address: Annotated[str, REQUIRED] = Field("", description="URL of the worker.")
    pod_name: str = Field("", description="Pod of the worker.")
    ready: Annotated[bool, REQUIRED] = Field(False, description="Whether the model is loaded there.")


class ModelStatus(ApiModel):
    """Who serves the model."""

    endpoints: list[ModelEndpoint] | None = Field(None, description="Workers of the base model.")
    ready_endpoints: Annotated[int, REQUIRED] = Field(0, description="Number of ready endpoints.")
    total_endpoints: Annotated[int, REQUIRED] = Field(0, description="Number of endpoints.")
    conditions: list[Condition] | None = Field(None, description="Aspects of the current state.")


class Model(KubernetesObject):
    """DynamoModel: a model that is served by the workers of a base model."""

    spec: ModelSpec = Field(default_factory=ModelSpec, description="Which model.")
    status: ModelStatus | None = Field(None, description="Who serves the model.")
