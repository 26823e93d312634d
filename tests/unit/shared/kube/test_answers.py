"""What each answer of an API server means."""

from __future__ import annotations

from datetime import timedelta

import orjson
import pytest

from shared.core.errors import (
    AlreadyExistsError,
    ConflictError,
    ExpiredError,
    ForbiddenError,
    InvalidObjectError,
    NotFoundError,
    UnknownResultError,
    UnreachableError,
)
from shared.kube.answers import (
    Answer,
    ThrottledError,
    UnauthenticatedError,
    decode,
    error_of,
    error_of_event,
)


def refused(code: int, reason: str = "", *, message: str = "no", cause: str = "", retry_after: str = "") -> Answer:
    """Return the answer to a refused request."""
    details = {"causes": [{"reason": cause, "message": "why"}]} if cause else {}
    status = {"kind": "Status", "reason": reason, "message": message, "details": details, "code": code}
    return Answer(code, orjson.dumps(status), retry_after)


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        pytest.param(refused(401), UnauthenticatedError, id="401"),
        pytest.param(refused(403), ForbiddenError, id="403"),
        pytest.param(refused(403, cause="NamespaceTerminating"), UnreachableError, id="403 of a namespace that ends"),
        pytest.param(refused(404), NotFoundError, id="404"),
        pytest.param(refused(409, "AlreadyExists"), AlreadyExistsError, id="409 of a create"),
        pytest.param(refused(409, "Conflict"), ConflictError, id="409 of a change"),
        pytest.param(refused(410), ExpiredError, id="410"),
        pytest.param(refused(413), InvalidObjectError, id="413"),
        pytest.param(refused(422), InvalidObjectError, id="422"),
        pytest.param(refused(429), ThrottledError, id="429"),
        pytest.param(refused(500), UnknownResultError, id="500"),
        pytest.param(refused(502), UnknownResultError, id="502"),
        pytest.param(refused(503), UnreachableError, id="503"),
        pytest.param(refused(504), UnknownResultError, id="504"),
        pytest.param(refused(504, cause="ResourceVersionTooLarge"), ExpiredError, id="504 of a version to come"),
    ],
)
def test_a_refused_write_becomes_the_error_that_says_what_to_do(answer: Answer, error: type[Exception]) -> None:
    found = error_of("apply /api/v1/x", answer, is_write=True)

    assert type(found) is error
    assert str(found) == "apply /api/v1/x: no"


def test_an_apply_to_a_successor_is_a_conflict() -> None:
    status = {"code": 422, "reason": "Invalid", "details": {"causes": [{"field": "metadata.uid"}]}}

    assert type(error_of("apply", Answer(422, orjson.dumps(status)), is_write=True)) is ConflictError


@pytest.mark.parametrize("code", [500, 502, 503, 504, 599])
def test_a_refused_read_leaves_nothing_unknown(code: int) -> None:
    assert type(error_of("get", refused(code), is_write=False)) is UnreachableError


def test_a_throttled_request_learns_when_to_come_again() -> None:
    told = error_of("get", refused(429, retry_after="3"), is_write=False)
    untold = error_of("get", refused(429, retry_after="Wed, 21 Oct 2015 07:28:00 GMT"), is_write=False)

    assert isinstance(told, ThrottledError)
    assert isinstance(untold, ThrottledError)
    assert (told.after, untold.after) == (timedelta(seconds=3), None)


def test_an_answer_that_is_no_status_is_quoted() -> None:
    assert str(error_of("get", Answer(404, b"404 page not found\n"), is_write=False)) == "get: 404 page not found"
    assert str(error_of("get", Answer(503, b""), is_write=False)) == "get: HTTP 503"
    assert str(error_of("get", Answer(503, b"[1]"), is_write=False)) == "get: HTTP 503"


@pytest.mark.parametrize(
    ("status", "error"),
    [
        pytest.param({"code": 410, "reason": "Expired"}, ExpiredError, id="expired"),
        pytest.param({"code": 500, "message": "etcd"}, UnreachableError, id="internal"),
        pytest.param({}, UnreachableError, id="empty"),
    ],
)
def test_an_error_event_means_what_the_answer_would(status: object, error: type[Exception]) -> None:
    assert type(error_of_event("watch", status)) is error


def test_a_body_that_is_no_json_comes_from_no_api_server() -> None:
    assert decode(b'{"a": 1}') == {"a": 1}
    with pytest.raises(UnreachableError, match="no JSON"):
        decode(b"<html>")


@pytest.mark.parametrize(("code", "is_success"), [(200, True), (201, True), (299, True), (199, False), (301, False)])
def test_only_two_hundreds_are_a_success(code: int, is_success: bool) -> None:
    assert Answer(code, b"").is_success == is_success
