"""Reading what JetStream writes."""

from __future__ import annotations

import base64
from datetime import UTC, datetime

import pytest

from shared.bus.messages import (
    DeliveryAddress,
    ReplicasRefusedError,
    delivery_address,
    error_of,
    parse_headers,
    parse_time,
    stored_message,
    stream_state,
)
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
from shared.ports.bus import SequenceConflictError, StreamMissingError

NOON = datetime(2025, 1, 1, 12, tzinfo=UTC)
NANOSECONDS = int(NOON.timestamp()) * 1_000_000_000


@pytest.mark.parametrize(
    "reply",
    [
        pytest.param(f"$JS.ACK.S.C.1.42.7.{NANOSECONDS}.3", id="as servers send it without a domain"),
        pytest.param(f"$JS.ACK.hub.ABCDEF.S.C.1.42.7.{NANOSECONDS}.3.token", id="with domain and account"),
    ],
)
def test_reads_the_address_of_a_delivery(reply: str) -> None:
    assert delivery_address(reply) == DeliveryAddress(42, 7, NOON, 3)


@pytest.mark.parametrize("reply", ["", "_INBOX.abc", "$JS.FC.S.C.x", "$JS.ACK.too.short"])
def test_other_replies_are_no_address_of_a_delivery(reply: str) -> None:
    assert delivery_address(reply) is None


def test_reads_a_stored_message_without_the_guard_of_its_publisher() -> None:
    headers = f"NATS/1.0\r\nce-id: 1\r\nce-subject: a: näme\r\n{EXPECTED_SEQUENCE}: 4\r\n\r\n"
    message = {
        "subject": "dynamo.changes.1.x",
        "seq": 5,
        "hdrs": base64.b64encode(headers.encode()).decode(),
        "data": base64.b64encode(b"{}").decode(),
        "time": "2025-01-01T12:00:00Z",
    }

    stored = stored_message({"message": message})

    assert (stored.subject, stored.sequence, stored.time, stored.body) == ("dynamo.changes.1.x", 5, NOON, b"{}")
    assert stored.headers == {"ce-id": "1", "ce-subject": "a: näme"}


def test_a_message_without_headers_has_none() -> None:
    assert parse_headers(b"") == {}


@pytest.mark.parametrize(
    ("value", "microseconds"),
    [("2025-01-01T12:00:00Z", 0), ("2025-01-01T12:00:00.5Z", 500_000), ("2025-01-01T12:00:00.123456789Z", 123_456)],
)
def test_reads_times_as_the_server_shortens_them(value: str, microseconds: int) -> None:
    assert parse_time(value) == NOON.replace(microsecond=microseconds)


def test_reads_the_state_of_a_stream() -> None:
    answer = {
        "created": "2025-01-01T12:00:00Z",
        "config": {"metadata": {"dynamo-install": "a", "_nats.ver": "2.15"}},
        "state": {"first_seq": 3, "last_seq": 9, "messages": 4},
    }

    state = stream_state(answer)

    assert (state.created, state.first_sequence, state.last_sequence, state.messages) == (NOON, 3, 9, 4)
    assert state.metadata["dynamo-install"] == "a"


@pytest.mark.parametrize(
    ("status", "code", "expected"),
    [
        (400, 10005, TemporaryError),
        (503, 10023, NoRoomError),
        (500, 10047, NoRoomError),
        (400, 10071, SequenceConflictError),
        (400, 10164, SequenceConflictError),
        (404, 10059, StreamMissingError),
        (404, 10037, NotFoundError),
        (400, 10058, AlreadyExistsError),
        (400, 10054, InvalidObjectError),
        (500, 10074, ReplicasRefusedError),
        (503, 10008, UnreachableError),
        (400, 99999, PermanentError),
        (500, 99999, TemporaryError),
    ],
)
def test_names_the_errors_of_the_server(status: int, code: int, expected: type[PlatformError]) -> None:
    error = error_of({"error": {"code": status, "err_code": code, "description": "why"}}, about="X")

    assert type(error) is expected
    assert str(error) == f"X: why (JetStream error {code})"


def test_an_answer_without_error_has_none() -> None:
    assert error_of({"seq": 1}, about="X") is None
