"""The envelope of every event: CloudEvents 1.0 in binary mode, as NATS headers (design: events and the log).

A correlation id names one edit: the uid (first eight digits) and generation of the graph that the user changed, such
as `3f2a91c0.2`. Everything that happens because of that edit carries it, and anyone who sees the graph can compute
it, so it needs no store and survives every restart.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Literal

from shared.contracts.subjects import is_number
from shared.core.errors import InvalidObjectError
from shared.core.resources import Resource

ChangeType = Literal["added", "modified", "deleted", "moved"]
CHANGE_TYPES: tuple[ChangeType, ...] = ("added", "modified", "deleted", "moved")
TOMBSTONES: frozenset[ChangeType] = frozenset({"deleted", "moved"})

SPEC_VERSION = "1.0"
EXPECTED_SEQUENCE = "Nats-Expected-Last-Subject-Sequence"
MESSAGE_ID = "Nats-Msg-Id"

_PREFIX = "com.nvidia.dynamo"


def correlation_id(uid: str, generation: int) -> str:
    """Return the id of the edit that gave an object its generation."""
    return f"{uid[:8]}.{generation}"


@cache
def event_source(*, version: str, install: str, service: str, epoch: str = "") -> str:
    """Return `ce-source`: product, version, installation, service and, for changes, the epoch."""
    return "/".join(part for part in ("/dynamo-platform", version, install, service, epoch) if part)


@dataclass(frozen=True, slots=True)
class ChangeHeaders:
    """What the headers of a change event say about the object."""

    id: str
    type: ChangeType
    source: str
    subject: str  # namespace/name
    time: datetime
    plural: str
    uid: str
    version: int
    epoch: str
    partition: int
    generation: int = 0
    ownership_digest: str = ""
    correlation: str = ""
    causation: str = ""
    is_copy: bool = False
    dataref: str = ""

    @property
    def is_tombstone(self) -> bool:
        """Return whether the object is gone from this subject."""
        return self.type in TOMBSTONES

    def encode(self) -> dict[str, str]:
        """Return the NATS headers."""
        headers = {
            "ce-specversion": SPEC_VERSION,
            "ce-id": self.id,
            "ce-type": f"{_PREFIX}.{self.plural}.{self.type}.v1",
            "ce-source": self.source,
            "ce-subject": self.subject,
            "ce-time": self.time.isoformat(),
            "ce-uid": self.uid,
            "ce-resourceversion": str(self.version),
            "ce-epoch": self.epoch,
            "ce-partition": str(self.partition),
            "ce-generation": str(self.generation),
            "content-type": "application/json",
        }
        optional = {
            "ce-ownershipdigest": self.ownership_digest,
            "ce-correlationid": self.correlation,
            "ce-causationid": self.causation,
            "ce-dataref": self.dataref,
            "copy": "true" if self.is_copy else "",
        }
        return headers | {key: value for key, value in optional.items() if value}


def decode_change(headers: Mapping[str, str]) -> ChangeHeaders:
    """Return the parsed headers of a change event; raise InvalidObjectError naming the header that is wrong."""
    plural, change = _split_type(_required(headers, "ce-type"))
    return ChangeHeaders(
        id=_required(headers, "ce-id"),
        type=change,
        source=_required(headers, "ce-source"),
        subject=_required(headers, "ce-subject"),
        time=_time(_required(headers, "ce-time")),
        plural=plural,
        uid=headers.get("ce-uid", ""),
        version=_number(headers, "ce-resourceversion"),
        epoch=_required(headers, "ce-epoch"),
        partition=_number(headers, "ce-partition"),
        generation=_number(headers, "ce-generation"),
        ownership_digest=headers.get("ce-ownershipdigest", ""),
        correlation=headers.get("ce-correlationid", ""),
        causation=headers.get("ce-causationid", ""),
        is_copy=headers.get("copy") == "true",
        dataref=headers.get("ce-dataref", ""),
    )


def is_news(change: ChangeHeaders, known: ChangeHeaders | None) -> bool:
    """Return whether a change says something newer about an object than is known, whichever partition told it.

    For readers of the whole log: within one subject order is guarded, between the subjects of one object it is not.
    What left one partition (`moved`) lives on in another, which may have told of it before or tells of it next.
    """
    if change.is_copy:
        return False
    if known is None:
        return not change.is_tombstone
    if known.epoch != change.epoch:
        return True
    return change.version > known.version if change.type == "moved" else change.version >= known.version


@dataclass(frozen=True, slots=True)
class DecisionHeaders:
    """What the headers of a decision or a dead letter say."""

    id: str
    service: str
    decision: str
    source: str
    subject: str
    time: datetime
    correlation: str = ""
    causation: str = ""
    member: str = ""
    partition: str = ""
    fence: int = 0

    def encode(self) -> dict[str, str]:
        """Return the NATS headers; decisions are stored once however often they are sent."""
        headers = {
            "ce-specversion": SPEC_VERSION,
            "ce-id": self.id,
            "ce-type": f"{_PREFIX}.{self.service}.{self.decision}.v1",
            "ce-source": self.source,
            "ce-subject": self.subject,
            "ce-time": self.time.isoformat(),
            "content-type": "application/json",
            MESSAGE_ID: self.id,
        }
        optional = {
            "ce-correlationid": self.correlation,
            "ce-causationid": self.causation,
            "ce-member": self.member,
            "ce-partition": self.partition,
            "ce-fence": str(self.fence) if self.fence else "",
        }
        return headers | {key: value for key, value in optional.items() if value}


def object_subject(resource: Resource, namespace: str, name: str) -> str:
    """Return `ce-subject` of an object: its API path."""
    return resource.path(namespace, name)


def _split_type(event_type: str) -> tuple[str, ChangeType]:
    parts = event_type.removeprefix(f"{_PREFIX}.").split(".")
    if len(parts) == 3 and parts[2] == "v1":
        for change in CHANGE_TYPES:
            if parts[1] == change:
                return parts[0], change
    raise InvalidObjectError(f"ce-type {event_type!r} is not a change of version v1")


def _required(headers: Mapping[str, str], name: str) -> str:
    value = headers.get(name)
    if not value:
        raise InvalidObjectError(f"header {name} is missing")
    return value


def _number(headers: Mapping[str, str], name: str) -> int:
    value = headers.get(name, "0")
    if not is_number(value):
        raise InvalidObjectError(f"header {name} is {value[:80]!r}, not a number")
    return int(value)


def _time(value: str) -> datetime:
    try:
        time = datetime.fromisoformat(value)
    except ValueError as error:
        raise InvalidObjectError(f"header ce-time is {value!r}, not an RFC 3339 time") from error
    if time.tzinfo is None:
        raise InvalidObjectError(f"header ce-time is {value!r}, without a time zone")
    return time
