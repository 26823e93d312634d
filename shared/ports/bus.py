"""The event log: guarded publishing, last values and ordered consumers. It knows nothing of outcomes."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Protocol

from shared.contracts.streams import StreamSpec
from shared.core.errors import ConflictError, TemporaryError, UnreachableError


class SequenceConflictError(ConflictError):
    """The newest message of the subject is not the one that the publisher expected (JetStream error 10071)."""


class StreamMissingError(TemporaryError):
    """The stream does not exist, or is another one than the reader began with: everything is read again."""


class NoRespondersError(UnreachableError):
    """Nobody serves the subject at this moment; the server says so at once, without a wait."""


@dataclass(frozen=True, slots=True)
class StoredMessage:
    """One message of a stream."""

    subject: str
    sequence: int
    time: datetime
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class Delivery:
    """A message as an ordered consumer got it; `pending` counts those that match and follow."""

    message: StoredMessage
    pending: int


@dataclass(frozen=True, slots=True)
class StreamState:
    """What the stream's leader says of it."""

    created: datetime
    first_sequence: int
    last_sequence: int
    messages: int
    metadata: Mapping[str, str]
    size: int = 0  # bytes
    configuration: Mapping[str, object] = field(default_factory=dict)  # as the server has it
    behind: tuple[str, ...] = ()  # replicas that are offline or not in sync


@dataclass(frozen=True, slots=True)
class Newest:
    """Start with the newest message of every subject, then go on live."""


@dataclass(frozen=True, slots=True)
class After:
    """Start behind a sequence."""

    sequence: int


@dataclass(frozen=True, slots=True)
class LiveOnly:
    """Only what comes from now on."""


Start = Newest | After | LiveOnly


class Subscription(Protocol):
    """An open ordered consumer: no acknowledgements, no gap, reopened behind the last sequence on reconnect."""

    @property
    def pending_at_open(self) -> int:
        """Return how many stored messages were waiting when it was opened."""
        ...

    def __aiter__(self) -> AsyncIterator[Delivery]:
        """Yield deliveries for ever; raise StreamMissingError when the stream was lost or made anew."""
        ...


class EventLog(Protocol):
    """Publish to and read from the streams."""

    @property
    def is_connected(self) -> bool:
        """Return whether the connection to the server stands."""
        ...

    async def publish(
        self, subject: str, body: bytes, headers: Mapping[str, str], *, expected_last: int | None = None
    ) -> int:
        """Store a message and return its sequence.

        With `expected_last` (0: none so far) the newest message of the subject must have that sequence, else
        SequenceConflictError. UnreachableError or UnknownResultError when no acknowledgement came, StreamMissingError
        when no stream takes the subject, ForbiddenError when we may not publish to it.
        """
        ...

    async def newest(self, stream: str, subject: str) -> StoredMessage | None:
        """Return the newest message of a subject, or of all that a pattern names, read from the leader."""
        ...

    async def state(self, stream: str) -> StreamState:
        """Return the state of a stream; raise StreamMissingError when there is none."""
        ...

    async def storage_limit(self) -> int | None:
        """Return how many bytes the account may store in all streams, or None where nothing limits it."""
        ...

    def follow(self, stream: str, subjects: Sequence[str], start: Start) -> AbstractAsyncContextManager[Subscription]:
        """Open an ordered consumer on some subjects of a stream."""
        ...

    async def purge(self, stream: str, subject: str, *, up_to: int) -> None:
        """Remove the messages of a subject up to and with a sequence."""
        ...

    async def provision(self, specs: Sequence[StreamSpec], *, install: str) -> None:
        """Make or repair streams; raise ForeignInstallationError when one belongs to another installation."""
        ...


Answerer = Callable[[str, bytes], Awaitable[bytes | None]]  # of subject and body; None: somebody else has to answer


class Questions(Protocol):
    """Requests and answers between processes: nothing of them is stored."""

    async def request(self, subject: str, body: bytes, *, within: timedelta) -> bytes:
        """Ask whoever serves a subject.

        NoRespondersError at once when nobody does, UnreachableError when no answer came in time.
        """
        ...

    def serve(self, subject: str, answer: Answerer) -> AbstractAsyncContextManager[None]:
        """Answer the requests on a subject (`*` is any token) while the block is open, on every connection."""
        ...


class Bus(EventLog, Questions, Protocol):
    """One connection to the event log, with the questions that processes ask each other over it."""
