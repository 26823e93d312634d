"""Dead letters: what a service could not handle, why, and which pass it was.

A letter names the primary and never carries an old body: replaying one queues the primary again, so that only the
present state of the cluster is ever acted on. The record is written and read by the same class.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

from pydantic import BaseModel, ConfigDict, StringConstraints, ValidationError

from shared.contracts.subjects import dead_letter_subject
from shared.core.errors import InvalidObjectError
from shared.core.resources import Ref, resource_named
from shared.ports.bus import EventLog
from shared.ports.clock import Clock
from shared.runtime import metrics
from shared.runtime.decisions import Origin


class DeadLetter(BaseModel):
    """One primary that was given up until something changes."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    service: Annotated[str, StringConstraints(min_length=1)]
    resource: str
    namespace: str
    name: str
    reason: str
    attempts: int
    time: datetime
    correlation: str = ""
    causation: str = ""

    @property
    def primary(self) -> Ref:
        """Return the primary's address; raise InvalidObjectError for a resource that is not known."""
        return Ref(resource_named(self.resource, "dead letter"), self.namespace, self.name)


def decode_dead_letter(body: bytes) -> DeadLetter:
    """Return the letter that a message of the dead letter stream holds."""
    try:
        return DeadLetter.model_validate_json(body)
    except ValidationError as error:
        raise InvalidObjectError(f"not a dead letter: {error}") from error


@dataclass(frozen=True, slots=True)
class DeadLetters:
    """Publishes the dead letters of one service."""

    bus: EventLog
    clock: Clock
    origin: Origin

    def __post_init__(self) -> None:
        """Show that none was written yet: an alert on growth does not see a series that begins with one."""
        metrics.DEAD_LETTERS.labels(self.origin.service)

    async def put(
        self, primary: Ref, reason: str, *, attempts: int, correlation: str = "", causation: str = ""
    ) -> None:
        """Store a letter; raise a TemporaryError when the bus did not take it."""
        letter = DeadLetter(
            service=self.origin.service,
            resource=primary.resource.plural,
            namespace=primary.namespace,
            name=primary.name,
            reason=reason,
            attempts=attempts,
            time=self.clock.now(),
            correlation=correlation,
            causation=causation,
        )
        headers = self.origin.headers(
            "rejected", primary, time=letter.time, correlation=correlation, causation=causation
        )
        subject = dead_letter_subject(letter.service, primary)
        await self.bus.publish(subject, letter.model_dump_json().encode(), headers.encode())
        metrics.DEAD_LETTERS.labels(letter.service).inc()
