"""One pass: what a handler is given, and what it may ask of the partition view.

The view holds the last known, redacted state of every object of the partition's resources (an Entry each, never a
body); own writes enter it at once. A handler reads its primary from the API server before it writes, and everything
else from here.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Literal, Protocol

from shared.contracts.keys import Key
from shared.core.json import Manifest
from shared.core.objects import Owner
from shared.core.outcomes import Outcome
from shared.core.resources import Ref, Resource


@dataclass(frozen=True, slots=True)
class Entry:
    """The last known state of one object: identity, versions and its summary (shared.contracts.summaries)."""

    ref: Ref
    uid: str
    version: int
    generation: int
    ownership_digest: str
    labels: Mapping[str, str]
    annotations: Mapping[str, str]
    owner: Owner | None  # the controller
    is_deleting: bool
    finalizers: tuple[str, ...]
    summary: Mapping[str, object]  # {"spec": ..., "status": ..., ...}: only what decisions need
    epoch: str = ""
    event_id: str = ""
    correlation: str = ""


class View(Protocol):
    """The partition view of one pass; reads only."""

    def get(self, ref: Ref) -> Entry | None:
        """Return an object of the view."""
        ...

    def children(self, uid: str) -> tuple[Entry, ...]:
        """Return what an object controls, sorted by resource and name."""
        ...

    def of_key(self, key: Key, resource: Resource) -> tuple[Entry, ...]:
        """Return the objects of a resource that belong to a key (also as copies), sorted by name."""
        ...

    def all(self, resource: Resource) -> tuple[Entry, ...]:
        """Return all objects of a resource in the partition, sorted by namespace and name."""
        ...

    def was_written(self, manifest: Manifest) -> None:
        """Take in the answer of an own write, as its event would be taken in."""
        ...

    def was_deleted(self, ref: Ref, uid: str) -> None:
        """Mark an object whose deletion the API server has answered."""
        ...


class Fence(Protocol):
    """The right to write for one partition: its claim, as an etcd guard and as a time."""

    @property
    def claim(self) -> str:
        """Return the claim's key in etcd."""
        ...

    @property
    def token(self) -> int:
        """Return the claim's create revision; every state write in etcd is guarded with it."""
        ...

    def check(self) -> None:
        """Raise LeaseLostError unless the claim outlasts the deadline of a write sent now."""
        ...


# A `step` is an edit one step further: the write of another primary's pass.
Trigger = Literal["step", "edit", "replay", "child", "fact", "retry", "sweep"]


@dataclass(frozen=True, slots=True)
class Work:
    """One pass over one primary."""

    primary: Ref
    view: View
    fence: Fence
    trigger: Trigger
    cause: str = ""  # id of the event that queued the pass
    correlation: str = ""  # id of the edit that the pass belongs to
    facts: Mapping[str, bytes] = field(default_factory=dict)  # etcd facts by name, as recorded
    attempt: int = 1


class Handler(Protocol):
    """Bring what belongs to one primary to what it asks for; safe to repeat at any time."""

    async def __call__(self, work: Work) -> Outcome:
        """Run one pass."""
        ...


@dataclass(frozen=True, slots=True)
class Decision:
    """What a service did and why, for the decision log; `facts` must hold no secret and no free-form user value."""

    about: Ref
    decision: str  # past participle: `applied`, `deleted`, `denied`, ...
    message: str
    correlation: str = ""
    causation: str = ""
    facts: Mapping[str, object] = field(default_factory=dict)


class Decisions(Protocol):
    """The decision log: never blocks, drops and counts when the bus is away."""

    def record(self, decision: Decision) -> None:
        """Queue a decision for publishing."""
        ...


@dataclass(frozen=True, slots=True)
class Queued:
    """A primary that should be passed over, and why."""

    primary: Ref
    trigger: Trigger
    gather: timedelta = timedelta(0)  # for how long further changes may join before the pass begins


class Router(Protocol):
    """Which primaries an object's change concerns (design: queue); pure."""

    def __call__(self, entry: Entry, *, copy_of: Key | None) -> Iterable[Queued]:
        """Return the primaries to queue."""
        ...
