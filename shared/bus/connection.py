"""One connection to the event log that outlives every server: requests, inboxes and news of its state.

Separate from JetStream, of which it knows nothing. The client library alone is not enough in four ways: it keeps a
request waiting for an answer that a broken connection can never bring; it turns a refused permission into a time-out;
it gives up for ever when a server refuses the login once; and while disconnected it stores what is published and sends
it much later. Invariant: nothing is taken for sending while disconnected, and whoever waits learns of a lost
connection at once.
"""

from __future__ import annotations

import asyncio
import itertools
import random
import re
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import nats.errors
import structlog
from nats.aio.client import Client, Server
from nats.aio.msg import Msg
from nats.aio.subscription import Subscription as Inbox

from shared.bus.credentials import Credentials
from shared.bus.options import NatsOptions, tls_context
from shared.bus.silence import Silence, abort
from shared.core.errors import ForbiddenError, InvalidObjectError, PermanentError, UnknownResultError, UnreachableError
from shared.ports.bus import Answerer, NoRespondersError

log = structlog.get_logger(__name__)

STATUS = "Status"
DESCRIPTION = "Description"
_NO_RESPONDERS = "503"
_REFUSED = re.compile(r'permissions violation for (publish|subscription) to "([^"]+)"')
_MISSED_PINGS = 1
_FIRST_PAUSE = 0.05  # seconds before the second attempt to reconnect; doubled up to the cap

OnMessage = Callable[[Msg], Awaitable[None]]
OnChange = Callable[[], None]
CountError = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class _Waiting:
    """A request that was sent."""

    subject: str
    answer: asyncio.Future[bytes]


@dataclass(slots=True)
class _Served:
    """A subject that is answered here."""

    subject: str
    answer: Answerer
    client: Client | None = None  # of the connection that stands now, or is being made
    inbox: Inbox | None = None  # on that connection


class Connection:
    """The connection; open and close it once."""

    def __init__(self, options: NatsOptions, count_error: CountError) -> None:
        """Remember where to connect; each error is also given to `count_error`, by its kind."""
        self._options = options
        self._count_error = count_error
        self._client = Client()
        self._prefix = ""
        self._tokens = itertools.count(1)
        self._waiting: dict[str, _Waiting] = {}
        self._listeners: list[OnChange] = []
        self._served: list[_Served] = []
        self._connected = asyncio.Event()
        self._opening = asyncio.Lock()
        self._is_closing = False
        self._silence = Silence(options.times.connect)
        self._used = ""  # address of the server that we are, or were last, connected to
        self._logged: set[str] = set()
        self.errors: Counter[str] = Counter()
        self.generation = 0  # grows with each connect

    @property
    def is_connected(self) -> bool:
        """Return whether a server is connected."""
        return self._connected.is_set()

    @property
    def server_count(self) -> int:
        """Return how many servers we know, by configuration or from the servers themselves."""
        return len({server.netloc for server in self._client.servers})

    async def open(self) -> None:
        """Connect; waits for as long as no server is there, and says so once."""
        async with self._opening:
            if not self._connected.is_set() and (self._client.is_closed or self.generation == 0):
                await self._connect()

    async def close(self) -> None:
        """Disconnect."""
        self._is_closing = True
        self._connected.clear()
        try:
            async with asyncio.timeout(self._options.times.connect.total_seconds()):
                await self._client.close()
        except OSError:  # too late, or the server reset the connection in the middle of the good-bye
            abort(self._client)

    async def wait_until_connected(self) -> None:
        """Wait for a server, for as long as it takes."""
        if self._client.is_closed and not self._is_closing:
            await self.open()  # the library gave up; it is started again, not the process
        await self._connected.wait()

    def on_change(self, listener: OnChange) -> Callable[[], None]:
        """Call a function at each disconnect and connect, until the returned function is called."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    async def request(
        self,
        subject: str,
        body: bytes,
        *,
        headers: Mapping[str, str] | None = None,
        within: timedelta,
        is_write: bool = False,
    ) -> bytes:
        """Send a request and return the answer's body.

        UnreachableError when it was not sent or not answered in time; for a write that was sent: UnknownResultError.
        """
        waiting = _Waiting(subject, asyncio.get_running_loop().create_future())
        token = str(next(self._tokens))
        is_sent = False
        try:
            async with asyncio.timeout(within.total_seconds()):
                await self.wait_until_connected()
                self._waiting[token] = waiting
                is_sent = True
                await self._send(subject, body, f"{self._prefix}.{token}", headers)
                return await self._answer(waiting)
        except TimeoutError as error:
            message = f"{subject}: no answer within {within.total_seconds():g} s"
            if is_write and is_sent:
                raise UnknownResultError(message) from error
            raise UnreachableError(message) from error
        except UnknownResultError as error:
            if is_write:
                raise
            raise UnreachableError(str(error)) from error
        finally:
            self._waiting.pop(token, None)
            if waiting.answer.done() and not waiting.answer.cancelled():
                waiting.answer.exception()  # seen, also where another error came first

    async def reply(self, subject: str) -> None:
        """Send an empty answer, as flow control asks for; a lost one only means that the server asks again."""
        with suppress(nats.errors.Error):
            await self._client.publish(subject)

    async def listen(self, on_message: OnMessage) -> tuple[str, Callable[[], Awaitable[None]]]:
        """Open an inbox; return its subject and what closes it."""
        client, subject = self._client, self._client.new_inbox()
        try:
            inbox = await client.subscribe(subject, cb=on_message)
        except nats.errors.Error as error:
            raise UnreachableError(f"no inbox: {error}") from error
        return subject, lambda: _unsubscribe(inbox)

    async def serve(self, subject: str, answer: Answerer) -> Callable[[], Awaitable[None]]:
        """Answer the requests on a subject, on every later connection too; return what ends that."""
        served = _Served(subject, answer)
        await self._subscribe(served)
        self._served.append(served)

        async def end() -> None:
            self._served.remove(served)
            if served.inbox is not None:
                await _unsubscribe(served.inbox)

        return end

    async def _subscribe(self, served: _Served) -> None:
        client = self._client
        if served.client is client:
            return
        served.client = client

        async def on_request(message: Msg) -> None:
            answer = await served.answer(message.subject, message.data)
            if answer is not None:
                with suppress(nats.errors.Error):  # who asked finds out by its deadline
                    await client.publish(message.reply, answer)

        try:
            served.inbox = await client.subscribe(served.subject, cb=on_request)
        except nats.errors.Error as error:
            raise UnreachableError(f"{served.subject} cannot be served: {error}") from error

    async def _answer(self, waiting: _Waiting) -> bytes:
        """Wait for the answer of a request; one that is slow to come puts the server in doubt."""
        await asyncio.wait([waiting.answer], timeout=self._options.times.doubt.total_seconds())
        if not waiting.answer.done():
            await self._silence.doubt(self._client)
        return await waiting.answer

    async def _send(self, subject: str, body: bytes, reply: str, headers: Mapping[str, str] | None) -> None:
        try:
            await self._client.publish(subject, body, reply=reply, headers=dict(headers) if headers else None)
        except (nats.errors.MaxPayloadError, nats.errors.BadHeaderError, nats.errors.BadSubjectError) as error:
            raise InvalidObjectError(f"{subject}: {error}") from error
        except nats.errors.Error as error:
            raise UnreachableError(f"{subject}: {error}") from error

    async def _connect(self) -> None:
        client = self._client = Client()
        options, times = self._options, self._options.times
        is_open = False
        try:
            await client.connect(
                servers=list(options.servers),
                name=options.name,
                error_cb=self._on_error,
                disconnected_cb=self._on_disconnected,
                reconnected_cb=self._on_connected,
                closed_cb=self._on_closed,
                connect_timeout=times.connect.total_seconds(),  # type: ignore[arg-type]  # annotated int, used as seconds
                reconnect_time_wait=times.reconnect_cap.total_seconds(),  # type: ignore[arg-type]  # the same
                reconnect_to_server_handler=self._next_server,
                max_reconnect_attempts=-1,
                ping_interval=times.ping.total_seconds(),  # type: ignore[arg-type]  # the same
                max_outstanding_pings=_MISSED_PINGS,
                pending_size=0,  # no publishing into a buffer that is sent who knows when
                **self._authentication(),
            )
            self._prefix = client.new_inbox()
            await client.subscribe(f"{self._prefix}.*", cb=self._on_answer)
            for served in tuple(self._served):
                await self._subscribe(served)
            is_open = True
        finally:
            if not is_open:  # cancelled: leave no socket and no task behind
                await client.close()
        await self._on_connected()

    def _authentication(self) -> dict[str, Any]:
        options = self._options
        arguments: dict[str, Any] = {"tls": tls_context(options)}
        if options.user:
            arguments |= {"user": options.user, "password": options.password}
        if options.credentials:
            credentials = Credentials(options.credentials)
            arguments["user_jwt_cb"] = lambda: _as_library_error(credentials.jwt)
            arguments["signature_cb"] = lambda nonce: _as_library_error(lambda: credentials.sign(nonce))
        return arguments

    def _next_server(self, servers: list[Server], _: dict[str, Any]) -> tuple[Server | None, float]:
        """Choose the server that failed least, rather not the one just lost, and the pause before it is tried."""
        server = min(servers, key=lambda candidate: (candidate.reconnects, candidate.uri.netloc == self._used))
        if server.reconnects == 0:
            return server, 0.0
        cap = self._options.times.reconnect_cap.total_seconds()
        pause = min(cap, _FIRST_PAUSE * 2.0 ** min(server.reconnects, 10))
        return server, pause * random.uniform(0.5, 1.0)

    async def _on_answer(self, message: Msg) -> None:
        self._silence.heard()
        waiting = self._waiting.get(message.subject.rpartition(".")[2])
        if waiting is None or waiting.answer.done():
            return
        if message.headers and message.headers.get(STATUS) == _NO_RESPONDERS:
            waiting.answer.set_exception(NoRespondersError(f"nobody takes {waiting.subject}"))
        else:
            waiting.answer.set_result(message.data)

    async def _on_connected(self) -> None:
        server = self._client.connected_url
        self._used = server.netloc if server is not None else ""
        self.generation += 1
        self._silence.heard()
        self._logged.clear()
        self._connected.set()
        log.info("event log connected", servers=self.server_count)
        self._notify()

    async def _on_disconnected(self) -> None:
        self._connected.clear()
        for waiting in self._waiting.values():
            _fail(waiting, UnknownResultError(f"{waiting.subject}: connection lost before the answer"))
        if not self._is_closing:
            log.warning("event log disconnected")
            self._notify()

    async def _on_closed(self) -> None:
        if not self._is_closing:
            log.warning("event log refused the connection, it is opened anew")

    async def _on_error(self, error: Exception) -> None:
        message = str(error) or type(error).__name__
        refused = _REFUSED.search(message.lower())
        kind = "permission" if refused else type(error).__name__
        self.errors[kind] += 1
        self._count_error(kind)
        if refused is not None:
            self._was_refused(refused.group(1), refused.group(2), message)
        elif message not in self._logged:  # one line for an outage, not one for each attempt
            self._logged.add(message)
            log.warning("event log error", error=message)

    def _was_refused(self, operation: str, subject: str, message: str) -> None:
        log.error("event log refuses permission", operation=operation, subject=subject)
        for waiting in self._waiting.values():
            # The server's sentence arrives in lower case; a refused inbox concerns every request.
            if operation == "subscription" or waiting.subject.lower() == subject:
                _fail(waiting, ForbiddenError(message))

    def _notify(self) -> None:
        for listener in tuple(self._listeners):
            listener()


def _as_library_error(read: Callable[[], bytes]) -> bytes:
    """Let a bad file be retried and logged like a refused login: other errors would end the library's reconnecting."""
    try:
        return read()
    except PermanentError as error:
        raise nats.errors.Error(str(error)) from error


def _fail(waiting: _Waiting, error: Exception) -> None:
    if not waiting.answer.done():
        waiting.answer.set_exception(error)


async def _unsubscribe(inbox: Inbox) -> None:
    with suppress(nats.errors.Error):  # closed with its connection
        await inbox.unsubscribe()
