"""Calls to etcd over gRPC: endpoints, deadlines, login, and errors as the port names them.

Separate from what is asked. gRPC and the stubs carry no types: here is their door, and nothing untyped passes it but
messages. Invariants: every call has a deadline; after a failure the next call tries the next endpoint; and each failure
that may hide a new server behind the old address raises `failures`, so that the store is looked at again.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import grpc.aio
import structlog
from etcd3 import etcdrpc

from shared.core.errors import PlatformError, UnreachableError
from shared.store import messages
from shared.store.failures import LoginExpiredError, failure
from shared.store.messages import Message
from shared.store.options import EtcdOptions, read_tls_files

log = structlog.get_logger(__name__)

# A watch or a keepalive at a member that has lost its leader ends, instead of waiting for news that cannot come.
_NEEDS_LEADER = (("hasleader", "true"),)
_GRPC_OPTIONS = (
    ("grpc.initial_reconnect_backoff_ms", 100),
    ("grpc.max_reconnect_backoff_ms", 1000),
    ("grpc.min_reconnect_backoff_ms", 2000),  # in truth the longest time that one attempt to connect may take
    ("grpc.keepalive_time_ms", 10_000),  # etcd refuses clients that ping more often than every 5 s
    ("grpc.keepalive_timeout_ms", 5_000),
    ("grpc.max_receive_message_length", -1),
    ("grpc.enable_http_proxy", 0),
    ("grpc.use_local_subchannel_pool", 1),
)

Observe = Callable[[str, float], None]  # of the call's name, and the seconds until the answer or the failure
Call = Callable[[Any, tuple[tuple[str, str], ...]], Awaitable[Message]]  # of a channel and the metadata to send


def observe_nothing(call: str, seconds: float) -> None:
    """Measure no calls."""


class Wire:
    """The channels to all endpoints; one of them is used, the others wait."""

    def __init__(self, options: EtcdOptions, observe: Observe = observe_nothing) -> None:
        """Open the channels, which connect by themselves when they are used."""
        self._options = options
        self._observe = observe
        self._channels = _open_channels(options)
        self._current = 0
        self._token = ""
        self._login_lock = asyncio.Lock()
        self.failures = 0  # calls that got no answer; grows before a new server can be mistaken for the old one

    async def close(self) -> None:
        """Close all channels."""
        for channel in self._channels:
            await channel.close()

    async def read(self, request: Message) -> Message:
        """Read a range."""
        return await self._call(lambda channel: etcdrpc.KVStub(channel).Range, request, "read", is_write=False)

    async def commit(self, request: Message) -> Message:
        """Run a transaction."""
        return await self._call(lambda channel: etcdrpc.KVStub(channel).Txn, request, "transaction", is_write=True)

    async def grant(self, request: Message) -> Message:
        """Take a lease."""
        return await self._call(lambda channel: etcdrpc.LeaseStub(channel).LeaseGrant, request, "grant", is_write=True)

    async def revoke(self, request: Message) -> Message:
        """End a lease."""
        return await self._call(
            lambda channel: etcdrpc.LeaseStub(channel).LeaseRevoke, request, "revoke", is_write=True
        )

    async def alarms(self) -> Message:
        """Ask which alarms are raised."""
        request = messages.alarms_request()
        return await self._call(
            lambda channel: etcdrpc.MaintenanceStub(channel).Alarm, request, "alarms", is_write=False
        )

    async def statuses(self) -> list[tuple[str, Message | PlatformError]]:
        """Ask every endpoint how it is, all at once; one that does not answer has its error instead."""
        await self._log_in_if_needed()
        async with asyncio.TaskGroup() as tasks:
            asked = [tasks.create_task(self._status(channel)) for channel in self._channels]
        return list(zip(self._options.endpoints, (each.result() for each in asked), strict=True))

    async def _status(self, channel: Any) -> Message | PlatformError:
        stub = etcdrpc.MaintenanceStub(channel)
        try:
            return await stub.Status(messages.status_request(), metadata=self._metadata(), timeout=self._deadline)
        except grpc.aio.AioRpcError as error:
            return failure(error.code().name, error.details() or "", call="status", is_write=False)

    async def keep_alive(self, request: Message, *, within: timedelta) -> Message:
        """Renew a lease once; etcd offers it as a stream only."""
        deadline = min(within, self._options.times.call).total_seconds()

        async def once(channel: Any, metadata: tuple[tuple[str, str], ...]) -> Message:
            stub = etcdrpc.LeaseStub(channel)
            renewals = stub.LeaseKeepAlive(metadata=metadata + _NEEDS_LEADER, timeout=deadline)
            try:
                await renewals.write(request)
                answer = await renewals.read()
            finally:
                renewals.cancel()
            if answer is grpc.aio.EOF:
                raise UnreachableError("keep alive: the stream ended without an answer")
            return answer

        return await self._logged_in(once, "keep alive", is_write=False)

    @asynccontextmanager
    async def watch(self, request: Message) -> AsyncIterator[Watch]:
        """Open a watch stream; it has no deadline, its reader has."""
        await self._log_in_if_needed()
        index = self._current
        call = etcdrpc.WatchStub(self._channels[index]).Watch(metadata=self._metadata() + _NEEDS_LEADER)
        watch = Watch(
            call,
            translate=lambda error: self._translate(error, "watch", index, is_write=False),
            is_left=lambda: self._current != index,
        )
        try:
            await watch.ask(request)
            yield watch
        finally:
            await watch.close()

    def forget_login(self) -> None:
        """Log in anew before the next call."""
        self._token = ""

    async def _call(self, method: Callable[[Any], Any], request: Message, name: str, *, is_write: bool) -> Message:
        async def once(channel: Any, metadata: tuple[tuple[str, str], ...]) -> Message:
            return await method(channel)(request, metadata=metadata, timeout=self._deadline)

        return await self._logged_in(once, name, is_write=is_write)

    async def _logged_in(self, once: Call, name: str, *, is_write: bool) -> Message:
        began = time.monotonic()
        try:
            return await self._attempt(once, name, is_write=is_write)
        except LoginExpiredError:
            self.forget_login()
            return await self._attempt(once, name, is_write=is_write)
        finally:
            self._observe(name, time.monotonic() - began)

    async def _attempt(self, once: Call, name: str, *, is_write: bool) -> Message:
        await self._log_in_if_needed()
        index = self._current
        try:
            return await once(self._channels[index], self._metadata())
        except grpc.aio.AioRpcError as error:
            raise self._translate(error, name, index, is_write=is_write) from error

    def _translate(self, error: Any, name: str, index: int, *, is_write: bool) -> PlatformError:
        translated = failure(error.code().name, error.details() or "", call=name, is_write=is_write)
        if isinstance(translated, UnreachableError) and not isinstance(translated, LoginExpiredError):
            self.failures += 1
            if self._current == index:
                self._current = (index + 1) % len(self._channels)
        return translated

    async def _log_in_if_needed(self) -> None:
        if not self._options.user or self._token:
            return
        async with self._login_lock:
            if self._token:
                return
            index = self._current
            request = messages.login_request(self._options.user, self._options.password)
            try:
                stub = etcdrpc.AuthStub(self._channels[index])
                answer = await stub.Authenticate(request, timeout=self._deadline)
            except grpc.aio.AioRpcError as error:
                raise self._translate(error, "login", index, is_write=False) from error
            self._token = answer.token

    def _metadata(self) -> tuple[tuple[str, str], ...]:
        return (("token", self._token),) if self._token else ()

    @property
    def _deadline(self) -> float:
        return self._options.times.call.total_seconds()


class Watch:
    """One open watch stream."""

    def __init__(self, call: Any, *, translate: Callable[[Any], PlatformError], is_left: Callable[[], bool]) -> None:
        """Use a call that was made."""
        self._call = call
        self._translate = translate
        self.is_left = is_left  # whether other calls go to another endpoint by now, because this one failed them
        self._reading: asyncio.Future[Message] | None = None

    async def ask(self, request: Message) -> None:
        """Send a request on the stream."""
        try:
            await self._call.write(request)
        except grpc.aio.AioRpcError as error:
            raise self._translate(error) from error
        except asyncio.InvalidStateError as error:  # the stream has ended; why, nobody has read
            raise UnreachableError("watch: the stream has ended") from error

    async def next(self, *, within: float) -> Message | None:
        """Return the next answer, or None when none came in time; the stream stays open then."""
        # Cancelling a read of gRPC cancels the whole stream, so the read goes on while the waiting for it ends.
        if self._reading is None:
            self._reading = asyncio.ensure_future(self._call.read())
        await asyncio.wait({self._reading}, timeout=within)
        if not self._reading.done():
            return None
        reading, self._reading = self._reading, None
        if reading.cancelled():  # by the end of the channel; nobody cancelled us
            raise UnreachableError("watch: the channel was closed")
        try:
            answer = reading.result()
        except grpc.aio.AioRpcError as error:
            raise self._translate(error) from error
        if answer is grpc.aio.EOF:
            raise UnreachableError("watch: the server ended the stream")
        return answer

    async def close(self) -> None:
        """End the stream and the read that is still open."""
        self._call.cancel()
        if self._reading is not None:
            self._reading.cancel()
            await asyncio.wait({self._reading})
            if not self._reading.cancelled():
                self._reading.exception()  # it ended with the stream


def _open_channels(options: EtcdOptions) -> list[Any]:
    addresses = [
        endpoint.removeprefix("http://").removeprefix("https://").rstrip("/") for endpoint in options.endpoints
    ]
    if not options.uses_tls:
        return [grpc.aio.insecure_channel(address, options=_GRPC_OPTIONS) for address in addresses]
    files = read_tls_files(options)
    credentials = grpc.ssl_channel_credentials(
        root_certificates=files.certificate_authority,
        private_key=files.client_key,
        certificate_chain=files.client_certificate,
    )
    return [grpc.aio.secure_channel(address, credentials, options=_GRPC_OPTIONS) for address in addresses]
