"""What can be seen of ownership: who held what, who wrote what, and when, by the clock of one observer.

Separate from who records it (wrappers around ports on fakes; etcd's history, the audit log and a watch on real servers)
and from who judges it. Every record is a fact; none says whether it was right. `at` is the observer's clock, `revision`
etcd's own order and `version` the API server's, which count where they are known.
"""

from __future__ import annotations

from dataclasses import dataclass

from shared.core.resources import Ref


@dataclass(frozen=True, slots=True)
class Claimed:
    """A claim was put into the store; `token` is its create revision."""

    at: float
    revision: int
    service: str
    unit: str
    member: str
    token: int
    lease: int = 0


@dataclass(frozen=True, slots=True)
class Freed:
    """A claim is gone: given back, or ended with its lease."""

    at: float
    revision: int
    service: str
    unit: str


@dataclass(frozen=True, slots=True)
class StateWritten:
    """State was written to the store under a claim; `token` is the fence that was compared."""

    at: float
    revision: int
    service: str
    key: str
    token: int


@dataclass(frozen=True, slots=True)
class ClusterWrite:
    """A write that the API server carried out.

    `sent` is when the claim was looked at for the last time, `at` when the server was done. `content` names what was
    sent (a digest); it is empty where nothing was (a deletion).
    """

    at: float
    sent: float
    service: str
    member: str
    unit: str
    token: int
    manager: str
    verb: str
    ref: Ref
    subresource: str = ""
    uid: str = ""
    content: str = ""


@dataclass(frozen=True, slots=True)
class ObjectSeen:
    """A state of a primary as the API server's watch showed it."""

    at: float
    version: int
    ref: Ref
    uid: str
    unit: str  # the partition that it belongs to
    generation: int
    observed: int  # generation that its status speaks of
    is_gone: bool = False  # or being deleted, when nobody owes it a status


@dataclass(frozen=True, slots=True)
class PassBegan:
    """A pass over a primary began."""

    at: float
    member: str
    token: int
    primary: Ref


@dataclass(frozen=True, slots=True)
class PassEnded:
    """A pass over a primary ended, however."""

    at: float
    member: str
    token: int
    primary: Ref


@dataclass(frozen=True, slots=True)
class Slept:
    """A replica was stopped from now on, or woken."""

    at: float
    member: str
    is_asleep: bool


@dataclass(frozen=True, slots=True)
class Ended:
    """A replica is no more."""

    at: float
    member: str


@dataclass(frozen=True, slots=True)
class Excused:
    """A replica's call failed or went without an answer, so that it cannot know what was done."""

    at: float
    member: str
    what: str


@dataclass(frozen=True, slots=True)
class Disturbed:
    """A server on which all depend went away or became slow, or is as it should be again."""

    at: float
    is_disturbed: bool


Record = (
    Claimed
    | Freed
    | StateWritten
    | ClusterWrite
    | ObjectSeen
    | PassBegan
    | PassEnded
    | Slept
    | Ended
    | Excused
    | Disturbed
)


@dataclass(frozen=True, slots=True)
class Violation:
    """A rule that a history breaks, and the sentence that says where."""

    rule: str
    at: float
    what: str

    def __str__(self) -> str:
        """Return the sentence."""
        return f"{self.at:.3f} s: {self.rule}: {self.what}"
