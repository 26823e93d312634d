"""Which kind of workload runs a component, by the number of nodes that one replica spans.

A new orchestrator is a new maker here. A component that no maker fits is an error of its own: run as something else
it would start and never serve (W-25).
"""

from __future__ import annotations

from services.reconciler.desired.component import Component
from services.reconciler.desired.deployments import deployment
from services.reconciler.desired.problems import RenderError
from shared.api.platform import PlatformContext
from shared.core.json import Manifest

NO_ORCHESTRATOR = "no multinode orchestrator available"


def workloads(component: Component, platform: PlatformContext) -> list[Manifest]:
    """Return the workload objects of a component; raise RenderError when nothing can run it."""
    if component.spec.is_multinode:
        raise no_orchestrator(component.spec.nodes)
    try:
        return [deployment(component, platform)]
    except RenderError as error:
        raise error.within(
            "failed to reconcile the resources: failed to create or update the deployment: create or update deployment"
        ) from error


def no_orchestrator(nodes: int) -> RenderError:
    """Return the error of a replica that spans more nodes than anything in the cluster can start together."""
    return RenderError(
        NO_ORCHESTRATOR,
        code="NoMultinodeOrchestrator",
        remedy=f"remove multinode, or install an orchestrator that starts the pods of {nodes} nodes together",
    )
