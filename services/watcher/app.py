"""Composition root of the watcher."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

from services.watcher.checkpoints import Checkpoints
from services.watcher.correlations import Correlations
from services.watcher.epochs import Epochs
from services.watcher.handlers import Surroundings, watch_kind
from services.watcher.settings import WatcherSettings
from services.watcher.streams import StreamKeeper
from shared.assembly.rooms import Platform, platform
from shared.contracts.streams import stream_specs
from shared.contracts.watched import WATCHED
from shared.core.resources import Resource
from shared.runtime.health import Readiness
from shared.runtime.partitions.claims.ownership import Ownership
from shared.runtime.partitions.claims.replicas import Replica
from shared.runtime.partitions.claims.units import Claimed
from shared.runtime.service import Service

BY_UNIT = {resource.group_resource: resource for resource in WATCHED}


async def app(settings: WatcherSettings, service: Service) -> None:
    """Run the room until the service is told to stop."""
    async with platform(settings, service) as around:
        specs = stream_specs(decisions_age=settings.decisions_age, decisions_bytes=settings.decisions_bytes)
        streams = StreamKeeper(around.bus, around.clock, specs, settings.install)
        correlations = Correlations(around.bus, around.clock)
        synced = _Synced(service.readiness)
        surroundings = _surroundings(settings, around, streams, correlations, synced)
        service.started()
        async with asyncio.TaskGroup() as tasks:
            keeping = [tasks.create_task(streams.run())]
            service.readiness.wait("streams", "the streams are not in place yet")
            await streams.created()
            service.readiness.clear("streams")
            keeping.append(tasks.create_task(correlations.run()))
            await _own_kinds(around, surroundings, synced)
            for task in keeping:
                task.cancel()


@dataclass(slots=True)
class _Synced:
    """Which of the claimed kinds are complete in the log."""

    readiness: Readiness
    claimed: set[Resource] = field(default_factory=set)
    complete: set[Resource] = field(default_factory=set)
    awaited: str = "kinds are being claimed"

    def note(self, resource: Resource, is_synced: bool) -> None:
        """Take in that a kind is complete, or not any more."""
        (self.complete.add if is_synced else self.complete.discard)(resource)
        self.report()

    def report(self, awaited: str | None = None) -> None:
        """Say what is missing; `awaited` is why a kind that should be watched here is not claimed yet."""
        self.awaited = self.awaited if awaited is None else awaited
        missing = sorted(resource.plural for resource in self.claimed - self.complete)
        if missing or self.awaited:
            reason = f"not complete in the log: {', '.join(missing)}" if missing else self.awaited
            self.readiness.wait("kinds", reason)
        else:
            self.readiness.clear("kinds")


def _surroundings(
    settings: WatcherSettings,
    around: Platform,
    streams: StreamKeeper,
    correlations: Correlations,
    synced: _Synced,
) -> Surroundings:
    return Surroundings(
        informer=around.cluster,
        bus=around.bus,
        clock=around.clock,
        streams=streams,
        epochs=Epochs(around.cluster, around.store, around.keys),
        checkpoints=Checkpoints(around.store, around.keys),
        correlations=correlations,
        install=settings.install,
        version=around.service.version,
        on_synced=synced.note,
        resync_interval=settings.resync_interval,
        list_interval=settings.list_interval,
        max_bytes=settings.buffer_bytes,
    )


async def _own_kinds(around: Platform, surroundings: Surroundings, synced: _Synced) -> None:
    """Watch each kind for as long as this replica holds the claim on it."""

    async def own(claimed: Claimed) -> None:
        resource = BY_UNIT[claimed.unit]
        synced.claimed.add(resource)
        synced.report()
        try:
            async with asyncio.TaskGroup() as tasks:
                task = tasks.create_task(watch_kind(resource, surroundings, claimed.fence))
                await claimed.leaving.wait()
                task.cancel()
        finally:
            synced.claimed.discard(resource)

    ownership: Ownership
    replica = Replica(
        store=around.store,
        clock=around.clock,
        keys=around.keys,
        service="watcher",
        member=around.member,
        units=tuple(BY_UNIT),
        version=around.service.version,
        options=around.claims,
    )
    ownership = Ownership(replica, lambda: synced.report(ownership.waits_for))
    synced.report()
    await ownership.run(own, around.service.stopping)
