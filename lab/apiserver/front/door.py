"""Decides what happens to a request from its first byte to the last of its answer.

Separate from the verbs, which know nothing of HTTP. Invariants: every request is counted once, answered once, and
every refusal leaves as a genuine Status; a broken handler answers 500 and the server goes on.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from datetime import UTC, datetime

import structlog
from aiohttp import web

from lab.apiserver.cluster import Cluster
from lab.apiserver.discovery.pages import Pages
from lab.apiserver.documents import dumps
from lab.apiserver.errors import ApiError, PageNotFoundError, bad_request
from lab.apiserver.front.audit import AuditLog
from lab.apiserver.front.authentication import authenticate
from lab.apiserver.front.counters import Counters
from lab.apiserver.front.dispatch import Dispatch, Exchange
from lab.apiserver.requests.bodies import MAX_BODY
from lab.apiserver.requests.negotiation import JSON, PROTOBUF, YAML, parse_form
from lab.apiserver.requests.paths import parse_target
from lab.apiserver.views.answers import encode

log = structlog.get_logger()


@dataclass(slots=True)
class Door:
    """The one handler of the HTTP server."""

    cluster: Cluster
    pages: Pages
    counters: Counters
    tls: bool
    latency: float = 0.0
    audit: AuditLog | None = None
    dispatch: Dispatch = field(init=False)

    def __post_init__(self) -> None:
        self.dispatch = Dispatch(self.cluster)

    async def __call__(self, request: web.BaseRequest) -> web.StreamResponse:
        """Answer one request."""
        received = datetime.now(UTC)
        if self.latency:
            await asyncio.sleep(self.latency)
        exchange = Exchange(request)
        try:
            response = await self._answer(exchange)
        except ApiError as error:
            response = _refusal(error, exchange)
        except PageNotFoundError:
            response = web.Response(status=404, text="404 page not found\n", headers=_NO_SNIFF)
        except RecursionError:
            response = _refusal(bad_request("exceeded max depth"), exchange)
        except web.HTTPRequestEntityTooLarge:
            response = _refusal(_too_large(), exchange)
        self._count(exchange, response.status)
        if self.audit is not None:
            await self.audit.add(exchange, response, received)
        return response

    def _count(self, exchange: Exchange, code: int) -> None:
        if not exchange.is_counted:
            agent = exchange.request.headers.get("User-Agent", "").partition(" ")[0]
            self.counters.add(agent, exchange.verb, exchange.resource, code)

    async def _answer(self, exchange: Exchange) -> web.StreamResponse:
        request = exchange.request
        exchange.caller = authenticate(request, tls=self.tls)
        path = request.rel_url.raw_path
        if path == "/lab/requests":
            return self._requests(exchange)
        page = self.pages.find(path, request.headers)
        if page is not None:
            exchange.verb = "discovery"
            return web.Response(
                body=page.body, content_type=None, status=200, headers={"Content-Type": page.media, **page.headers}
            )
        if not path.startswith(("/api/", "/apis/")):
            raise PageNotFoundError
        exchange.target = parse_target(path, self.cluster.catalog)
        exchange.resource = exchange.target.resource.qualified
        exchange.form = parse_form(request.headers.get("Accept", ""))
        return await self.dispatch.run(exchange, on_stream=lambda: self._stream_began(exchange))

    def _stream_began(self, exchange: Exchange) -> None:
        self._count(exchange, 200)
        exchange.is_counted = True

    def _requests(self, exchange: Exchange) -> web.Response:
        exchange.is_counted = True
        if exchange.request.method == "DELETE":
            self.counters.clear()
        return web.Response(body=dumps(self.counters.document()), content_type=JSON)


_NO_SNIFF = {"X-Content-Type-Options": "nosniff"}


def _too_large() -> ApiError:
    return ApiError(413, "RequestEntityTooLarge", f"Request entity too large: limit is {MAX_BODY}")


def _refusal(error: ApiError, exchange: Exchange) -> web.Response:
    accept = exchange.request.headers.get("Accept", "")
    if accept == PROTOBUF:
        return web.Response(status=error.code, headers={"Content-Type": PROTOBUF})
    media = YAML if accept.startswith(YAML) else JSON
    response = web.Response(status=error.code, body=encode(error.status(), media), headers={"Content-Type": media})
    for text in exchange.warnings():
        response.headers.add("Warning", text)
    retry = (error.details or {}).get("retryAfterSeconds")
    if retry:
        response.headers["Retry-After"] = str(retry)
    return response
