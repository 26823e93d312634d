"""Every knob of the discovery room."""

from __future__ import annotations

from pydantic import Field

from shared.runtime.settings import ServiceSettings


class DiscoverySettings(ServiceSettings):
    """What the discovery room can be told."""

    max_in_flight: int = Field(16, ge=1, description="Passes of one partition that run at once.")
