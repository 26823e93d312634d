"""An ownership store in memory that behaves as etcd behind our adapter does, with a switch for each of its failures.

One `FakeStore` is one client. `another()` gives a second client of the same server, so that replicas share the keys
and can be cut off one by one. Writes are lost before or after they took effect, the store is wiped or compacted on
demand, and `before` and `after` let a test stop a call before the server sees it or before the caller sees the answer.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from datetime import timedelta

from shared.core.errors import ConflictError, UnknownResultError, UnreachableError
from shared.ports.store import Everything, Guard, KeyPut, KeyValue, Lease, StoreChange, StoreHealth, StoreMember, Write
from shared.testing.clock import FakeClock
from shared.testing.store_keys import Change, Keyspace

Hook = Callable[[str, str], Awaitable[None]]  # of a call's name and the key or prefix it is about


class FakeStore:
    """A `Store` in memory."""

    def __init__(self, clock: FakeClock, *, server: Keyspace | None = None) -> None:
        """Make a client, and a server for it unless one is given."""
        self._clock = clock
        self._server = server or Keyspace(clock)
        self._is_cut = False
        self._known_incarnation = self._server.incarnation
        self._answers_to_lose = 0
        self._requests_to_lose = 0
        self.before: Hook | None = None
        self.after: Hook | None = None
        self.calls: Counter[str] = Counter()

    def another(self) -> FakeStore:
        """Return a second client of the same server."""
        return FakeStore(self._clock, server=self._server)

    # What a test does to the server and the connection

    def stop(self) -> None:
        """Take the server away from all clients; leases stand still."""
        self._server.stop()

    def start(self) -> None:
        """Bring the server back; every lease has its whole time again."""
        self._server.start()

    def cut(self) -> None:
        """Take the server away from this client alone; its leases run out."""
        self._is_cut = True
        self._server.changed()

    def mend(self) -> None:
        """Connect this client again."""
        self._is_cut = False
        self._server.changed()

    def wipe(self, *, revision: int = 1) -> None:
        """Lose all keys and leases and go on at a revision, below or above the old one."""
        self._server.wipe(revision)

    def compact(self) -> None:
        """Forget the history; whoever is behind has to list again."""
        self._server.compact()

    def lose_answers(self, count: int) -> None:
        """Do the next writes of this client without telling it."""
        self._answers_to_lose = count

    def lose_requests(self, count: int) -> None:
        """Do not do the next writes of this client, without telling it."""
        self._requests_to_lose = count

    def pairs(self, prefix: str = "") -> dict[str, bytes]:
        """Return what is stored, for assertions."""
        return {pair.key: pair.value for pair in self._server.under(prefix)}

    # The port

    async def get(self, key: str) -> KeyValue | None:
        """Return a key, or None."""
        await self._arrive("get", key)
        pair = self._server.pairs.get(key)
        await self._answer("get", key)
        return pair

    async def list(self, prefix: str) -> Everything:
        """Return all keys under a prefix."""
        await self._arrive("list", prefix)
        everything = self._everything(prefix)
        await self._answer("list", prefix)
        return everything

    async def commit(self, writes: Sequence[Write], guards: Sequence[Guard] = ()) -> int:
        """Do all writes in one transaction and return its revision."""
        about = writes[0].key if writes else ""
        await self._arrive_with_write("commit", about)
        known, self._known_incarnation = self._known_incarnation, self._server.incarnation
        if known != self._server.incarnation:
            raise ConflictError("the store is another one than the guards were read from")
        revision = self._server.commit(writes, guards)
        await self._answer_to_write("commit", about)
        return revision

    async def follow(self, prefix: str) -> AsyncGenerator[StoreChange, None]:
        """Yield Everything, then each change in order, for ever."""
        server = self._server
        incarnation = position = 0
        while True:
            while not self.is_connected:
                await server.wait()
            if server.incarnation != incarnation or position < server.compacted:
                everything = self._everything(prefix)
                incarnation, position = server.incarnation, everything.revision
                yield everything
            elif behind := server.history_after(position):
                for revision, change in behind:
                    if server.incarnation != incarnation:
                        break
                    position = revision
                    if _key(change).startswith(prefix):
                        yield change
            else:
                await server.wait()

    async def health(self) -> StoreHealth:
        """Return that the one member is well."""
        await self._arrive("health", "")
        return StoreHealth((StoreMember("fake", is_leader=True, version="fake"),))

    async def grant(self, ttl: timedelta) -> Lease:
        """Take a lease."""
        sent_at = self._clock.elapsed()
        await self._arrive_with_write("grant", "")
        lease = self._server.grant(ttl.total_seconds())
        await self._answer_to_write("grant", "")
        return Lease(lease, ttl, sent_at)

    async def keep_alive(self, lease: Lease) -> Lease:
        """Renew a lease once and return it with its new times."""
        sent_at = self._clock.elapsed()
        await self._arrive("keep_alive", str(lease.id))
        ttl = self._server.keep_alive(lease.id)
        await self._answer("keep_alive", str(lease.id))
        return Lease(lease.id, timedelta(seconds=ttl), sent_at)

    async def revoke(self, lease: Lease) -> None:
        """End a lease and delete its keys."""
        await self._arrive_with_write("revoke", str(lease.id))
        self._server.revoke(lease.id)
        await self._answer_to_write("revoke", str(lease.id))

    @property
    def is_connected(self) -> bool:
        """Return whether the server can be reached."""
        return self._server.is_running and not self._is_cut

    def _everything(self, prefix: str) -> Everything:
        return Everything(self._server.under(prefix), self._server.revision)

    async def _arrive(self, call: str, about: str) -> None:
        self.calls[call] += 1
        if self.before is not None:
            await self.before(call, about)
        await asyncio.sleep(0)  # every real call gives other tasks a turn
        if not self.is_connected:
            raise UnreachableError(f"{call} {about}: no connection to the store")

    async def _answer(self, call: str, about: str) -> None:
        if self.after is not None:
            await self.after(call, about)

    async def _arrive_with_write(self, call: str, about: str) -> None:
        await self._arrive(call, about)
        if self._requests_to_lose > 0:
            self._requests_to_lose -= 1
            raise UnknownResultError(f"{call} {about}: no answer")

    async def _answer_to_write(self, call: str, about: str) -> None:
        await self._answer(call, about)
        if self._answers_to_lose > 0:
            self._answers_to_lose -= 1
            raise UnknownResultError(f"{call} {about}: no answer")


def _key(change: Change) -> str:
    return change.pair.key if isinstance(change, KeyPut) else change.key
