"""What a failed call to etcd means: did it happen, may it be repeated, does waiting help? Pure.

Separate because the answer depends on status, text and on whether the call was a write, and each row was seen once.
Invariant: a write is called unreachable only if it certainly did not reach the server; else its result is unknown.
"""

from __future__ import annotations

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


class LoginExpiredError(UnreachableError):
    """The token is not valid any more: the call did not happen and is repeated after a new login."""


_NOT_SENT = ("failed to connect to all addresses", "connections to all backends failing", "dns resolution failed")
_OLD_TOKEN = ("invalid auth token", "auth token is not provided", "revision of auth store is old")
_NOT_ALLOWED = ("authentication failed", "user name is empty", "permission denied", "authentication is not enabled")
_NO_LEASE = "lease not found"
_COMPACTED = "has been compacted"
_NO_ROOM = ("database space exceeded", "no space")


def failure(status: str, details: str, *, call: str, is_write: bool) -> PlatformError:
    """Return the error that a status and its text stand for."""
    text, message = details.lower(), f"{call}: {details or status}"
    if any(phrase in text for phrase in _OLD_TOKEN):
        return LoginExpiredError(message)
    if status == "PERMISSION_DENIED" or any(phrase in text for phrase in _NOT_ALLOWED):
        return ForbiddenError(message)
    if _NO_LEASE in text:
        return LeaseLostError(message)
    if _COMPACTED in text:
        return ExpiredError(message)
    if status in ("INVALID_ARGUMENT", "FAILED_PRECONDITION", "UNIMPLEMENTED", "OUT_OF_RANGE"):
        return PermanentError(message)
    if any(phrase in text for phrase in _NO_ROOM):
        return NoRoomError(message)
    if status == "RESOURCE_EXHAUSTED":  # too many requests: refused before it was done
        return TemporaryError(message)
    if is_write and not any(phrase in text for phrase in _NOT_SENT):
        return UnknownResultError(message)
    return UnreachableError(message)
