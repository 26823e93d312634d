"""Cliques: the pods of one role of one service, with everything that tells Grove how to run them (workloads 8.2).

A service with one node has one clique, one with several has a leader and its workers. Grove refuses a clique without
replicas, so a service that should have none begins with one and is scaled down once it exists (W-45).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from services.reconciler.desired.addresses import GROVE, LEADER, WORKER
from services.reconciler.desired.cautions import Caution
from services.reconciler.desired.component import Component
from services.reconciler.desired.grove.queues import scheduled
from services.reconciler.desired.grove.start_order import starts_after
from services.reconciler.desired.instances import ROLE
from services.reconciler.desired.layouts import Layout, Role
from services.reconciler.desired.metadata import pod_labels
from services.reconciler.desired.pods import pod
from services.reconciler.desired.problems import RenderError
from shared.api.platform import PlatformContext
from shared.core.json import Manifest

_SUFFIXES = {Role.MAIN: "", Role.LEADER: f"-{LEADER}", Role.WORKER: f"-{WORKER}"}
_NO_FRAMEWORK = "failed to determine backend framework"


@dataclass(frozen=True, slots=True)
class Clique:
    """One clique of a set, and what a person should know about its pods."""

    manifest: Manifest
    is_queued: bool  # its pods wait in the graph's queue
    cautions: tuple[Caution, ...] = ()


def layouts(component: Component) -> tuple[Layout, ...]:
    """Return the places that the pods of one replica have, one clique for each."""
    nodes = component.spec.nodes
    if not component.spec.is_multinode:
        return (Layout(Role.MAIN, 1, GROVE),)
    return (Layout(Role.LEADER, nodes, GROVE), Layout(Role.WORKER, nodes, GROVE))


def clique_name(service: str, role: Role) -> str:
    """Return the name of a service's clique within its set."""
    return f"{service.lower()}{_SUFFIXES[role]}"


def clique(
    component: Component, layout: Layout, platform: PlatformContext, *, annotations: Mapping[str, str], queue: str
) -> Clique:
    """Return the clique of one place, for pods with these annotations; raise RenderError when nothing can run there."""
    service = component.service_name
    try:
        made = pod(component, platform, layout)
    except RenderError as error:
        raise _explained(error, service, layout.role) from error
    goes = scheduled(made.spec, queue)
    name, replicas = clique_name(service, layout.role), _replicas(component, layout)
    after = starts_after(component, layout, clique_name(service, Role.WORKER))
    manifest: Manifest = {
        "name": name,
        "labels": {**pod_labels(component), **_role(layout), **goes.labels},
        "annotations": dict(annotations),
        "spec": {
            "roleName": name,
            "replicas": replicas,
            # All nodes of a replica or none: a gang with missing nodes would hold its GPUs and serve nothing (W-42).
            "minAvailable": replicas if layout.is_shared else 1,
            **({"startsAfter": after} if after else {}),
            "podSpec": goes.spec,
        },
    }
    return Clique({key: value for key, value in manifest.items() if value}, bool(goes.labels), made.cautions)


def _replicas(component: Component, layout: Layout) -> int:
    if layout.role is Role.MAIN:
        return at_creation(component.spec.replicas)
    return layout.nodes - 1 if layout.role is Role.WORKER else 1


def at_creation(replicas: int | None) -> int:
    """Return the replicas that Grove accepts for a service: one where none are set (W-12) or wanted (W-45)."""
    return max(replicas if replicas is not None else 1, 1)


def _role(layout: Layout) -> dict[str, str]:
    """Return the label by which a Service finds the leaders among the pods of several nodes (W-36)."""
    return {ROLE: layout.role.value} if layout.is_shared else {}


def _explained(error: RenderError, service: str, role: Role) -> RenderError:
    prefix, _, rest = error.text.partition(": ")
    if prefix == _NO_FRAMEWORK:
        return RenderError(f"{prefix} for service {service}: {rest}", code=error.code, remedy=error.remedy)
    return error.within(f"failed to generate podSpec for role {service}{_SUFFIXES[role]}")
