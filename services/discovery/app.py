"""Composition root of the discovery room."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any

from services.discovery.facts import FACTS, GpuFact, OrchestratorsFact, QueuesFact, fact_record
from services.discovery.handlers import MANAGED, READS, InstancesHandler, ModelServiceHandler, route
from services.discovery.settings import DiscoverySettings
from shared.applying.children import Children
from shared.applying.inventories import Inventories
from shared.applying.repairs import Repairs
from shared.applying.writes import Writer
from shared.assembly.rooms import Platform, platform
from shared.contracts.facts import GPU, ORCHESTRATORS, QUEUES
from shared.contracts.ownership import DISCOVERY
from shared.core.resources import GRAPHS, SERVICES, Resource
from shared.ports.passes import Handler
from shared.runtime.partitions.claims.units import Claimed
from shared.runtime.partitions.rules import PassRules, pass_rules
from shared.runtime.service import Service

FACT_WRITERS = "discovery-facts"


async def app(settings: DiscoverySettings, service: Service) -> None:
    """Run the room until the service is told to stop."""
    async with platform(settings, service) as around:
        rules = _pass_rules(around)
        service.started()
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(_write_facts(around))
            tasks.create_task(around.partitions(rules, max_in_flight=settings.max_in_flight).run(service.stopping))


def _pass_rules(around: Platform) -> PassRules:
    """Return who passes over what."""
    inventories = Inventories(around.store, around.keys, "discovery")
    children = Children(
        Writer(around.cluster, DISCOVERY), inventories, around.decisions, MANAGED, Repairs(around.clock)
    )
    primaries: dict[Resource, Handler] = {
        GRAPHS: InstancesHandler(around.store, around.keys, around.decisions),
        SERVICES: ModelServiceHandler(around.cluster, children, inventories, around.decisions),
    }
    return pass_rules("discovery", reads=READS, primaries=primaries, router=route, heeds_progress=False)


async def _write_facts(around: Platform) -> None:
    """Write each fact for as long as this replica holds the claim on it."""

    def writing(claimed: Claimed) -> Coroutine[Any, Any, None]:
        record = fact_record(around.store, around.keys)
        writers = {
            ORCHESTRATORS: OrchestratorsFact(around.cluster, around.bus, around.clock, record, around.decisions).run,
            GPU: GpuFact(around.bus, around.clock, record).run,
            QUEUES: QueuesFact(around.bus, around.clock, record).run,
        }
        return writers[claimed.unit](claimed.fence)

    await around.write_facts(FACT_WRITERS, FACTS, writing)
