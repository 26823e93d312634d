"""What an error that ended a pass means: a retry or a rejection, told or silent, counted or not. Pure.

Separate from the loop so that the meaning of every error stands in one table that can be read and tested at once.
"""

from __future__ import annotations

from dataclasses import dataclass

from shared.core.errors import ConflictError, ContestedError, LeaseLostError, PermanentError, TemporaryError
from shared.core.outcomes import Outcome, Reject, Retry


@dataclass(frozen=True, slots=True)
class Verdict:
    """The outcome of a pass, and how the loop treats it."""

    outcome: Outcome
    is_silent: bool = False  # expected in daily life: no warning
    counts: bool = True  # towards the dead letter
    error: Exception | None = None  # unexpected: logged with its traceback


def verdict_of(error: Exception) -> Verdict:
    """Return what an error that a handler raised means."""
    leaf = _gravest(error)
    reason = f"{type(leaf).__name__}: {leaf}" if str(leaf) else type(leaf).__name__
    match leaf:
        case LeaseLostError():
            return Verdict(Retry(reason), is_silent=True, counts=False)  # says nothing about the object
        case ConflictError():
            return Verdict(Retry(reason), is_silent=True)
        case ContestedError(after=after):
            return Verdict(Retry(reason, after), is_silent=True, counts=False)  # told once, when it began
        case TemporaryError():
            return Verdict(Retry(reason))
        case PermanentError():
            return Verdict(Reject(reason))
        case _:
            return Verdict(Retry(reason), error=error)


def _gravest(error: Exception) -> Exception:
    """Return the error of a group that says most: what nobody expected, then what no waiting heals."""
    if not isinstance(error, ExceptionGroup):
        return error
    return max((_gravest(each) for each in error.exceptions), key=_gravity)


def _gravity(error: Exception) -> int:
    match error:
        case ConflictError():
            return 0
        case LeaseLostError():
            return 1
        case TemporaryError():
            return 2
        case PermanentError():
            return 3
        case _:
            return 4
