"""The life of a service process: settings, logs, health, the app, a graceful stop, an exit code.

A room gives one async function, its app; this module decides when the process ends. SIGTERM and SIGINT set
`stopping`; the app then finishes its work in hand. What it has not finished within the budget is cancelled, which is
safe: a cancelled write may have happened, and the next pass reads.
"""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from importlib.metadata import version as installed_version
from typing import TypeVar

import structlog

from shared.core.errors import PlatformError
from shared.runtime import logs
from shared.runtime.collector import spare_collector
from shared.runtime.health import Readiness, serve_health
from shared.runtime.settings import ServiceSettings, load_or_exit

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

Settings = TypeVar("Settings", bound=ServiceSettings)

STOPPED = 0
FAILED = 1
INTERRUPTED = 130

_START = "start"  # the readiness check that the app itself clears


@dataclass(frozen=True, slots=True)
class Service:
    """What an app knows of its process."""

    name: str
    readiness: Readiness
    stopping: asyncio.Event = field(default_factory=asyncio.Event)
    version: str = installed_version("dynamo-platform")

    def started(self) -> None:
        """Say that the app has set itself up: from now on its own checks decide about readiness."""
        self.readiness.clear(_START)

    @property
    def has_started(self) -> bool:
        """Return whether the app has set itself up, so that there may be work in hand."""
        return _START not in self.readiness.waiting


App = Callable[[Settings, Service], Awaitable[None]]


def main(name: str, model: type[Settings], app: App[Settings]) -> None:
    """Run a service until it is told to stop, and end the process with its exit code."""
    settings = load_or_exit(model, name)
    logs.configure(service=name, level=settings.log_level, form=settings.log_format)
    spare_collector()
    raise SystemExit(asyncio.run(run(name, settings, app)))


async def run(name: str, settings: Settings, app: App[Settings]) -> int:
    """Run an app with its health server and signal handlers, and return the exit code."""
    service = Service(name, Readiness(name))
    service.readiness.wait(_START, "the service has not finished its start")
    received: list[signal.Signals] = []

    def stop(number: signal.Signals) -> None:
        received.append(number)
        service.stopping.set()

    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop, number)
    try:
        code = await _supervise(service, settings, app)
    finally:
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.remove_signal_handler(number)
    return INTERRUPTED if code == STOPPED and received[:1] == [signal.SIGINT] else code


async def _supervise(service: Service, settings: Settings, app: App[Settings]) -> int:
    code = STOPPED
    log.info("service started", version=service.version, install=settings.install)
    try:
        async with (
            serve_health(
                service.readiness,
                address=settings.bind_address,
                port=settings.health_port,
                port_file=settings.port_file,
            ),
            asyncio.TaskGroup() as tasks,
        ):
            work = tasks.create_task(_run_app(service, settings, app), name=service.name)
            await _finish(service, settings, work)
    except* (PlatformError, OSError) as failures:
        for failure in _leaves(failures):
            log.error("service failed", error=type(failure).__name__, reason=str(failure))
        code = FAILED
    log.info("service stopped", code=code)
    return code


async def _run_app(service: Service, settings: Settings, app: App[Settings]) -> None:
    try:
        await app(settings, service)
    finally:
        service.stopping.set()


async def _finish(service: Service, settings: Settings, work: asyncio.Task[None]) -> None:
    await service.stopping.wait()
    if work.done():
        return
    budget = settings.shutdown_timeout.total_seconds() if service.has_started else 0.0
    service.readiness.wait("stop", "the service was told to stop")
    log.info("service stops", budget_seconds=budget)
    await asyncio.wait([work], timeout=budget)
    if not work.done():
        tell = log.warning if service.has_started else log.info  # who still waits for its servers has no work in hand
        tell("app was cancelled", budget_seconds=budget)
        work.cancel()


def _leaves(group: BaseExceptionGroup[BaseException]) -> list[BaseException]:
    found: list[BaseException] = []
    for error in group.exceptions:
        found += _leaves(error) if isinstance(error, BaseExceptionGroup) else [error]
    return found
