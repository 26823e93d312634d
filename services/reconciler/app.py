"""Composition root of the reconciler."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any

from services.reconciler.desired.ssh_secrets import source_ref
from services.reconciler.facts import FACT_WRITERS, UNIT, fact_record, write_facts
from services.reconciler.handlers.claims import Claims
from services.reconciler.handlers.components import ComponentHandler
from services.reconciler.handlers.concerns import concerned_by_fact
from services.reconciler.handlers.contexts import Contexts
from services.reconciler.handlers.events import EventRecorder
from services.reconciler.handlers.finalizers import Finalizers
from services.reconciler.handlers.graphs import GraphHandler
from services.reconciler.handlers.primaries import Primaries
from services.reconciler.handlers.routes import ReconcilerRouter
from services.reconciler.handlers.scaling import Scaler
from services.reconciler.handlers.ssh_secrets import SshSecrets
from services.reconciler.handlers.stages import Stages
from services.reconciler.handlers.statuses import Statuses
from services.reconciler.settings import ReconcilerSettings
from shared.applying.children import Children
from shared.applying.inventories import Inventories
from shared.applying.repairs import Repairs
from shared.applying.writes import Writer
from shared.assembly.rooms import Platform, platform
from shared.contracts.ownership import GRAPH_CHILDREN
from shared.core.outcomes import Outcome
from shared.core.resources import (
    COMPONENTS,
    DEPLOYMENTS,
    GRAPHS,
    INGRESSES,
    LEADER_WORKER_SETS,
    POD_CLIQUE_SCALING_GROUPS,
    POD_CLIQUE_SETS,
    POD_CLIQUES,
    POD_GROUPS,
    PODS,
    SCALING_ADAPTERS,
    SERVICE_ACCOUNTS,
    SERVICES,
    VIRTUAL_SERVICES,
    VOLUME_CLAIMS,
    Resource,
)
from shared.ports.passes import Work
from shared.runtime.partitions.claims.units import Claimed
from shared.runtime.partitions.router import default_router
from shared.runtime.partitions.rules import PassRules
from shared.runtime.service import Service

# Volume claims are made for graphs and never deleted by us, so they are not among these.
GRAPH_MANAGES: tuple[Resource, ...] = (
    COMPONENTS,
    POD_CLIQUE_SETS,
    SERVICES,
    INGRESSES,
    VIRTUAL_SERVICES,
    SCALING_ADAPTERS,
)
COMPONENT_MANAGES: tuple[Resource, ...] = (
    DEPLOYMENTS,
    LEADER_WORKER_SETS,
    POD_GROUPS,
    SERVICES,
    INGRESSES,
    VIRTUAL_SERVICES,
)
MADE_BY_OTHERS: tuple[Resource, ...] = (POD_CLIQUES, POD_CLIQUE_SCALING_GROUPS, PODS, SERVICE_ACCOUNTS)
READS = frozenset({GRAPHS, *GRAPH_MANAGES, *COMPONENT_MANAGES, VOLUME_CLAIMS, *MADE_BY_OTHERS})


async def app(settings: ReconcilerSettings, service: Service) -> None:
    """Run the room until the service is told to stop."""
    async with platform(settings, service) as around:
        recorder = EventRecorder(around.cluster, around.clock)
        rules = pass_rules(around, settings, recorder)
        service.started()
        async with asyncio.TaskGroup() as tasks:
            recording = tasks.create_task(recorder.run())
            tasks.create_task(_write_facts(around, settings))
            await around.partitions(rules, max_in_flight=settings.max_in_flight).run(service.stopping)
            recording.cancel()


async def _write_facts(around: Platform, settings: ReconcilerSettings) -> None:
    """Write what namespaces offer to pods, for as long as this replica holds the claim on it."""

    def writing(claimed: Claimed) -> Coroutine[Any, Any, None]:
        record, keys = fact_record(around.store, around.keys), source_ref(settings.platform.mpi)
        return write_facts(around.cluster, around.clock, record, ssh_source=keys, fence=claimed.fence)

    await around.write_facts(FACT_WRITERS, (UNIT,), writing)


def pass_rules(around: Platform, settings: ReconcilerSettings, recorder: EventRecorder) -> PassRules:
    """Return who passes over what."""
    cluster, decisions = around.cluster, around.decisions
    inventories = Inventories(around.store, around.keys, "reconciler")
    writer = Writer(cluster, GRAPH_CHILDREN)
    finalizers = Finalizers(cluster)
    primaries = Primaries(cluster, finalizers)
    statuses = Statuses(cluster, around.clock, decisions, recorder)
    contexts = Contexts(settings.platform)

    repairs = Repairs(around.clock)
    of_graphs = Children(writer, inventories, decisions, GRAPH_MANAGES, repairs)
    of_components = Children(writer, inventories, decisions, COMPONENT_MANAGES, repairs)
    stages = Stages(Claims(cluster), SshSecrets(cluster, decisions, settings.platform.mpi))
    scaler = Scaler(cluster)
    handlers: dict[Resource, GraphHandler | ComponentHandler] = {
        GRAPHS: GraphHandler(primaries, of_graphs, stages, scaler, finalizers, statuses, recorder, contexts),
        COMPONENTS: ComponentHandler(primaries, of_components, finalizers, statuses, recorder, contexts),
    }

    async def give_up(work: Work, reason: str) -> Outcome:
        return await handlers[work.primary.resource].give_up(work, reason)

    router = ReconcilerRouter(default_router(handlers.keys()))
    return PassRules("reconciler", READS, handlers, router, concerned_by_fact, give_up)
