"""Keys, leases and history in memory: what an etcd server keeps, answers and refuses.

Separate from the fake client because several clients (replicas of a service) share one server. Leases end by the
clock, also while every client is suspended; while the server itself is down they do not, and a restart gives each its
whole time again, as etcd does.
"""

from __future__ import annotations

import asyncio
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import assert_never

from shared.core.errors import ConflictError, LeaseLostError
from shared.ports.store import CreatedAt, Drop, Guard, KeyDropped, KeyPut, KeyValue, ModifiedAt, Put, Write
from shared.testing.clock import FakeClock

Change = KeyPut | KeyDropped
_STEP = 1 << 44  # what our adapter raises revisions by for each store that was lost


@dataclass(slots=True)
class _Grant:
    """A lease as the server holds it."""

    ttl: float
    ends_at: float
    keys: set[str] = field(default_factory=set)


class Keyspace:
    """The state of one server."""

    def __init__(self, clock: FakeClock) -> None:
        """Begin empty, as a new server does."""
        self._clock = clock
        self._waiters: list[asyncio.Future[None]] = []
        self._leases: dict[int, _Grant] = {}
        self._leases_made = 0
        self.is_running = True
        self.incarnation = 1
        self.revision = 1
        self.compacted = 0
        self.pairs: dict[str, KeyValue] = {}
        self.history: list[tuple[int, Change]] = []

    def under(self, prefix: str) -> tuple[KeyValue, ...]:
        """Return the keys under a prefix in their order."""
        return tuple(pair for key, pair in sorted(self.pairs.items()) if key.startswith(prefix))

    def history_after(self, revision: int) -> list[tuple[int, Change]]:
        """Return the changes behind a revision with theirs."""
        return self.history[bisect_right(self.history, revision, key=lambda entry: entry[0]) :]

    def commit(self, writes: Sequence[Write], guards: Sequence[Guard]) -> int:
        """Do all writes at one new revision, or none."""
        for guard in guards:
            self._check(guard)
        leases = {write.lease for write in writes if isinstance(write, Put) and write.lease}
        for lease in leases - self._leases.keys():
            raise LeaseLostError(f"lease {lease:x} has ended")
        changes = [change for write in writes if (change := self._write(write)) is not None]
        self._record(changes)
        return self.revision

    def grant(self, ttl: float) -> int:
        """Make a lease."""
        self._leases_made += 1
        lease = 1000 * self.incarnation + self._leases_made
        self._leases[lease] = _Grant(ttl, 0.0)
        self._extend(lease)
        return lease

    def keep_alive(self, lease: int) -> float:
        """Give a lease its whole time again and return it."""
        if lease not in self._leases:
            raise LeaseLostError(f"lease {lease:x} has ended")
        self._extend(lease)
        return self._leases[lease].ttl

    def revoke(self, lease: int) -> None:
        """End a lease and delete its keys."""
        grant = self._leases.pop(lease, None)
        if grant is not None:
            self._record([change for key in sorted(grant.keys) if (change := self._write(Drop(key))) is not None])

    def stop(self) -> None:
        """Stop answering."""
        self.is_running = False
        self.changed()

    def start(self) -> None:
        """Answer again; every lease has its whole time."""
        self.is_running = True
        for lease in self._leases:
            self._extend(lease)
        self.changed()

    def wipe(self, revision: int) -> None:
        """Lose everything and be another incarnation, at some revision."""
        self.incarnation += 1
        self.revision = revision + _STEP * (self.incarnation - 1)
        self.compacted = 0
        self.pairs.clear()
        self.history.clear()
        self._leases.clear()
        self.changed()

    def compact(self) -> None:
        """Forget the history up to now."""
        self.compacted = self.revision
        self.history.clear()
        self.changed()

    def changed(self) -> None:
        """Wake all who wait for a change."""
        waiters, self._waiters = self._waiters, []
        for waiter in waiters:
            if not waiter.done():
                waiter.set_result(None)

    async def wait(self) -> None:
        """Wait for a change of the keys, of the server or of a connection."""
        waiter = asyncio.get_running_loop().create_future()
        self._waiters.append(waiter)
        await waiter

    def _check(self, guard: Guard) -> None:
        pair = self.pairs.get(guard.key)
        match guard:
            case CreatedAt():
                actual = pair.create_revision if pair else 0
            case ModifiedAt():
                actual = pair.mod_revision if pair else 0
            case _:
                assert_never(guard)
        if actual != guard.revision:
            raise ConflictError(f"{guard.key}: revision is {actual}, not {guard.revision}")

    def _write(self, write: Write) -> Change | None:
        old = self.pairs.get(write.key)
        if old is not None and old.lease in self._leases:
            self._leases[old.lease].keys.discard(write.key)
        revision = self.revision + 1
        match write:
            case Put(key=key, value=value, lease=lease):
                pair = KeyValue(key, value, old.create_revision if old else revision, revision, lease)
                self.pairs[key] = pair
                if lease:
                    self._leases[lease].keys.add(key)
                return KeyPut(pair)
            case Drop(key=key):
                return KeyDropped(key, revision) if self.pairs.pop(key, None) is not None else None
            case _:
                assert_never(write)

    def _record(self, changes: Sequence[Change]) -> None:
        if not changes:
            return
        self.revision += 1
        self.history += [(self.revision, change) for change in changes]
        self.changed()

    def _extend(self, lease: int) -> None:
        grant = self._leases[lease]
        grant.ends_at = self._clock.elapsed() + grant.ttl
        self._clock.call_at(grant.ends_at, lambda: self._end(lease))

    def _end(self, lease: int) -> None:
        grant = self._leases.get(lease)
        if self.is_running and grant is not None and grant.ends_at <= self._clock.elapsed():
            self.revoke(lease)
