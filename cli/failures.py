"""How a command ends: exit codes, and errors that name the way out instead of a traceback."""

from __future__ import annotations

from enum import IntEnum

from lab.launcher.stacks import StackNameError
from shared.core.errors import ForbiddenError, InvalidObjectError, PlatformError, UnreachableError


class Exit(IntEnum):
    """The exit codes of every command."""

    DONE = 0
    FAILED = 1  # failed, or not ready
    USAGE = 2
    NOTHING_FOUND = 3
    UNREACHABLE = 4
    INTERRUPTED = 130


class CommandError(Exception):
    """A command cannot go on; the text says what happened, to what, and what to do."""

    def __init__(self, message: str, code: Exit = Exit.FAILED) -> None:
        """Keep the code that the process ends with."""
        super().__init__(message)
        self.code = code


def code_of(error: Exception) -> Exit:
    """Return the exit code of an error."""
    match error:
        case CommandError():
            return error.code
        case InvalidObjectError() | StackNameError():
            return Exit.USAGE
        case UnreachableError() | ForbiddenError() | ConnectionError() | TimeoutError():
            return Exit.UNREACHABLE
        case _:
            return Exit.FAILED


def is_expected(error: Exception) -> bool:
    """Return whether an error is one that a user can act on, so that a traceback says nothing more."""
    return isinstance(error, CommandError | PlatformError | StackNameError | OSError)
