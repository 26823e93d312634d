"""Decides how a refusal looks on the wire: the Status object with its reason, code, message and causes.

Separate, because every part of the server refuses something and clients branch on exactly these fields.
Invariant: whatever is refused is refused by raising one of these; nothing else reaches a client as an error.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Cause:
    """One reason why an object is invalid."""

    reason: str
    field: str
    message: str

    def document(self) -> dict[str, Any]:
        """Return the cause as it stands in a Status."""
        return {"reason": self.reason, "message": self.message, "field": self.field}


class ApiError(Exception):
    """A refusal that becomes a Status object."""

    def __init__(
        self,
        code: int,
        reason: str,
        message: str,
        *,
        details: Mapping[str, Any] | None = None,
        metadata: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(message)
        self.code = code
        self.reason = reason
        self.message = message
        self.details = details
        self.metadata = metadata or {}

    def status(self) -> dict[str, Any]:
        """Return the Status object."""
        document: dict[str, Any] = {
            "kind": "Status",
            "apiVersion": "v1",
            "metadata": dict(self.metadata),
            "status": "Failure",
            "message": self.message,
        }
        if self.reason:
            document["reason"] = self.reason
        if self.details is not None:
            document["details"] = dict(self.details)
        document["code"] = self.code
        return document


class PageNotFoundError(Exception):
    """A path that no handler serves: the genuine server answers plain text, not a Status."""


def qualified(name: str, group: str) -> str:
    """Return `name.group`, or the bare name in the core group."""
    return f"{name}.{group}" if group else name


def _details(name: str, group: str, kind: str, **more: Any) -> dict[str, Any]:
    details: dict[str, Any] = {}
    if name:
        details["name"] = name
    if group:
        details["group"] = group
    if kind:
        details["kind"] = kind
    return details | more


def not_found(plural: str, group: str, name: str) -> ApiError:
    """Refuse because the named object does not exist."""
    text = f'{qualified(plural, group)} "{name}" not found'
    return ApiError(404, "NotFound", text, details=_details(name, group, plural))


def already_exists(plural: str, group: str, name: str, *, deleting: bool = False) -> ApiError:
    """Refuse a create because the name is taken."""
    text = f'{"object is being deleted: " if deleting else ""}{qualified(plural, group)} "{name}" already exists'
    return ApiError(409, "AlreadyExists", text, details=_details(name, group, plural))


def conflict(plural: str, group: str, name: str, why: str) -> ApiError:
    """Refuse because somebody else wrote first, or a precondition does not hold."""
    text = f'Operation cannot be fulfilled on {qualified(plural, group)} "{name}": {why}'
    return ApiError(409, "Conflict", text, details=_details(name, group, plural))


MODIFIED = "the object has been modified; please apply your changes to the latest version and try again"


def invalid(kind: str, group: str, name: str, causes: Iterable[Cause]) -> ApiError:
    """Refuse because fields of the object break rules."""
    listed = list(causes)
    parts = list(dict.fromkeys(f"{cause.field}: {cause.message}" for cause in listed))
    text = parts[0] if len(parts) == 1 else "[" + ", ".join(parts) + "]"
    return ApiError(
        422,
        "Invalid",
        f'{qualified(kind, group)} "{name}" is invalid: {text}',
        details=_details(name, group, kind, causes=[cause.document() for cause in listed]),
    )


def bad_request(message: str) -> ApiError:
    """Refuse what cannot be understood."""
    return ApiError(400, "BadRequest", message)


def forbidden(plural: str, group: str, name: str, why: str, *causes: Cause) -> ApiError:
    """Refuse what is understood and not allowed."""
    who = qualified(plural, group) + (f' "{name}"' if name else "")
    more = {"causes": [cause.document() for cause in causes]} if causes else {}
    return ApiError(403, "Forbidden", f"{who} is forbidden: {why}", details=_details(name, group, plural, **more))


def unauthorized() -> ApiError:
    """Refuse a client that did not say who it is."""
    return ApiError(401, "Unauthorized", "Unauthorized")


def method_not_allowed(verb: str, plural: str, group: str) -> ApiError:
    """Refuse a verb that the resource does not serve."""
    text = f'{verb} is not supported on resources of kind "{qualified(plural, group)}"'
    return ApiError(405, "MethodNotAllowed", text, details=_details("", group, plural))


def expired(message: str, *, continue_token: str = "") -> ApiError:
    """Refuse a version whose history is gone."""
    metadata = {"continue": continue_token} if continue_token else {}
    return ApiError(410, "Expired", message, metadata=metadata)


def future_version(wanted: int, current: int) -> ApiError:
    """Refuse a resourceVersion that the store has not reached."""
    cause = {"reason": "ResourceVersionTooLarge", "message": "Too large resource version"}
    return ApiError(
        504,
        "Timeout",
        f"Timeout: Too large resource version: {wanted}, current: {current}",
        details={"causes": [cause], "retryAfterSeconds": 1},
    )


def internal(message: str) -> ApiError:
    """Report what the genuine server answers with 500 and no reason."""
    return ApiError(500, "", message)
