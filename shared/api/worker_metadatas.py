"""DynamoWorkerMetadata: what one worker process tells its peers about itself.

Worker processes write and read it; the platform only gives them the kind, and reads it for discovery.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from shared.api.facets import REQUIRED
from shared.api.objects import ApiModel, Json, KubernetesObject


class WorkerMetadataSpec(ApiModel):
    """The document of one worker."""

    data: Annotated[Json | None, REQUIRED] = Field(None, description="Endpoints and model cards of the worker.")


class WorkerMetadata(KubernetesObject):
    """DynamoWorkerMetadata: discovery metadata that a worker pod publishes about itself."""

    spec: WorkerMetadataSpec | None = Field(None, description="The worker's metadata.")
