"""The JetStream API as requests and JSON answers, repeated while the system is not ready.

Separate from the connection, which carries the requests, and from what is done with the answers. Invariant: a request
that writes is repeated only when the server said that it did not do it (nobody took it, or it refused with 503).
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta

import orjson

from shared.bus.connection import Connection
from shared.bus.messages import error_of
from shared.bus.options import NatsTimes
from shared.core.errors import UnknownResultError, UnreachableError
from shared.core.json import canonical, items, mapping
from shared.ports.bus import NoRespondersError, StreamMissingError

_API = "$JS.API"
_PAUSES = (0.05, 0.1, 0.2, 0.4)  # seconds between repetitions; the last one again and again
_READS = 4  # times that a read is sent within its deadline when no answer comes

Answer = Mapping[str, object]
Observe = Callable[[str, float], None]  # of `publish` or `api`, and the seconds until the answer or the failure


def observe_nothing(operation: str, seconds: float) -> None:
    """Measure no requests."""


@dataclass(frozen=True, slots=True)
class JetStream:
    """Calls of the JetStream API."""

    connection: Connection
    times: NatsTimes
    observe: Observe = observe_nothing

    async def call(self, operation: str, body: Mapping[str, object] | None = None, *, is_write: bool = False) -> Answer:
        """Call an operation such as `STREAM.INFO.<name>` and return its answer."""
        payload, began = canonical(body) if body else b"", time.monotonic()
        try:
            return await self._repeat(f"{_API}.{operation}", payload, {}, within=self.times.request, is_write=is_write)
        finally:
            self.observe("api", time.monotonic() - began)

    async def publish(self, subject: str, body: bytes, headers: Mapping[str, str]) -> Answer:
        """Publish a message and return its acknowledgement."""
        began = time.monotonic()
        try:
            return await self._repeat(subject, body, headers, within=self.times.publish, is_write=True)
        finally:
            self.observe("publish", time.monotonic() - began)

    async def _repeat(
        self, subject: str, body: bytes, headers: Mapping[str, str], *, within: timedelta, is_write: bool
    ) -> Answer:
        loop = asyncio.get_running_loop()
        deadline = loop.time() + within.total_seconds()
        attempt = 0
        while True:
            left = timedelta(seconds=max(0.0, deadline - loop.time()))
            # A leader that dies takes unanswered requests with it: a read is asked again, a write is not.
            patience = left if is_write else min(left, within / _READS)
            try:
                answer = await self._once(subject, body, headers, within=patience, is_write=is_write)
            except UnknownResultError:
                raise
            except UnreachableError as error:
                pause = _PAUSES[min(attempt, len(_PAUSES) - 1)]
                if loop.time() + pause >= deadline:
                    raise
                if isinstance(error, NoRespondersError) and not subject.startswith(_API):
                    await self._check_stream_exists(subject)
                await asyncio.sleep(pause)
                attempt += 1
            else:
                return answer

    async def _once(
        self, subject: str, body: bytes, headers: Mapping[str, str], *, within: timedelta, is_write: bool
    ) -> Answer:
        data = await self.connection.request(subject, body, headers=headers, within=within, is_write=is_write)
        answer = mapping(orjson.loads(data))
        error = error_of(answer, about=subject)
        if error is not None:
            raise error
        return answer

    async def _check_stream_exists(self, subject: str) -> None:
        """Raise StreamMissingError when the system is up and says that no stream takes a subject."""
        try:
            body = canonical({"subject": subject})
            answer = await self._once(f"{_API}.STREAM.NAMES", body, {}, within=self.times.request, is_write=False)
        except UnreachableError:
            return  # not up yet: the publish is repeated
        if not items(answer, "streams"):
            raise StreamMissingError(f"no stream takes {subject}")
