"""What a handler says should happen next with one primary."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta


@dataclass(frozen=True, slots=True)
class Done:
    """Nothing is left to do until something changes."""


@dataclass(frozen=True, slots=True)
class Retry:
    """Run another pass later; without a delay the loop's own back-off decides."""

    reason: str
    after: timedelta | None = None


@dataclass(frozen=True, slots=True)
class Reject:
    """No pass can succeed before the object or the set-up changes: dead letter."""

    reason: str


Outcome = Done | Retry | Reject
