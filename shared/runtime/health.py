"""Health, readiness and metrics over HTTP: what the service waits for is always one request away.

Readiness is a set of named checks, each either fine or waiting for a stated reason. The process is alive as long as
its event loop answers; nothing outside the process ever makes `/healthz` fail, so that an outage never becomes a
restart loop.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import orjson
import structlog
from aiohttp import web
from prometheus_client import REGISTRY, CollectorRegistry, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST

from shared.runtime import metrics

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)


class Readiness:
    """The named checks of one service; every check that was ever named must be fine."""

    def __init__(self, service: str) -> None:
        """Begin without any check: ready."""
        self._service = service
        self._waiting: dict[str, str] = {}
        self._fine: set[str] = set()
        self._publish()

    @property
    def is_ready(self) -> bool:
        """Return whether no check waits for anything."""
        return not self._waiting

    @property
    def waiting(self) -> dict[str, str]:
        """Return the checks that are not fine, with their reasons."""
        return dict(sorted(self._waiting.items()))

    @property
    def fine(self) -> tuple[str, ...]:
        """Return the checks that are fine."""
        return tuple(sorted(self._fine))

    def wait(self, check: str, reason: str) -> None:
        """Say that a check is not fine, and why."""
        self._fine.discard(check)
        self._waiting[check] = reason
        self._publish()

    def clear(self, check: str) -> None:
        """Say that a check is fine."""
        self._waiting.pop(check, None)
        self._fine.add(check)
        self._publish()

    def drop(self, check: str) -> None:
        """Forget a check, for what the service no longer does."""
        self._waiting.pop(check, None)
        self._fine.discard(check)
        self._publish()

    def _publish(self) -> None:
        metrics.READY.labels(self._service).set(1 if self.is_ready else 0)


@asynccontextmanager
async def serve_health(
    readiness: Readiness,
    *,
    address: str = "127.0.0.1",
    port: int = 0,
    port_file: Path | None = None,
    registry: CollectorRegistry = REGISTRY,
) -> AsyncIterator[int]:
    """Serve `/healthz`, `/readyz` and `/metrics`, and yield the port that was bound."""
    runner = web.AppRunner(_application(readiness, registry), access_log=None, handle_signals=False)
    await runner.setup()
    try:
        site = web.TCPSite(runner, address, port)
        await site.start()
        bound = int(runner.addresses[0][1])
        log.info("health is served", address=address, port=bound)
        if port_file is not None:
            await asyncio.to_thread(_write_port, port_file, bound)
        yield bound
    finally:
        await runner.cleanup()


def _application(readiness: Readiness, registry: CollectorRegistry) -> web.Application:
    async def healthz(_: web.Request) -> web.Response:
        return web.Response(text="ok\n")

    async def readyz(_: web.Request) -> web.Response:
        body = {"ready": readiness.is_ready, "waiting": readiness.waiting, "fine": readiness.fine}
        return web.Response(
            status=200 if readiness.is_ready else 503, body=orjson.dumps(body), content_type="application/json"
        )

    async def exposition(_: web.Request) -> web.Response:
        # In a thread: with many series this takes milliseconds that the event loop has better uses for.
        body = await asyncio.to_thread(generate_latest, registry)
        return web.Response(body=body, headers={"Content-Type": CONTENT_TYPE_LATEST})

    application = web.Application()
    application.router.add_get("/healthz", healthz)
    application.router.add_get("/readyz", readyz)
    application.router.add_get("/metrics", exposition)
    return application


def _write_port(path: Path, port: int) -> None:
    # Renamed into place: whoever waits for the file never reads half of it.
    partial = path.with_suffix(f"{path.suffix}.partial")
    partial.write_text(f"{port}\n", encoding="utf-8")
    partial.replace(path)
