"""What a person should know about an object that is made all the same: a setting without effect, a launch to check."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Caution:
    """One thing to know."""

    code: str  # CamelCase, fit for the reason of an Event
    text: str
