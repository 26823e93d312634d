"""What a room's app is given: open connections, the decision log, and the partition service for its rules.

`platform` opens everything and keeps the decision log running while the app runs; the app adds its handlers.
"""

from __future__ import annotations

import asyncio
import os
import secrets
import socket
from collections.abc import AsyncIterator, Callable, Collection, Coroutine
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Any

from shared.assembly.connections import CLOCK, KUBERNETES, bus_of, cluster_of, store_of
from shared.contracts.etcd_keys import EtcdKeys
from shared.kube.clusters import KubeCluster
from shared.ports.bus import Bus
from shared.ports.clock import Clock
from shared.ports.store import Store
from shared.runtime.dead_letters import DeadLetters
from shared.runtime.decisions import DecisionLog, Origin
from shared.runtime.dependencies import wait_for
from shared.runtime.health import Readiness
from shared.runtime.partitions.claims.ownership import Ownership
from shared.runtime.partitions.claims.replicas import ClaimOptions, Replica
from shared.runtime.partitions.claims.units import Claimed
from shared.runtime.partitions.rules import PassOptions, PassRules
from shared.runtime.partitions.service import PartitionService
from shared.runtime.service import Service
from shared.runtime.settings import ServiceSettings

FLUSH_BUDGET = timedelta(seconds=2)  # for decisions that are not stored when the app has finished


@dataclass(frozen=True, slots=True)
class Platform:
    """Everything outside a room that its parts may use, behind ports."""

    settings: ServiceSettings
    service: Service
    cluster: KubeCluster
    bus: Bus
    store: Store
    clock: Clock
    keys: EtcdKeys
    decisions: DecisionLog
    letters: DeadLetters
    member: str  # the name of this replica

    @property
    def claims(self) -> ClaimOptions:
        """Return how long claims live; short ones (in tests) are also settled sooner."""
        ttl = self.settings.claim_ttl
        return ClaimOptions(ttl=ttl, settle=min(ttl / 2, timedelta(seconds=5)))

    def partitions(self, rules: PassRules, *, max_in_flight: int) -> PartitionService:
        """Return the partition service of a room."""
        return PartitionService(
            rules=rules,
            keys=self.keys,
            member=self.member,
            bus=self.bus,
            store=self.store,
            clock=self.clock,
            letters=self.letters,
            fetch=self.cluster.get,
            readiness=self.service.readiness,
            version=self.service.version,
            options=PassOptions(max_in_flight=max_in_flight),
            claims=self.claims,
        )

    async def write_facts(
        self, service: str, units: Collection[str], writing: Callable[[Claimed], Coroutine[Any, Any, None]]
    ) -> None:
        """Run the writer of each unit for as long as this replica holds the claim on it.

        `service` names the claims: those on facts are apart from those on partitions.
        """

        async def own(claimed: Claimed) -> None:
            async with asyncio.TaskGroup() as tasks:
                task = tasks.create_task(writing(claimed))
                await claimed.leaving.wait()
                task.cancel()

        replica = Replica(
            store=self.store,
            clock=self.clock,
            keys=self.keys,
            service=service,
            member=self.member,
            units=units,
            version=self.service.version,
            options=self.claims,
        )
        await Ownership(replica).run(own, self.service.stopping)


@asynccontextmanager
async def platform(settings: ServiceSettings, service: Service) -> AsyncIterator[Platform]:
    """Open all connections; each waits with back-off for its server, and readiness names the one that is missing."""
    readiness = service.readiness
    for dependency in (KUBERNETES, "nats", "etcd"):
        readiness.wait(dependency, "not connected yet")
    async with AsyncExitStack() as stack:
        member = settings.replica or member_name()
        cluster = await stack.enter_async_context(
            cluster_of(settings, service=service.name, member=member, readiness=readiness)
        )
        await wait_for(KUBERNETES, cluster.ping, readiness=readiness, clock=CLOCK)
        bus = await stack.enter_async_context(bus_of(settings, service=service.name))
        bus.on_problem(partial(_report, readiness, "nats"))
        store = await stack.enter_async_context(store_of(settings, service=service.name))
        store.on_problem(partial(_report, readiness, "etcd"))
        origin = Origin(service.name, settings.install, service.version, member)
        decisions = DecisionLog(bus, CLOCK, origin)
        around = Platform(
            settings=settings,
            service=service,
            cluster=cluster,
            bus=bus,
            store=store,
            clock=CLOCK,
            keys=EtcdKeys(settings.install),
            decisions=decisions,
            letters=DeadLetters(bus, CLOCK, origin),
            member=member,
        )
        async with asyncio.TaskGroup() as tasks:
            sending = tasks.create_task(decisions.run())
            try:
                yield around
            finally:
                sending.cancel()
                await asyncio.wait([sending])  # it puts back what it had in hand
                await decisions.flush(FLUSH_BUDGET)


def _report(readiness: Readiness, server: str, problem: str) -> None:
    if problem:
        readiness.wait(server, problem)
    else:
        readiness.clear(server)


def member_name() -> str:
    """Return a name for this process; a container that starts again has host name and process id of its predecessor."""
    return f"{socket.gethostname()}-{os.getpid()}-{secrets.token_hex(2)}"
