"""The informer: list, watch, resume, and list again when history is gone (ADR 0002).

It ends only when it is closed. What goes wrong on the way is told to the observer, logged once per cause, and waited
out with pauses that grow until a watch has lasted. The consumer's invariant: after a Snapshot, every change of the
resource is given once and in order, or another Snapshot comes; and before a watch that broke goes on, an Interrupted
comes from it, so that whoever keeps versions can ask whether they still mean the same.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass, field
from datetime import timedelta

import structlog

from shared.core.errors import ExpiredError, InvalidObjectError, NotFoundError, PlatformError, UnreachableError
from shared.core.resources import Resource
from shared.kube import requests
from shared.kube.backoff import Backoff
from shared.kube.lists import complete_list, current_version
from shared.kube.transport import Transport
from shared.kube.watches import watch
from shared.ports.clock import Clock
from shared.ports.cluster import EVERYTHING, Absent, Interrupted, Observation, Selection

_FIRST_LOOK = timedelta(seconds=1)

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class InformerOptions:
    """How patient an informer is."""

    silence: timedelta = timedelta(minutes=10)  # longer than any watch lives: while nothing changes, nothing is said
    absent_pause: timedelta = timedelta(hours=1)  # until a kind that is not served is looked for without a sign
    longest_pause: timedelta = timedelta(seconds=5)
    page: int = requests.PAGE


@dataclass(slots=True)
class _Position:
    """Where one informer stands: the version it has given everything up to, None before a list."""

    version: int | None
    is_doubtful: bool = True  # the server may have another history than the one the version belongs to
    is_broken: bool = False
    absence: Backoff | None = None  # the pauses while the kind is not served
    _told: str = ""

    def fail(self, resource: Resource, error: PlatformError) -> None:
        """Take in why a list or watch ended."""
        if isinstance(error, ExpiredError | NotFoundError | InvalidObjectError):
            self.version = None
        self.is_broken = self.is_doubtful = self.version is not None
        if isinstance(error, ExpiredError | NotFoundError | UnreachableError):
            # Part of every watch's life, and counted; that the whole server is away is told once, for all watches.
            log.debug("watch was interrupted", resource=resource.group_resource, reason=str(error))
        elif str(error) != self._told:
            self._told = str(error)
            log.warning("watch was refused", resource=resource.group_resource, reason=self._told)


@dataclass(frozen=True, slots=True)
class KubeInformer:
    """Implements the port `Informer` on a served API."""

    transport: Transport
    clock: Clock
    options: InformerOptions = field(default_factory=InformerOptions)

    def follow(
        self, resource: Resource, selection: Selection = EVERYTHING, *, resume_from: int | None = None
    ) -> AsyncGenerator[Observation, None]:
        """Yield what happens to a resource, for ever."""
        return self._follow(resource, selection, _Position(resume_from))

    async def _follow(
        self, resource: Resource, selection: Selection, position: _Position
    ) -> AsyncGenerator[Observation, None]:
        backoff = Backoff(longest=self.options.longest_pause)
        expiry = Backoff(longest=self.options.longest_pause)  # a server that says 410 is there: no outage is waited out
        while True:
            began, reason, pauses = self.clock.elapsed(), "closed", backoff
            try:
                async with aclosing(self._once(resource, selection, position)) as observations:
                    async for observation in observations:
                        yield observation
                        del observation  # a list of everything must not live as long as the watch behind it
            except NotFoundError as error:
                reason, pauses = "absent", self._absence(position)
                position.fail(resource, error)
                if pauses is not position.absence:
                    position.absence = pauses
                    yield Absent()
            except PlatformError as error:
                position.fail(resource, error)
                reason = type(error).__name__
                pauses = expiry if isinstance(error, ExpiredError) else backoff
            self.transport.observer.watch_restarted(resource.group_resource, reason)
            lasted = timedelta(seconds=self.clock.elapsed() - began)
            expiry.relax(lasted=lasted)
            await self.clock.sleep(pauses.pause(lasted=lasted))

    def _absence(self, position: _Position) -> Backoff:
        if position.absence is not None:
            return position.absence
        # A kind that was served may be back at once (a server that restarts); one that never was is not expected.
        first = _FIRST_LOOK if position.version is not None else self.options.absent_pause
        return Backoff(first=min(first, self.options.absent_pause), longest=self.options.absent_pause)

    async def _once(
        self, resource: Resource, selection: Selection, position: _Position
    ) -> AsyncGenerator[Observation, None]:
        if position.version is None:
            snapshot = await complete_list(self.transport, resource, selection, page=self.options.page)
            position.version, position.absence = snapshot.version, None
            yield snapshot
            del snapshot
        elif position.is_doubtful and await current_version(self.transport, resource, selection) < position.version:
            # Such a watch is answered, and silent until the history has grown so long.
            raise ExpiredError(f"{resource.group_resource}: the server's history ends before {position.version}")
        position.is_doubtful = False
        events = watch(self.transport, resource, selection, version=position.version, silence=self.options.silence)
        async with aclosing(events):
            async for version, observation in events:
                position.version = version
                if observation is not None:
                    yield observation
                elif position.is_broken:
                    position.is_broken = False
                    yield Interrupted()
