"""The ownership store on etcd: the port's calls, each in terms of etcd's requests.

Separate from the parts that it puts together: wire, incarnation, watches.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta

import structlog

from shared.core.errors import (
    ConflictError,
    ExpiredError,
    ForbiddenError,
    LeaseLostError,
    NoRoomError,
    PlatformError,
    UnreachableError,
)
from shared.core.problems import OnProblem, Problem
from shared.ports.clock import Clock
from shared.ports.store import Everything, Guard, KeyValue, Lease, Put, StoreChange, StoreHealth, Write
from shared.store import messages
from shared.store.health import health
from shared.store.incarnations import Incarnation
from shared.store.messages import Message
from shared.store.options import EtcdOptions
from shared.store.pauses import BackOff
from shared.store.revisions import lowered, raised, raised_everything, raised_pair
from shared.store.watches import Follower
from shared.store.wire import Observe, Wire, observe_nothing

log = structlog.get_logger(__name__)

_PAGE = 2000  # keys of one read
_NO_ROOM = "NOSPACE"  # the alarm that stops writes


@asynccontextmanager
async def connect(
    options: EtcdOptions, clock: Clock, *, incarnation_key: str, observe: Observe = observe_nothing
) -> AsyncIterator[EtcdStore]:
    """Open the store, waiting for as long as no server is there; it is known again by the value of a key.

    `observe` gets the time of each call.
    """
    wire = Wire(options, observe)
    try:
        store = EtcdStore(wire, Incarnation(wire, incarnation_key), options, clock)
        await store.wait_until_there()
        yield store
    finally:
        await wire.close()


class EtcdStore:
    """A `Store` on etcd."""

    def __init__(self, wire: Wire, incarnation: Incarnation, options: EtcdOptions, clock: Clock) -> None:
        """Use open channels."""
        self._wire = wire
        self._incarnation = incarnation
        self._clock = clock
        self._times = options.times
        self._granted_in: dict[int, int] = {}  # lease -> number of the incarnation that knows it
        self._problem = Problem()

    def on_problem(self, listener: OnProblem) -> None:
        """Tell a listener what keeps the store from taking writes, now and whenever that changes."""
        self._problem.listen(listener)

    async def wait_until_there(self) -> None:
        """Wait for a server that accepts us, and say so once."""
        back_off = BackOff(self._clock, self._times.back_off_cap)
        logged = ""
        while True:
            try:
                await self._incarnation.check()
            except (UnreachableError, ForbiddenError) as error:
                if type(error).__name__ != logged:
                    logged = type(error).__name__
                    log.warning("store not reached, waiting", error=str(error))
                await back_off.wait()
            else:
                log.info("store connected")
                return

    async def get(self, key: str) -> KeyValue | None:
        """Return a key, or None."""
        number = await self._incarnation.check()
        pairs = messages.pairs_of(await self._wire.read(messages.get_request(key)))
        return raised_pair(pairs[0], number) if pairs else None

    async def list(self, prefix: str) -> Everything:
        """Return all keys under a prefix."""
        number = await self._incarnation.check()
        return raised_everything(await self._list(prefix), number)

    async def commit(self, writes: Sequence[Write], guards: Sequence[Guard] = ()) -> int:
        """Do all writes in one transaction and return its revision."""
        number, value = await self._incarnation.check(), self._incarnation.value
        lowered_guards = [lowered(guard, number) for guard in guards]
        key = self._incarnation.key
        request = messages.transaction(writes, lowered_guards, incarnation_key=key, value=value)
        is_growing = any(isinstance(write, Put) for write in writes)
        answer = await self._write(self._wire.commit, request, is_growing=is_growing)
        if answer.succeeded:
            return raised(messages.revision_of(answer), number)
        found = messages.pairs_of(answer.responses[0].response_range)
        if not found or found[0].value != value:
            self._incarnation.expire()
            raise ConflictError("the store is another one than the guards were read from")
        raise ConflictError(f"changed meanwhile: {', '.join(guard.key for guard in guards)}")

    def follow(self, prefix: str) -> AsyncGenerator[StoreChange, None]:
        """Yield Everything, then each change in order, for ever."""
        follower = Follower(self._wire, self._incarnation, self._list, self._clock, self._times)
        return follower.follow(prefix)

    async def health(self) -> StoreHealth:
        """Ask every endpoint how it is."""
        return await health(self._wire)

    async def grant(self, ttl: timedelta) -> Lease:
        """Take a lease."""
        number = await self._incarnation.check()
        sent_at = self._clock.elapsed()
        answer = await self._write(self._wire.grant, messages.grant_request(ttl))
        lease = Lease(int(answer.ID), timedelta(seconds=answer.TTL), sent_at)
        self._granted_in[lease.id] = number
        return lease

    async def keep_alive(self, lease: Lease) -> Lease:
        """Renew a lease once and return it with its new times."""
        number = await self._incarnation.check()
        if self._granted_in.get(lease.id, number) != number:
            raise LeaseLostError(f"lease {lease.id:x} belongs to a store that is gone")
        sent_at = self._clock.elapsed()
        # Two more servers can be asked before the lease ends.
        answer = await self._wire.keep_alive(messages.keep_alive_request(lease.id), within=lease.ttl / 3)
        if answer.TTL <= 0:
            self._granted_in.pop(lease.id, None)
            raise LeaseLostError(f"lease {lease.id:x} has ended")
        if self._problem.text:
            await self._look_for_room()
        return Lease(lease.id, timedelta(seconds=answer.TTL), sent_at)

    async def revoke(self, lease: Lease) -> None:
        """End a lease and delete its keys."""
        self._granted_in.pop(lease.id, None)
        try:
            await self._wire.revoke(messages.revoke_request(lease.id))
        except LeaseLostError:
            log.debug("lease had ended", lease=lease.id)

    async def _write(
        self, write: Callable[[Message], Awaitable[Message]], request: Message, *, is_growing: bool = True
    ) -> Message:
        """Send a write, and say once when the store has no room for it, and when it has again.

        One that only deletes is taken without room, and tells nothing.
        """
        try:
            answer = await write(request)
        except NoRoomError as error:
            if not self._problem.text:
                log.error("store has no room, writes wait until somebody makes some", reason=str(error))
            self._problem.say(f"it has no room, writes wait: {error}")
            raise
        if is_growing:
            self._has_room()
        return answer

    async def _look_for_room(self) -> None:
        """Ask whether the store has room again, for those who have nothing to write meanwhile."""
        try:
            alarms = messages.alarm_names(await self._wire.alarms())
        except PlatformError as error:
            log.debug("alarms of the store could not be read", reason=str(error))
            return
        if _NO_ROOM not in alarms:
            self._has_room()

    def _has_room(self) -> None:
        if self._problem.text:
            log.info("store has room again")
        self._problem.say("")

    async def _list(self, prefix: str) -> Everything:
        """Return all keys under a prefix, at one revision however many pages it takes."""
        pairs: list[KeyValue] = []
        begin, revision = b"", 0
        while True:
            request = messages.list_request(prefix, begin=begin, limit=_PAGE, revision=revision)
            try:
                answer = await self._wire.read(request)
            except ExpiredError:  # compacted between two pages
                pairs, begin, revision = [], b"", 0
                continue
            page = messages.pairs_of(answer)
            pairs += page
            revision = revision or messages.revision_of(answer)
            if not answer.more:
                return Everything(tuple(pairs), revision)
            begin = page[-1].key.encode() + b"\0"
