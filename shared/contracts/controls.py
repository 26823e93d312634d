"""What may be asked of the owner of a partition, and what it answers.

Separate from the event log, which only stores: these are questions over core NATS, served by whoever holds the claim
at this moment, so that nothing is written at rest and a missing owner is known at once. Invariant: an answer says which
member gave it and under which token, since a replica that was paused may still believe in a claim that it has lost.
"""

from __future__ import annotations

from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, ValidationError

from shared.contracts.subjects import ROOT
from shared.core.errors import InvalidObjectError
from shared.core.resources import Ref, resource_named

Verb = Literal["status", "replay"]
STATUS: Verb = "status"
REPLAY: Verb = "replay"


def control_subject(service: str, partition: int | str, verb: Verb | Literal["*"]) -> str:
    """Return where the owner of a partition is asked; `*` is every question that it serves."""
    return f"{ROOT}.control.{service}.{partition}.{verb}"


class _Record(BaseModel):
    """A body of JSON; members that a newer version adds are passed over."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    def encode(self) -> bytes:
        """Return the body of the message."""
        return self.model_dump_json().encode()

    @classmethod
    def decode(cls, body: bytes) -> Self:
        """Return the record of a body; raise InvalidObjectError when it is none."""
        try:
            return cls.model_validate_json(body)
        except ValidationError as error:
            raise InvalidObjectError(f"not a {cls.__name__}: {error}") from error


class PartitionStatus(_Record):
    """How one partition is, as its owner sees it; durations in seconds."""

    service: str
    partition: int
    member: str
    token: int  # create revision of the claim that the member acts under
    version: str
    is_complete: bool
    waits_for: str = ""  # empty when nothing keeps passes from running
    entries: int = 0
    reached: int = 0  # newest sequence of the change log that the view has taken in
    lag: float = 0.0  # age of the newest event that the log holds and the view does not
    queued: int = 0
    oldest_queued: float = 0.0
    running: int = 0
    oldest_pass: float = 0.0
    given_up: int = 0


class ReplayRequest(_Record):
    """Which primary the owner is asked to pass over again."""

    resource: str
    namespace: str
    name: str

    @classmethod
    def of(cls, primary: Ref) -> Self:
        """Return the request for a primary."""
        return cls(resource=primary.resource.plural, namespace=primary.namespace, name=primary.name)

    @property
    def primary(self) -> Ref:
        """Return the primary's address; raise InvalidObjectError for a resource that is not known."""
        return Ref(resource_named(self.resource, "request"), self.namespace, self.name)


class ReplayAnswer(_Record):
    """Whether the owner queued the primary, and if not, why."""

    member: str
    is_queued: bool
    reason: str = ""
