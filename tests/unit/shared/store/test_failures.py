"""What a failed call to etcd means."""

from __future__ import annotations

import pytest

from shared.core.errors import (
    ExpiredError,
    ForbiddenError,
    LeaseLostError,
    NoRoomError,
    PermanentError,
    PlatformError,
    TemporaryError,
    UnknownResultError,
    UnreachableError,
)
from shared.store.failures import LoginExpiredError, failure


@pytest.mark.parametrize(
    ("status", "details", "expected"),
    [
        pytest.param("DEADLINE_EXCEEDED", "Deadline Exceeded", UnknownResultError, id="no answer in time"),
        pytest.param("UNAVAILABLE", "Socket closed", UnknownResultError, id="connection lost on the way"),
        pytest.param("UNAVAILABLE", "etcdserver: leader changed", UnknownResultError, id="the leader went"),
        pytest.param(
            "UNAVAILABLE",
            "failed to connect to all addresses; last error: UNKNOWN: ipv4:127.0.0.1:1: Connection refused",
            UnreachableError,
            id="never sent",
        ),
        pytest.param("NOT_FOUND", "etcdserver: requested lease not found", LeaseLostError, id="lease has ended"),
        pytest.param(
            "OUT_OF_RANGE", "etcdserver: mvcc: required revision has been compacted", ExpiredError, id="compacted"
        ),
        pytest.param("UNAUTHENTICATED", "etcdserver: invalid auth token", LoginExpiredError, id="token too old"),
        pytest.param("PERMISSION_DENIED", "etcdserver: permission denied", ForbiddenError, id="not allowed"),
        pytest.param(
            "INVALID_ARGUMENT",
            "etcdserver: authentication failed, invalid user ID or password",
            ForbiddenError,
            id="wrong password",
        ),
        pytest.param("INVALID_ARGUMENT", "etcdserver: user name is empty", ForbiddenError, id="nobody logged in"),
        pytest.param("INVALID_ARGUMENT", "etcdserver: duplicate key given in txn request", PermanentError, id="a bug"),
        pytest.param("RESOURCE_EXHAUSTED", "etcdserver: mvcc: database space exceeded", NoRoomError, id="full"),
        pytest.param("RESOURCE_EXHAUSTED", "etcdserver: too many requests", TemporaryError, id="busy"),
    ],
)
def test_names_what_happened_to_a_write(status: str, details: str, expected: type[PlatformError]) -> None:
    error = failure(status, details, call="transaction", is_write=True)

    assert type(error) is expected
    assert str(error) == f"transaction: {details}"


def test_a_read_without_an_answer_is_unreachable_and_nothing_more() -> None:
    assert type(failure("DEADLINE_EXCEEDED", "", call="read", is_write=False)) is UnreachableError
