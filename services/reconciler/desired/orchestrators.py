"""Which kind of workload runs a component, by the number of nodes that one replica spans.

A new orchestrator is a new maker here. A component that no maker fits is an error of its own: run as something else
it would start and never serve (W-25).
"""

from __future__ import annotations

from services.reconciler.desired.component import Component
from services.reconciler.desired.deployments import deployment
from services.reconciler.desired.leader_worker_sets import leader_worker_sets
from services.reconciler.desired.pod_groups import pod_group
from services.reconciler.desired.problems import RenderError
from services.reconciler.desired.steps import COMPONENT_STEPS
from shared.api.platform import Capability, PlatformContext
from shared.core.json import Manifest
from shared.core.resources import DEPLOYMENTS, LEADER_WORKER_SETS

NO_ORCHESTRATOR = "no multinode orchestrator available"


def workloads(component: Component, platform: PlatformContext) -> list[Manifest]:
    """Return the workload objects of a component; raise RenderError when nothing can run it."""
    if not component.spec.is_multinode:
        return _deployments(component, platform)
    if not platform.offers(Capability.LWS):
        raise no_orchestrator(component.spec.nodes)
    return _gangs(component, platform)


def _deployments(component: Component, platform: PlatformContext) -> list[Manifest]:
    try:
        return [deployment(component, platform)]
    except RenderError as error:
        raise error.within(COMPONENT_STEPS[DEPLOYMENTS]) from error


def _gangs(component: Component, platform: PlatformContext) -> list[Manifest]:
    """Return a LeaderWorkerSet for each replica, and the group that schedules its pods together."""
    try:
        sets = leader_worker_sets(component, platform)
    except RenderError as error:
        raise error.within(COMPONENT_STEPS[LEADER_WORKER_SETS]) from error
    return [*(pod_group(component, instance) for instance in range(len(sets))), *sets]


def no_orchestrator(nodes: int) -> RenderError:
    """Return the error of a replica that spans more nodes than anything in the cluster can start together."""
    return RenderError(
        NO_ORCHESTRATOR,
        code="NoMultinodeOrchestrator",
        remedy=f"remove multinode, or install what starts the pods of {nodes} nodes together: LeaderWorkerSet with "
        "Volcano, or Grove for graphs",
    )
