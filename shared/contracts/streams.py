"""The three streams of the installation: names, subjects and limits (design: events and the log)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from shared.contracts.subjects import ROOT

CHANGES = "DYNAMO_CHANGES"
DECISIONS = "DYNAMO_DECISIONS"
DEAD_LETTERS = "DYNAMO_DLQ"
INSTALL_KEY = "dynamo-install"  # stream metadata: which installation owns it
MAX_BODY = 256 * 1024  # bytes; a larger change travels as a pointer (`dataref`)


@dataclass(frozen=True, slots=True)
class StreamSpec:
    """How one stream must be configured."""

    name: str
    subjects: tuple[str, ...]
    per_subject: int = -1  # newest messages kept for each subject; -1 is no limit
    max_age: timedelta | None = None
    max_bytes: int = -1
    duplicate_window: timedelta = timedelta(seconds=120)


def stream_specs(*, decisions_age: timedelta = timedelta(days=7), decisions_bytes: int = 1 << 30) -> list[StreamSpec]:
    """Return the streams that the watcher makes and repairs."""
    return [
        StreamSpec(CHANGES, (f"{ROOT}.changes.>", f"{ROOT}.synced.>"), per_subject=16),
        StreamSpec(DECISIONS, (f"{ROOT}.decisions.>",), max_age=decisions_age, max_bytes=decisions_bytes),
        StreamSpec(DEAD_LETTERS, (f"{ROOT}.dlq.>",)),
    ]
