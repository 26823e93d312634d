"""A server that plays an API server behaving badly: each answer is one function that a test gives."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import orjson
import yaml
from aiohttp import web

from shared.core.json import Manifest

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class EagerClock:
    """Wakes every sleeper at once and remembers how long it wanted to sleep."""

    def __init__(self) -> None:
        """Begin without sleepers."""
        self.pauses: list[float] = []
        self._elapsed = 0.0

    def now(self) -> datetime:
        """Return a time that moves with the sleeps."""
        return datetime(2025, 1, 1, tzinfo=UTC) + timedelta(seconds=self._elapsed)

    def elapsed(self) -> float:
        """Return the seconds that were slept."""
        return self._elapsed

    async def sleep(self, delay: timedelta) -> None:
        """Count a pause as passed."""
        self.pauses.append(delay.total_seconds())
        self._elapsed += delay.total_seconds()
        await asyncio.sleep(0)


@dataclass(slots=True)
class ScriptedApi:
    """What was asked, and the handler that answers."""

    answer: Handler
    requests: list[web.Request] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)

    async def take(self, request: web.Request) -> web.StreamResponse:
        """Remember a request and answer it."""
        self.requests.append(request)
        self.bodies.append(await request.read())
        return await self.answer(request)

    @property
    def watches(self) -> list[web.Request]:
        """Return the watches that were opened."""
        return [request for request in self.requests if "watch" in request.query]

    @property
    def lists(self) -> list[web.Request]:
        """Return the other reads."""
        return [request for request in self.requests if request.method == "GET" and "watch" not in request.query]


@asynccontextmanager
async def serve(api: ScriptedApi, folder: Path, *, user: dict[str, object] | None = None) -> AsyncIterator[Path]:
    """Serve a script on a free port, and yield a kubeconfig that leads to it."""
    application = web.Application()
    application.router.add_route("*", "/{path:.*}", api.take)
    runner = web.AppRunner(application, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        yield kubeconfig(folder / "kubeconfig", port=int(runner.addresses[0][1]), user=user)
    finally:
        await runner.cleanup()


def kubeconfig(path: Path, *, port: int, user: dict[str, object] | None = None) -> Path:
    """Write a kubeconfig for a server on this machine."""
    document = {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "scripted",
        "contexts": [{"name": "scripted", "context": {"cluster": "scripted", "user": "tester"}}],
        "clusters": [{"name": "scripted", "cluster": {"server": f"http://127.0.0.1:{port}"}}],
        "users": [{"name": "tester", "user": user or {"token": "token-1"}}],
    }
    path.write_text(yaml.safe_dump(document), encoding="utf-8")
    return path


def object_answer(body: object, *, status: int = 200, headers: dict[str, str] | None = None) -> web.Response:
    """Answer with a JSON value."""
    return web.Response(status=status, body=orjson.dumps(body), content_type="application/json", headers=headers)


def status_answer(code: int, reason: str = "", *, message: str = "said the server", cause: str = "") -> web.Response:
    """Answer with a Status."""
    return object_answer(status(code, reason, message=message, cause=cause), status=code)


def status(code: int, reason: str = "", *, message: str = "said the server", cause: str = "") -> Manifest:
    """Return a Status that refuses."""
    causes = {"details": {"causes": [{"reason": cause, "message": cause}]}} if cause else {}
    return {"kind": "Status", "apiVersion": "v1", "status": "Failure", "reason": reason, "message": message} | {
        "code": code,
        **causes,
    }


def item(name: str, version: int) -> Manifest:
    """Return a ConfigMap as lists hold it: without its kind."""
    return {"metadata": {"name": name, "namespace": "demo", "uid": f"uid-{name}", "resourceVersion": str(version)}}


def list_answer(*items: Manifest, version: int, token: str = "") -> web.Response:
    """Answer with one page of a list."""
    metadata = {"resourceVersion": str(version), **({"continue": token} if token else {})}
    return object_answer({"kind": "ConfigMapList", "apiVersion": "v1", "metadata": metadata, "items": list(items)})


def event(kind: str, manifest: Manifest) -> bytes:
    """Return one line of a watch."""
    return orjson.dumps({"type": kind, "object": manifest}) + b"\n"


async def stream(request: web.Request, *chunks: bytes, stays_open: bool = False) -> web.StreamResponse:
    """Answer with chunks, and then end or stay silent until the client goes."""
    response = web.StreamResponse(headers={"Content-Type": "application/json"})
    await response.prepare(request)
    for chunk in chunks:
        await response.write(chunk)
    if stays_open:
        await asyncio.Event().wait()
    return response
