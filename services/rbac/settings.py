"""Every knob of the rbac room."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from shared.runtime.settings import ServiceSettings


class RbacSettings(ServiceSettings):
    """What the rbac room can be told."""

    planner_cluster_role: str = Field(
        "dynamo-planner", min_length=1, description="ClusterRole that the planner's account is bound to."
    )
    discovery_backend: Literal["kubernetes", "etcd"] = Field(
        "kubernetes", description="Discovery back end of graphs that name none."
    )
    max_in_flight: int = Field(16, ge=1, description="Passes of one partition that run at once.")
