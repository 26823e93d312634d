"""A replica's client of the API server, with the network between them: what was sent may arrive late, or after its end.

The network outlives its processes: a request that was sent is carried out also when the sender was killed, or has given
up on it. Like the real client, this one sends nothing once the time of a request is over, and gives up then.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import TypeVar

from shared.core.errors import ConflictError, PlatformError, TemporaryError, UnknownResultError, UnreachableError
from shared.core.json import Manifest, digest
from shared.core.objects import ref_of, uid_of
from shared.core.resources import Ref, Resource
from shared.ports.cluster import EVERYTHING, Selection, Snapshot
from shared.ports.mandates import MANDATE
from shared.testing.clock import FakeClock
from shared.testing.cluster import FakeCluster
from tests.chaos.ownership.pulses import Pulse
from tests.chaos.ownership.records import ClusterWrite, Excused

Answer = TypeVar("Answer")
DEADLINE = 5.0


@dataclass(slots=True)
class Network:
    """The way from any replica to the API server; requests on it belong to nobody."""

    tasks: asyncio.TaskGroup
    delay: Callable[[], float]  # seconds until a request arrives


@dataclass(frozen=True, slots=True)
class Asked:
    """A write on its way."""

    verb: str
    ref: Ref
    manager: str
    subresource: str = ""
    content: str = ""


@dataclass(frozen=True, slots=True)
class Client:
    """Implements the port `Cluster` for one replica, and notes every write that was carried out."""

    cluster: FakeCluster
    network: Network
    pulse: Pulse
    service: str

    async def get(self, ref: Ref) -> Manifest | None:
        """Return an object, or None where there is none."""
        return await self._ask(lambda: self.cluster.get(ref))

    async def apply(
        self, manifest: Manifest, *, manager: str, subresource: str = "", force: bool = True, dry_run: bool = False
    ) -> Manifest:
        """Server-side apply."""
        return await self._write(
            Asked("apply", ref_of(manifest), manager, subresource, digest(manifest)),
            lambda: self.cluster.apply(
                manifest, manager=manager, subresource=subresource, force=force, dry_run=dry_run
            ),
        )

    async def create(self, manifest: Manifest, *, manager: str) -> Manifest:
        """Create an object."""
        return await self._write(
            Asked("create", ref_of(manifest), manager, content=digest(manifest)),
            lambda: self.cluster.create(manifest, manager=manager),
        )

    async def patch(
        self, ref: Ref, operations: Sequence[Mapping[str, object]], *, manager: str, subresource: str = ""
    ) -> Manifest:
        """JSON patch."""
        return await self._write(
            Asked("patch", ref, manager, subresource),
            lambda: self.cluster.patch(ref, operations, manager=manager, subresource=subresource),
        )

    async def delete(self, ref: Ref, *, uid: str, version: str = "", propagation: str = "Background") -> None:
        """Delete the object with this uid."""

        async def call() -> Manifest:
            await self.cluster.delete(ref, uid=uid, version=version, propagation=propagation)
            return {"metadata": {"uid": uid}}

        await self._write(Asked("delete", ref, ""), call)

    async def list(self, resource: Resource, selection: Selection = EVERYTHING) -> Snapshot:
        """Return all objects of a selection."""
        return await self._ask(lambda: self.cluster.list(resource, selection))

    async def served_groups(self) -> Mapping[str, frozenset[str]]:
        """Return the API groups the server offers."""
        return await self._ask(self.cluster.served_groups)

    async def _write(self, asked: Asked, call: Callable[[], Awaitable[Manifest]]) -> Manifest:
        """Send a write; it is noted when it is carried out, wherever its sender is by then."""
        diary, mandate, sent = self.pulse.diary, MANDATE.get(), self.pulse.diary.now

        async def carry_out() -> Manifest:
            answer = await call()
            diary.add(
                ClusterWrite(
                    at=diary.now,
                    sent=sent,
                    service=self.service,
                    member=self.pulse.member,
                    unit=mandate.unit if mandate else "",
                    token=mandate.token if mandate else 0,
                    manager=asked.manager,
                    verb=asked.verb,
                    ref=asked.ref,
                    subresource=asked.subresource,
                    uid=uid_of(answer),
                    content=asked.content,
                )
            )
            return answer

        return await self._ask(carry_out)

    async def _ask(self, call: Callable[[], Awaitable[Answer]]) -> Answer:
        """Send a request within its time, and return what comes back in time."""
        pulse, diary = self.pulse, self.pulse.diary
        end = diary.now + DEADLINE
        try:
            await pulse.beat()  # stopped here, a process wakes up between the look at its claim and the request
            if diary.now >= end:
                raise UnreachableError("not sent before its deadline")
            delay = self.network.delay()
            answer = await (self._travel(call, delay, end) if delay else call())
        except ConflictError:
            raise
        except TemporaryError as error:
            diary.add(Excused(diary.now, pulse.member, str(error)))
            raise
        await pulse.beat()
        return answer

    async def _travel(self, call: Callable[[], Awaitable[Answer]], delay: float, end: float) -> Answer:
        clock, tasks = self.pulse.diary.clock, self.network.tasks
        trip = tasks.create_task(_arrive(clock, call, delay))
        alarm = tasks.create_task(clock.sleep(timedelta(seconds=end - clock.elapsed())))
        try:
            await asyncio.wait({trip, alarm}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            alarm.cancel()
        if not trip.done():
            raise UnknownResultError("no answer before the deadline")
        answer = trip.result()
        if isinstance(answer, PlatformError):
            raise answer
        return answer


async def _arrive(clock: FakeClock, call: Callable[[], Awaitable[Answer]], delay: float) -> Answer | PlatformError:
    """Carry a request to the server; an error is a value here, since the way goes on for the others."""
    await clock.sleep(timedelta(seconds=delay))
    try:
        return await call()
    except PlatformError as error:
        return error
