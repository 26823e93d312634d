"""One HTTP session to the API server: deadlines, credentials, throttling, and errors by their meaning.

Everything about a single exchange is decided here, nothing about what is asked. The deadline of a call counts from
the call itself, waiting for a free connection and repeated attempts included: a fenced write that was allowed now
must not be sent later. Only what the server surely did not do is sent again.
"""

from __future__ import annotations

import asyncio
import itertools
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from functools import lru_cache
from typing import Any, Protocol
from urllib.parse import quote, urlencode

import aiohttp
import structlog
from yarl import URL

from shared.core.errors import UnknownResultError, UnreachableError
from shared.kube.answers import Answer, ThrottledError, UnauthenticatedError, error_of
from shared.kube.credentials import Access, Credentials
from shared.kube.sockets import Sockets
from shared.ports.clock import Clock
from shared.ports.mandates import MANDATE, Mandate

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

JSON = "application/json"
_READ_BUFFER = 2**21  # a line of a watch may be as long as the largest object
_AUDIT_ID_LIMIT = 64
_WRITES = itertools.count(1)
_THROTTLE_PAUSE = timedelta(milliseconds=500)


class UntrustedServerError(UnreachableError):
    """The server's certificate is not one that our authority signed, or it does not accept ours."""


class Observer(Protocol):
    """Who counts requests and restarts of watches."""

    def requested(self, verb: str, resource: str, code: int, seconds: float) -> None:
        """Take in one finished request; code 0 is one without an answer."""
        ...

    def watch_restarted(self, resource: str, reason: str) -> None:
        """Take in the end of one watch."""
        ...

    def went_away(self, reason: str) -> None:
        """Take in that no connection to the server can be made."""
        ...

    def came_back(self) -> None:
        """Take in that the server answers again."""
        ...


@dataclass(frozen=True, slots=True)
class Call:
    """One request: what is asked of which path."""

    verb: str  # as RBAC names it
    resource: str  # for the count
    method: str
    path: str
    query: Mapping[str, str] = field(default_factory=dict)
    body: bytes | None = None
    content_type: str = JSON
    accept: str = JSON

    @property
    def is_write(self) -> bool:
        """Return whether the request may change something."""
        return self.method != "GET"

    def __str__(self) -> str:
        """Return how messages name the request."""
        return f"{self.verb} {self.path}"


@dataclass(frozen=True, slots=True)
class Limits:
    """How long a request may take and how many are under way at once."""

    deadline: timedelta
    write_deadline: timedelta  # shorter where a claim does not outlast the other
    connections: int


class Transport:
    """Sends calls; made by `open_transport`."""

    def __init__(
        self,
        session: aiohttp.ClientSession,
        credentials: Credentials,
        *,
        limits: Limits,
        clock: Clock,
        observer: Observer,
    ) -> None:
        """Use a session; watches are not counted among the connections."""
        self._session = session
        self._credentials = credentials
        self._limits = limits
        self._clock = clock
        self._free = asyncio.Semaphore(limits.connections)
        self.observer = observer
        self._is_away = False
        self._was_there = False

    async def send(self, call: Call) -> bytes:
        """Return the body of a successful answer; raise the error that any other one means."""
        allowed = self._limits.write_deadline if call.is_write else self._limits.deadline
        end = self._clock.elapsed() + allowed.total_seconds()
        if self._free.locked():
            async with self._until(end, f"{call}: no connection became free in time"):
                await self._free.acquire()
        else:
            await self._free.acquire()  # which waits for nothing
        try:
            return await self._attempt(call, end)
        finally:
            self._free.release()

    @asynccontextmanager
    async def stream(self, call: Call, *, silence: timedelta) -> AsyncIterator[aiohttp.StreamReader]:
        """Open an answer that does not end, and give its raw bytes; a silent server raises UnreachableError."""
        access = await self._credentials.access()
        timeout = aiohttp.ClientTimeout(total=None, sock_read=silence.total_seconds())
        began = time.monotonic()
        try:
            async with asyncio.timeout(self._limits.deadline.total_seconds()):
                response = await self._session.request(call.method, timeout=timeout, **_arguments(call, access))
            async with response:
                self._count(call, response.status, began)
                if response.status != 200:
                    await self._refuse(call, response, access)
                try:
                    yield response.content
                finally:
                    _abort(response)
        except aiohttp.ClientSSLError as error:
            await self._credentials.access(refused=access)  # for the next attempt
            raise UntrustedServerError(f"{call}: {self._away(error)}") from error
        except aiohttp.ClientConnectorError as error:
            raise UnreachableError(f"{call}: {self._away(error)}") from error
        except (aiohttp.ClientError, TimeoutError) as error:
            raise UnreachableError(f"{call}: {_reason(error)}") from error

    async def _attempt(self, call: Call, end: float) -> bytes:
        refused: Access | None = None
        while True:
            access = self._credentials.known(refused=refused)
            if access is None:
                async with self._until(end, f"{call}: no credentials in time"):
                    access = await self._credentials.access(refused=refused)
            try:
                answer = await self._exchange(call, access, end)
            except UntrustedServerError:
                if refused is not None:
                    raise
                refused = access  # nothing was sent, and the authority may have been renewed
                continue
            if answer.is_success:
                return answer.body
            error = error_of(str(call), answer, is_write=call.is_write)
            if isinstance(error, UnauthenticatedError) and refused is None:
                refused = access
            elif isinstance(error, ThrottledError) and _pause(error) < self._left(end):
                await asyncio.sleep(_pause(error))
            else:
                raise error

    async def _exchange(self, call: Call, access: Access, end: float) -> Answer:
        began, code = time.monotonic(), 0
        left = self._left(end)
        if left <= 0:
            raise UnreachableError(f"{call}: not sent before its deadline")
        timeout = aiohttp.ClientTimeout(total=left)
        try:
            async with self._session.request(call.method, timeout=timeout, **_arguments(call, access)) as response:
                body = await response.read()
                code = response.status
                return Answer(code, body, response.headers.get("Retry-After", ""))
        except aiohttp.ClientSSLError as error:
            raise UntrustedServerError(f"{call}: {self._away(error)}") from error
        except aiohttp.ClientConnectorError as error:
            raise UnreachableError(f"{call}: {self._away(error)}") from error
        except (aiohttp.ClientError, TimeoutError) as error:
            kind = UnknownResultError if call.is_write else UnreachableError
            raise kind(f"{call}: {_reason(error)}") from error
        finally:
            self._count(call, code, began)

    def _left(self, end: float) -> float:
        """Return the seconds until a moment, on the clock by which claims run out: a suspended machine counts."""
        return end - self._clock.elapsed()

    @asynccontextmanager
    async def _until(self, end: float, late: str) -> AsyncIterator[None]:
        try:
            async with asyncio.timeout(self._left(end)):
                yield
        except TimeoutError as error:
            raise UnreachableError(late) from error

    async def _refuse(self, call: Call, response: aiohttp.ClientResponse, access: Access) -> None:
        async with asyncio.timeout(self._limits.deadline.total_seconds()):
            body = await response.read()
        if response.status == 401:
            await self._credentials.access(refused=access)  # the next attempt may be known again
        raise error_of(str(call), Answer(response.status, body), is_write=False)

    def _away(self, error: aiohttp.ClientConnectorError | aiohttp.ClientSSLError) -> str:
        """Tell once, for all requests and watches, that the server is away; return the reason."""
        cause = getattr(error, "os_error", None) or getattr(error, "certificate_error", None) or error
        reason = f"cannot connect to {error.host}:{error.port}: {getattr(cause, 'strerror', None) or cause}"
        if self._was_there and not self._is_away:  # before the first answer, whoever opened us says what it waits for
            log.warning("API server is away", reason=reason)
        self._is_away = True
        self.observer.went_away(reason)
        return reason

    def _count(self, call: Call, code: int, began: float) -> None:
        if code and self._is_away:
            self._is_away = False
            self.observer.came_back()
            if self._was_there:
                log.info("API server is back")
        self._was_there = self._was_there or code > 0
        self.observer.requested(call.verb, call.resource, code, time.monotonic() - began)


@asynccontextmanager
async def open_transport(
    credentials: Credentials, *, limits: Limits, clock: Clock, observer: Observer, user_agent: str
) -> AsyncIterator[Transport]:
    """Open the one session of a process, and close it at the end."""
    sockets = Sockets()
    try:
        async with aiohttp.ClientSession(
            # Watches hold a connection each, so the pool has no limit: requests are counted by the transport.
            connector=aiohttp.TCPConnector(limit=0, ttl_dns_cache=60, socket_factory=sockets.open),
            trust_env=False,
            read_bufsize=_READ_BUFFER,
            auto_decompress=False,
            headers={"User-Agent": user_agent, "Accept-Encoding": "identity"},
            cookie_jar=aiohttp.DummyCookieJar(),
        ) as session:
            yield Transport(session, credentials, limits=limits, clock=clock, observer=observer)
    finally:  # also when the body was cancelled
        await sockets.hang_up()


def _arguments(call: Call, access: Access) -> dict[str, Any]:
    # Encoded here, once: the session would parse and quote every part of each address again.
    query = f"?{_encoded(tuple(call.query.items()))}" if call.query else ""
    headers = {"Accept": call.accept, **access.headers}
    if call.body is not None:
        headers["Content-Type"] = call.content_type
    mandate = MANDATE.get()
    if mandate is not None and call.is_write:
        headers["Audit-ID"] = audit_id(mandate, next(_WRITES))
    return {
        "url": URL(f"{access.server}{quote(call.path)}{query}", encoded=True),
        "headers": headers,
        "data": call.body,
        "ssl": access.tls,
        "server_hostname": access.server_name,
        "proxy": access.proxy,
        "allow_redirects": False,
    }


@lru_cache
def _encoded(query: tuple[tuple[str, str], ...]) -> str:
    """Return a query as it is sent; those of writes are few."""
    return urlencode(query)


def audit_id(mandate: Mandate, number: int) -> str:
    """Return the id under which the API server's audit log keeps a write: who acted under which claim for which edit.

    A server takes the id from its client, shortened to 64 bytes; `number` keeps the writes of a process apart.
    """
    return f"{mandate.unit}/{mandate.token}/{mandate.correlation or '-'}/{number}"[:_AUDIT_ID_LIMIT]


def _abort(response: aiohttp.ClientResponse) -> None:
    # Closing in order would wait half a minute for the answer of a server that has no reason to send one.
    if response.connection is not None and response.connection.transport is not None:
        response.connection.transport.abort()


def _pause(error: ThrottledError) -> float:
    return (_THROTTLE_PAUSE if error.after is None else error.after).total_seconds()


def _reason(error: BaseException) -> str:
    return str(error) or type(error).__name__
