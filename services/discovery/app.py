"""Composition root of the discovery room."""

from __future__ import annotations

import asyncio

from services.discovery.facts import FACTS, FactRecord, GpuFact, OrchestratorsFact
from services.discovery.handlers import READS, InstancesHandler, route
from services.discovery.settings import DiscoverySettings
from shared.assembly.rooms import Platform, platform
from shared.contracts.facts import ORCHESTRATORS
from shared.core.resources import GRAPHS
from shared.runtime.partitions.claims.ownership import Ownership
from shared.runtime.partitions.claims.replicas import Replica
from shared.runtime.partitions.claims.units import Claimed
from shared.runtime.partitions.rules import pass_rules
from shared.runtime.service import Service

FACT_WRITERS = "discovery-facts"  # the claims on facts are apart from those on partitions


async def app(settings: DiscoverySettings, service: Service) -> None:
    """Run the room until the service is told to stop."""
    async with platform(settings, service) as around:
        handler = InstancesHandler(around.store, around.keys, around.decisions)
        rules = pass_rules("discovery", reads=READS, primaries={GRAPHS: handler}, router=route, heeds_progress=False)
        service.started()
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(_write_facts(around))
            tasks.create_task(around.partitions(rules, max_in_flight=settings.max_in_flight).run(service.stopping))


async def _write_facts(around: Platform) -> None:
    """Write each fact for as long as this replica holds the claim on it."""

    async def own(claimed: Claimed) -> None:
        record = FactRecord(around.store, around.keys)
        if claimed.unit == ORCHESTRATORS:
            writing = OrchestratorsFact(around.cluster, around.bus, around.clock, record).run(claimed.fence)
        else:
            writing = GpuFact(around.bus, around.clock, record).run(claimed.fence)
        async with asyncio.TaskGroup() as tasks:
            task = tasks.create_task(writing)
            await claimed.leaving.wait()
            task.cancel()

    replica = Replica(
        store=around.store,
        clock=around.clock,
        keys=around.keys,
        service=FACT_WRITERS,
        member=around.member,
        units=FACTS,
        version=around.service.version,
        options=around.claims,
    )
    await Ownership(replica).run(own, around.service.stopping)
