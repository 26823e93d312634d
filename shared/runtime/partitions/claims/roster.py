"""What the store says of members and claims, kept up to date by its watch.

Separate from the shell because the order of changes is where mistakes hide: the same changes must give the same
roster, and only a change of the *set* of members starts the wait for settled members again.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import assert_never

from shared.ports.store import Everything, KeyDropped, KeyPut, KeyValue, StoreChange


@dataclass(frozen=True, slots=True)
class Holder:
    """Who holds a claim, and since which revision."""

    member: str
    token: int
    lease: int = 0


@dataclass(slots=True)
class Members:
    """The live replicas of a service."""

    prefix: str
    names: frozenset[str] = frozenset()
    is_known: bool = False
    changed_at: float = 0.0

    def take(self, change: StoreChange, now: float) -> None:
        """Take in a change under the prefix."""
        before, was_known = self.names, self.is_known
        match change:
            case Everything():
                self.names = frozenset(pair.key.removeprefix(self.prefix) for pair in change.pairs)
                self.is_known = True
            case KeyPut():
                self.names |= {change.pair.key.removeprefix(self.prefix)}
            case KeyDropped():
                self.names -= {change.key.removeprefix(self.prefix)}
            case _:
                assert_never(change)
        if self.names != before or not was_known:
            self.changed_at = now

    def settles_in(self, now: float, settle: float) -> float:
        """Return the seconds until the members have been the same for long enough; 0 when they have."""
        return max(0.0, self.changed_at + settle - now)


@dataclass(slots=True)
class ClaimTable:
    """The claims of a service by unit."""

    prefix: str
    holders: dict[str, Holder] = field(default_factory=dict)
    is_known: bool = False

    def take(self, change: StoreChange) -> None:
        """Take in a change under the prefix."""
        match change:
            case Everything():
                self.holders = dict(self._entry(pair) for pair in change.pairs)
                self.is_known = True
            case KeyPut():
                unit, holder = self._entry(change.pair)
                self.holders[unit] = holder
            case KeyDropped():
                self.holders.pop(change.key.removeprefix(self.prefix), None)
            case _:
                assert_never(change)

    def _entry(self, pair: KeyValue) -> tuple[str, Holder]:
        holder = Holder(pair.value.decode(errors="replace"), pair.create_revision, pair.lease)
        return pair.key.removeprefix(self.prefix), holder
