"""Following a prefix for ever: list, watch, resume.

Separate because a watch fails in more ways than all other calls together. Invariants: it is resumed behind the last
*event* (a header's revision may be ahead of events still on the way); whatever cannot be resumed without a gap
(compaction, cancellation, another store, a store that ends before our place) gives Everything again; and a stream that
answers no progress request is left, so no server can be silently deaf.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing
from dataclasses import dataclass

import structlog

from shared.core.errors import ExpiredError, TemporaryError, UnreachableError
from shared.ports.clock import Clock
from shared.ports.store import Everything, KeyDropped, KeyPut, StoreChange
from shared.store import messages
from shared.store.failures import LoginExpiredError
from shared.store.incarnations import Incarnation
from shared.store.messages import WatchNews
from shared.store.options import EtcdTimes
from shared.store.pauses import BackOff
from shared.store.revisions import raised_change, raised_everything
from shared.store.wire import Watch, Wire

log = structlog.get_logger(__name__)

_SILENT_PINGS = 3


@dataclass(slots=True)
class _Place:
    """How far a follower has come."""

    revision: int
    incarnation: int


@dataclass(frozen=True, slots=True)
class Follower:
    """Follows prefixes over one wire; places are in etcd's own revisions, what is yielded is raised."""

    wire: Wire
    incarnation: Incarnation
    list_all: Callable[[str], Awaitable[Everything]]
    clock: Clock
    times: EtcdTimes

    async def follow(self, prefix: str) -> AsyncGenerator[StoreChange, None]:
        """Yield Everything, then each change in order, for ever."""
        back_off = BackOff(self.clock, self.times.back_off_cap)
        place: _Place | None = None
        is_logged = False  # one line for an outage, not one for each attempt
        while True:
            try:
                if place is None:
                    number = await self.incarnation.check()
                    everything = await self.list_all(prefix)
                    place, is_logged = _Place(everything.revision, number), False
                    yield raised_everything(everything, number)
                async with aclosing(self._watch(prefix, place)) as changes:
                    async for change in changes:
                        back_off.reset()
                        is_logged = False
                        place.revision = messages.revision_of_change(change)
                        yield raised_change(change, place.incarnation)
            except ExpiredError as error:
                log.info("watch begins anew", prefix=prefix, reason=str(error))
                place = None
            except TemporaryError as error:
                if not is_logged:
                    log.warning("watch broken, resumed when the store answers", prefix=prefix, reason=str(error))
                is_logged = True
            await back_off.wait()

    async def _watch(self, prefix: str, place: _Place) -> AsyncGenerator[KeyPut | KeyDropped, None]:
        """Yield changes behind a place until the stream breaks; raise ExpiredError where only a list helps."""
        if await self.incarnation.check() != place.incarnation:
            raise ExpiredError("the store is another one")
        request = messages.watch_request(prefix, start_revision=place.revision + 1)
        async with self.wire.watch(request) as watch:
            while True:
                news = await self._next(watch)
                if self.incarnation.number != place.incarnation:
                    raise ExpiredError("the store is another one")
                if news.is_opened and news.revision < place.revision:
                    await self._is_behind(place)
                if news.is_ended:
                    self._refused(news)
                for change in news.changes:
                    yield change

    async def _is_behind(self, place: _Place) -> None:
        """Raise for a server that ends before our place: ExpiredError when the whole store does."""
        self.incarnation.expire()
        newest = (await self.list_all(self.incarnation.key)).revision
        if newest < place.revision:
            raise ExpiredError(f"the store ends at {newest}, before {place.revision}")
        raise UnreachableError("watch: this member has not caught up yet")

    def _refused(self, news: WatchNews) -> None:
        if "auth" in news.reason or "token" in news.reason:
            self.wire.forget_login()
            raise LoginExpiredError(f"watch: {news.reason}")
        raise ExpiredError(f"watch canceled: {news.reason}")

    async def _next(self, watch: Watch) -> WatchNews:
        """Return what the stream says next; a silent one is asked, and given up after the third such question.

        One at an endpoint that has failed another call is given up at the first.
        """
        for _ in range(_SILENT_PINGS):
            answer = await watch.next(within=self.times.watch_ping.total_seconds())
            if answer is not None:
                return messages.watch_news(answer)
            if watch.is_left():
                raise UnreachableError("watch: the endpoint is silent, and has failed other calls")
            await watch.ask(messages.progress_request())
        self.incarnation.expire()
        raise UnreachableError("watch: the server is silent")
