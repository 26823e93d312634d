"""The ownership store: keys with revisions, guarded transactions, leases and a watch that cannot be deaf."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Protocol


@dataclass(frozen=True, slots=True)
class KeyValue:
    """One key as stored."""

    key: str
    value: bytes
    create_revision: int
    mod_revision: int
    lease: int = 0


@dataclass(frozen=True, slots=True)
class CreatedAt:
    """Guard: the key's create revision is this one (0: the key does not exist)."""

    key: str
    revision: int


@dataclass(frozen=True, slots=True)
class ModifiedAt:
    """Guard: the key's last change has this revision (0: the key does not exist)."""

    key: str
    revision: int


Guard = CreatedAt | ModifiedAt


@dataclass(frozen=True, slots=True)
class Put:
    """Write a key, bound to a lease when one is given."""

    key: str
    value: bytes
    lease: int = 0


@dataclass(frozen=True, slots=True)
class Drop:
    """Delete a key."""

    key: str


Write = Put | Drop


@dataclass(frozen=True, slots=True)
class Everything:
    """All keys under the prefix at one revision: the first item, and again after compaction or a wiped store."""

    pairs: tuple[KeyValue, ...]
    revision: int


@dataclass(frozen=True, slots=True)
class KeyPut:
    """A key was written."""

    pair: KeyValue


@dataclass(frozen=True, slots=True)
class KeyDropped:
    """A key was deleted, or its lease ended."""

    key: str
    revision: int


StoreChange = Everything | KeyPut | KeyDropped


@dataclass(frozen=True, slots=True)
class Lease:
    """A granted lease; `sent_at` is the clock's `elapsed()` when the answered request was sent."""

    id: int
    ttl: timedelta
    sent_at: float


@dataclass(frozen=True, slots=True)
class StoreMember:
    """What one endpoint of the store says of itself."""

    endpoint: str
    is_leader: bool = False
    version: str = ""
    size: int = 0  # bytes of its database
    problem: str = ""  # why it cannot be used


@dataclass(frozen=True, slots=True)
class StoreHealth:
    """The endpoints of the store, and the alarms that stop writes (`NOSPACE`, `CORRUPT`)."""

    members: tuple[StoreMember, ...]
    alarms: tuple[str, ...] = ()


class Store(Protocol):
    """Reads are linearizable; a write whose answer is lost raises UnknownResultError and must be read back."""

    async def get(self, key: str) -> KeyValue | None:
        """Return a key, or None."""
        ...

    async def list(self, prefix: str) -> Everything:
        """Return all keys under a prefix."""
        ...

    async def commit(self, writes: Sequence[Write], guards: Sequence[Guard] = ()) -> int:
        """Do all writes in one transaction and return its revision; raise ConflictError if a guard fails."""
        ...

    def follow(self, prefix: str) -> AsyncGenerator[StoreChange, None]:
        """Yield Everything, then each change in order, for ever.

        Resumed behind the last event; compaction, a wiped store (another incarnation) or a revision that went back
        give Everything again. The iterator ends only when it is closed.
        """
        ...

    async def health(self) -> StoreHealth:
        """Ask every endpoint how it is; raise UnreachableError when none answers."""
        ...

    async def grant(self, ttl: timedelta) -> Lease:
        """Take a lease."""
        ...

    async def keep_alive(self, lease: Lease) -> Lease:
        """Renew a lease once and return it with its new times; raise LeaseLostError when it has ended."""
        ...

    async def revoke(self, lease: Lease) -> None:
        """End a lease and delete its keys; a lease that has ended is no error."""
        ...
