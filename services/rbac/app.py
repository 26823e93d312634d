"""Composition root of the rbac room."""

from __future__ import annotations

from services.rbac.handlers import MANAGED, READS, GraphGrantsHandler, SharedAccountsHandler, route
from services.rbac.settings import RbacSettings
from shared.applying.children import Children
from shared.applying.inventories import Inventories
from shared.applying.repairs import Repairs
from shared.applying.writes import Writer
from shared.assembly.rooms import platform
from shared.contracts.ownership import RBAC
from shared.core.resources import GRAPHS, SERVICE_ACCOUNTS
from shared.runtime.partitions.rules import pass_rules
from shared.runtime.service import Service


async def app(settings: RbacSettings, service: Service) -> None:
    """Run the room until the service is told to stop."""
    async with platform(settings, service) as around:
        inventories = Inventories(around.store, around.keys, "rbac")
        children = Children(Writer(around.cluster, RBAC), inventories, around.decisions, MANAGED, Repairs(around.clock))
        rules = pass_rules(
            "rbac",
            reads=frozenset(READS),
            primaries={
                GRAPHS: GraphGrantsHandler(children, inventories, settings.platform.discovery.backend),
                SERVICE_ACCOUNTS: SharedAccountsHandler(
                    around.cluster, children, around.decisions, settings.platform.planner.cluster_role_name
                ),
            },
            router=route,
            heeds_progress=False,
        )
        service.started()
        await around.partitions(rules, max_in_flight=settings.max_in_flight).run(service.stopping)
