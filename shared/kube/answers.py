"""What an answer of the API server means: the error that a refused request becomes.

Pure, so that every code and reason has a test. The question it decides is whether something may have been written:
an answer that a proxy made up, or a time-out of the server's own, says nothing about that.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

import orjson

from shared.core.errors import (
    AlreadyExistsError,
    ConflictError,
    ExpiredError,
    ForbiddenError,
    InvalidObjectError,
    NotFoundError,
    PlatformError,
    TemporaryError,
    UnknownResultError,
    UnreachableError,
)
from shared.core.json import integer, items, text
from shared.core.refusals import without_values

_UNDECIDED = frozenset({500, 502, 504})  # the write may have happened
_VERSION_TOO_LARGE = "ResourceVersionTooLarge"
_TERMINATING = "NamespaceTerminating"
_NOT_APPLICABLE = "the server rejected our request due to an error in our request"
_NOT_TYPED = "failed to create typed patch object"


class ThrottledError(TemporaryError):
    """The server was too busy to take the request (429), and may have said when to come again."""

    def __init__(self, message: str, after: timedelta | None = None) -> None:
        """Keep what the server said."""
        super().__init__(message)
        self.after = after


class UnauthenticatedError(UnreachableError):
    """The server does not know who we are (401): renewed credentials, or its own recovery, may help."""


@dataclass(frozen=True, slots=True)
class Answer:
    """One complete answer of the server."""

    code: int
    body: bytes
    retry_after: str = ""

    @property
    def is_success(self) -> bool:
        """Return whether the server did what was asked."""
        return 200 <= self.code < 300


def decode(body: bytes) -> object:
    """Return the JSON value of a body; raise UnreachableError for what no API server sends."""
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise UnreachableError(f"the answer is no JSON: {body[:80]!r}") from error


def error_of(request: str, answer: Answer, *, is_write: bool) -> PlatformError:
    """Return the error that a refused request becomes; `request` names it in the message."""
    status = _status(answer.body)
    said = without_values(text(status, "message")) or f"HTTP {answer.code}"
    return _error(f"{request}: {said}", answer, status, is_write=is_write)


def error_of_event(request: str, status: object) -> PlatformError:
    """Return the error that an ERROR event of a watch stands for."""
    code = integer(status, "code") or 500
    answer = Answer(code, b"")
    said = without_values(text(status, "message")) or str(code)
    return _error(f"{request}: {said}", answer, status, is_write=False)


def _error(message: str, answer: Answer, status: object, *, is_write: bool) -> PlatformError:
    reason, causes = text(status, "reason"), _causes(status, "reason")
    match answer.code:
        case 401:
            return UnauthenticatedError(message)
        case 403 if _TERMINATING in causes:
            return UnreachableError(message)  # it will be gone, and then made anew, or not
        case 403:
            return ForbiddenError(message)
        case 404:
            return NotFoundError(message)
        case 409:
            return AlreadyExistsError(message) if reason == "AlreadyExists" else ConflictError(message)
        case 410:
            return ExpiredError(message)
        case 422 if text(status, "message") == _NOT_APPLICABLE:
            return ConflictError(message)  # a JSON patch whose guard, or another operation, met another object
        case 422 if "metadata.uid" in _causes(status, "field"):
            return ConflictError(message)  # an apply to the successor of the object that it means
        case 429:
            return ThrottledError(message, _seconds(answer.retry_after))
        case _ if _VERSION_TOO_LARGE in causes:
            return ExpiredError(message)  # the server's history is another one than ours
        case 500 if text(status, "message").startswith(_NOT_TYPED):
            return InvalidObjectError(message)  # an apply of a field that the schema does not have
        case code if code in _UNDECIDED and is_write:
            return UnknownResultError(message)
        case code if code >= 500:
            return UnreachableError(message)
        case _:
            return InvalidObjectError(message)


def _status(body: bytes) -> object:
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError:
        return {"message": body[:200].decode(errors="replace").strip()}


def _causes(status: object, part: str) -> frozenset[str]:
    return frozenset(text(cause, part) for cause in items(status, "details", "causes"))


def _seconds(retry_after: str) -> timedelta | None:
    return timedelta(seconds=int(retry_after)) if retry_after.isdigit() else None
