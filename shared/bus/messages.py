"""Reading what JetStream writes: stored messages, delivery addresses, stream states, times and errors. Pure.

Separate from the calls, so that every form a server was seen to send is a test without a server.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from shared.contracts.envelope import EXPECTED_SEQUENCE
from shared.core.errors import (
    AlreadyExistsError,
    InvalidObjectError,
    NoRoomError,
    NotFoundError,
    PermanentError,
    PlatformError,
    TemporaryError,
    UnreachableError,
)
from shared.core.json import integer, items, mapping, member, text
from shared.ports.bus import SequenceConflictError, StoredMessage, StreamMissingError, StreamState

_ACK = ("$JS", "ACK")
_SHORT_ACK = 9  # tokens; later servers put domain and account behind the first two


class ReplicasRefusedError(PermanentError):
    """A server that stands alone keeps no copies."""


_ERRORS: dict[int, type[PlatformError]] = {
    10005: TemporaryError,  # not enough servers for all copies of a stream, now
    10023: NoRoomError,  # a publish when the servers' room for streams is used up
    10037: NotFoundError,  # no message found
    10047: NoRoomError,  # a stream whose size is reserved
    10054: InvalidObjectError,  # message larger than the stream takes
    10058: AlreadyExistsError,  # stream name in use with another configuration
    10059: StreamMissingError,
    10071: SequenceConflictError,
    10074: ReplicasRefusedError,
    10164: SequenceConflictError,  # the same as 10071, without the sequence in its text
}


@dataclass(frozen=True, slots=True)
class DeliveryAddress:
    """What the reply subject of a delivered message says."""

    stream_sequence: int
    consumer_sequence: int
    time: datetime
    pending: int


def delivery_address(reply: str) -> DeliveryAddress | None:
    """Return the parsed reply subject of a delivery, or None when it is none."""
    tokens = reply.split(".")
    if tuple(tokens[:2]) != _ACK or len(tokens) < _SHORT_ACK:
        return None
    numbers = tokens[5:9] if len(tokens) == _SHORT_ACK else tokens[7:11]
    stream_sequence, consumer_sequence, nanoseconds, pending = (int(number) for number in numbers)
    time = datetime.fromtimestamp(nanoseconds / 1e9, UTC)
    return DeliveryAddress(stream_sequence, consumer_sequence, time, pending)


def stored_message(answer: Mapping[str, object]) -> StoredMessage:
    """Return the message of a MSG.GET answer."""
    message = mapping(answer, "message")
    return StoredMessage(
        subject=text(message, "subject"),
        sequence=integer(message, "seq"),
        time=parse_time(text(message, "time")),
        headers=parse_headers(base64.b64decode(text(message, "hdrs"))),
        body=base64.b64decode(text(message, "data")),
    )


def parse_headers(block: bytes) -> dict[str, str]:
    """Return the headers of a block as stored, as `own_headers` would."""
    lines = block.decode("utf-8", "replace").split("\r\n")[1:]
    pairs = (line.partition(":") for line in lines if ":" in line)
    return own_headers({name.strip(): value.strip() for name, _, value in pairs})


def own_headers(headers: Mapping[str, str] | None) -> dict[str, str]:
    """Return the headers that the publisher gave, without the guard that the adapter added."""
    return {name: value for name, value in (headers or {}).items() if name != EXPECTED_SEQUENCE}


def stream_state(answer: Mapping[str, object]) -> StreamState:
    """Return the state of a STREAM.INFO answer."""
    metadata = mapping(answer, "config", "metadata")
    return StreamState(
        created=parse_time(text(answer, "created")),
        first_sequence=integer(answer, "state", "first_seq"),
        last_sequence=integer(answer, "state", "last_seq"),
        messages=integer(answer, "state", "messages"),
        metadata={key: value for key, value in metadata.items() if isinstance(value, str)},
        size=integer(answer, "state", "bytes"),
        configuration=mapping(answer, "config"),
        behind=tuple(
            text(each, "name")
            for each in items(answer, "cluster", "replicas")
            if member(each, "offline") is True or member(each, "current") is not True
        ),
    )


def parse_time(value: str) -> datetime:
    """Return a time of the server; what is finer than a microsecond is cut off."""
    return datetime.fromisoformat(value)


def error_of(answer: Mapping[str, object], *, about: str) -> PlatformError | None:
    """Return the error that an answer carries, as the port names it."""
    error = mapping(answer, "error")
    if not error:
        return None
    message = f"{about}: {text(error, 'description')} (JetStream error {integer(error, 'err_code')})"
    known = _ERRORS.get(integer(error, "err_code"))
    if known is not None:
        return known(message)
    status = integer(error, "code")
    if status == 503:  # the system, or a leader, is not there yet
        return UnreachableError(message)
    return PermanentError(message) if 400 <= status < 500 else TemporaryError(message)
