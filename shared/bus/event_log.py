"""The event log and questions on NATS: the ports' calls, each in terms of the JetStream API or the connection.

Separate from the parts that it puts together: connection, API, ordered consumers, provisioning.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta

import structlog

from shared.bus.connection import Connection
from shared.bus.consumers import OrderedConsumer
from shared.bus.jetstream import JetStream, Observe, observe_nothing
from shared.bus.messages import ReplicasRefusedError, stored_message, stream_state
from shared.bus.options import NatsOptions
from shared.bus.provisioning import repair, stream_configuration, wanted_replicas
from shared.contracts.envelope import EXPECTED_SEQUENCE
from shared.contracts.streams import StreamSpec
from shared.core.errors import AlreadyExistsError, NoRoomError, NotFoundError, UnreachableError
from shared.core.json import integer, mapping
from shared.core.problems import OnProblem, Problem
from shared.ports.bus import Answerer, Start, StoredMessage, StreamMissingError, StreamState, Subscription

log = structlog.get_logger(__name__)

_IN_FLIGHT = 64  # publishes at once; more only lengthen the queue in the server


def _count_nothing(kind: str) -> None:
    """Count no errors."""


@asynccontextmanager
async def connect(
    options: NatsOptions, *, count_error: Callable[[str], None] = _count_nothing, observe: Observe = observe_nothing
) -> AsyncIterator[NatsEventLog]:
    """Open the event log, waiting for as long as no server is there.

    `count_error` gets the kind of each error, `observe` the time of each request.
    """
    connection = Connection(options, count_error)
    try:
        await connection.open()
        yield NatsEventLog(connection, options, observe)
    finally:
        await connection.close()


class NatsEventLog:
    """A `Bus` on NATS: `EventLog` on JetStream, `Questions` on the connection itself."""

    def __init__(self, connection: Connection, options: NatsOptions, observe: Observe = observe_nothing) -> None:
        """Use an open connection."""
        self._connection = connection
        self._options = options
        self._jetstream = JetStream(connection, options.times, observe)
        self._in_flight = asyncio.Semaphore(_IN_FLIGHT)
        self._problem = Problem()
        self._full = ""  # what the server says of its room, when it has none
        self._connection.on_change(self._tell)
        self._tell()

    @property
    def is_connected(self) -> bool:
        """Return whether the connection to the server stands."""
        return self._connection.is_connected

    def on_problem(self, listener: OnProblem) -> None:
        """Tell a listener what keeps the log from taking events, now and whenever that changes."""
        self._problem.listen(listener)

    @property
    def errors(self) -> Mapping[str, int]:
        """Return how often each kind of error was reported by the connection."""
        return self._connection.errors

    async def publish(
        self, subject: str, body: bytes, headers: Mapping[str, str], *, expected_last: int | None = None
    ) -> int:
        """Store a message and return its sequence."""
        guard = {} if expected_last is None else {EXPECTED_SEQUENCE: str(expected_last)}
        try:
            async with asyncio.timeout(self._options.times.publish.total_seconds()):
                await self._in_flight.acquire()
        except TimeoutError as error:
            raise UnreachableError(f"{subject}: {_IN_FLIGHT} publishes wait already") from error
        try:
            acknowledgement = await self._jetstream.publish(subject, body, {**headers, **guard})
        except NoRoomError as error:
            self._note_room(str(error))
            raise
        finally:
            self._in_flight.release()
        self._note_room("")
        return integer(acknowledgement, "seq")

    async def newest(self, stream: str, subject: str) -> StoredMessage | None:
        """Return the newest message of a subject, read from the leader."""
        try:
            answer = await self._jetstream.call(f"STREAM.MSG.GET.{stream}", {"last_by_subj": subject})
        except NotFoundError:
            return None
        return stored_message(answer)

    async def state(self, stream: str) -> StreamState:
        """Return the state of a stream."""
        return stream_state(await self._jetstream.call(f"STREAM.INFO.{stream}"))

    async def storage_limit(self) -> int | None:
        """Return how many bytes the account may store in all streams, or None where nothing limits it."""
        limit = integer(await self._jetstream.call("INFO"), "limits", "max_storage")
        return limit if limit > 0 else None

    @asynccontextmanager
    async def follow(self, stream: str, subjects: Sequence[str], start: Start) -> AsyncIterator[Subscription]:
        """Open an ordered consumer on some subjects of a stream."""
        consumer = OrderedConsumer(self._jetstream, stream, subjects, start)
        try:
            await consumer.open()
            yield consumer
        finally:
            await consumer.close()

    async def purge(self, stream: str, subject: str, *, up_to: int) -> None:
        """Remove the messages of a subject up to and with a sequence."""
        body = {"filter": subject, "seq": up_to + 1}
        await self._jetstream.call(f"STREAM.PURGE.{stream}", body, is_write=True)

    async def provision(self, specs: Sequence[StreamSpec], *, install: str) -> None:
        """Make or repair streams."""
        replicas = wanted_replicas(self._options.replicas, self._connection.server_count)
        for spec in specs:
            wanted = stream_configuration(spec, install=install, replicas=replicas)
            try:
                await self._provision(spec.name, wanted, install=install)
            except ReplicasRefusedError:
                # Several addresses of one server look like several servers.
                await self._provision(spec.name, wanted | {"num_replicas": 1}, install=install)

    async def request(self, subject: str, body: bytes, *, within: timedelta) -> bytes:
        """Ask whoever serves a subject."""
        return await self._connection.request(subject, body, within=within)

    @asynccontextmanager
    async def serve(self, subject: str, answer: Answerer) -> AsyncIterator[None]:
        """Answer the requests on a subject while the block is open."""
        end = await self._connection.serve(subject, answer)
        try:
            yield
        finally:
            await end()

    def _note_room(self, refusal: str) -> None:
        """Remember whether the server has room, and say it once in each case."""
        if bool(refusal) != bool(self._full):
            if refusal:
                log.error("event log has no room, events wait until somebody makes some", reason=refusal)
            else:
                log.info("event log has room again")
            self._full = refusal
            self._tell()

    def _tell(self) -> None:
        broken = "" if self.is_connected else "the connection broke and is being opened again"
        full = f"it has no room, events wait: {self._full}" if self._full else ""
        self._problem.say(broken or full)

    async def _provision(self, name: str, wanted: Mapping[str, object], *, install: str) -> None:
        try:
            present = await self._jetstream.call(f"STREAM.INFO.{name}")
        except StreamMissingError:
            await self._create(name, wanted)
            return
        repaired = repair(mapping(present, "config"), wanted, install=install)
        if repaired is not None:
            await self._jetstream.call(f"STREAM.UPDATE.{name}", repaired, is_write=True)
            log.info("stream repaired", stream=name)

    async def _create(self, name: str, wanted: Mapping[str, object]) -> None:
        try:
            await self._jetstream.call(f"STREAM.CREATE.{name}", wanted, is_write=True)
        except AlreadyExistsError as error:  # made by another at this moment: looked at again by the next call
            raise UnreachableError(f"stream {name} was made by another replica") from error
        log.info("stream made", stream=name)
