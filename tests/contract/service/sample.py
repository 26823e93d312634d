"""A service that does nothing, as a process: what it does is chosen by its own setting."""

from __future__ import annotations

import asyncio
from typing import Literal

import structlog
from pydantic import Field

from shared.core.errors import PermanentError
from shared.runtime.service import Service, main
from shared.runtime.settings import ServiceSettings

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)


class SampleSettings(ServiceSettings):
    """Every knob of the sample."""

    behaviour: Literal["works", "waits", "lingers", "fails", "breaks", "ends"] = Field(
        "works", description="What the app does."
    )


async def app(settings: SampleSettings, service: Service) -> None:
    """Behave as told."""
    match settings.behaviour:
        case "waits":  # for a server that is not there
            await asyncio.Event().wait()
        case "fails":
            raise PermanentError("the stream belongs to another installation")
        case "breaks":
            raise RuntimeError("a bug")
        case "ends":
            return
        case _:
            service.started()
            await service.stopping.wait()
    if settings.behaviour == "lingers":
        await asyncio.Event().wait()
    log.info("work in hand is finished")


if __name__ == "__main__":
    main("sample", SampleSettings, app)
