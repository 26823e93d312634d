"""The errors that cross a boundary between adapters, runtime and handlers.

Adapters translate what their client library raises into one of these at their door; the partition loop turns them
into an outcome. Whether waiting helps is the only question a caller has, so it is the only axis of the tree.
"""

from __future__ import annotations

from datetime import timedelta


class PlatformError(Exception):
    """Any failure that this project gives a name to."""


class PermanentError(PlatformError):
    """Waiting never helps: the input or the set-up has to change first."""


class InvalidObjectError(PermanentError):
    """An object, event or record cannot be understood or is refused by its schema."""


class ForbiddenError(PermanentError):
    """The server knows who we are and does not allow it."""


class ForeignInstallationError(PermanentError):
    """A store belongs to another installation of the platform."""


class TemporaryError(PlatformError):
    """The same call may work later."""


class NoRoomError(TemporaryError):
    """A server refused a write because its disk or its quota is full: somebody has to make room."""


class UnreachableError(TemporaryError):
    """A server did not answer in time, or the connection broke."""


class UnknownResultError(UnreachableError):
    """A write was sent and its answer lost: it may have happened, so read before the next one."""


class ConflictError(TemporaryError):
    """Someone else wrote first, so what was read is not the newest any more."""


class NotFoundError(ConflictError):
    """The object that a guarded write names does not exist (any more)."""


class AlreadyExistsError(ConflictError):
    """The object that should be created is there already."""


class ContestedError(TemporaryError):
    """Somebody keeps changing what we write: to write it at once would only make them write again."""

    def __init__(self, text: str, after: timedelta) -> None:
        """Keep after which time it may be written again."""
        super().__init__(text)
        self.after = after


class ExpiredError(TemporaryError):
    """The point to resume from is too old for the server: list, or read everything, again."""


class LeaseLostError(TemporaryError):
    """Our fencing token is not the newest any more, or may not be by the time a write arrives."""
