"""Every knob of the rbac room."""

from __future__ import annotations

from pydantic import Field

from shared.api.platform import PlatformContext
from shared.runtime.settings import ServiceSettings


class RbacSettings(ServiceSettings):
    """What the rbac room can be told."""

    platform: PlatformContext = Field(
        default_factory=PlatformContext,
        description="The installation's settings, of which the planner's role and the discovery back end count here.",
    )
    max_in_flight: int = Field(16, ge=1, description="Passes of one partition that run at once.")
