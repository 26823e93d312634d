"""Every knob of the reconciler."""

from __future__ import annotations

from pydantic import Field

from shared.api.platform import PlatformContext
from shared.runtime.settings import ServiceSettings


class ReconcilerSettings(ServiceSettings):
    """What the reconciler can be told."""

    platform: PlatformContext = Field(
        default_factory=PlatformContext, description="What rendering depends on; see the page on configuration."
    )
    max_in_flight: int = Field(16, ge=1, description="Passes of one partition that run at once.")
