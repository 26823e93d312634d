"""The status of one component, from its workload or from what ended the pass."""

from __future__ import annotations

from dataclasses import dataclass

from services.reconciler.status.blockers import Blocker
from services.reconciler.status.conditions import READY, Condition, progress, sorted_manifests, truth
from services.reconciler.status.obstacles import Obstacle, Stage
from services.reconciler.status.workloads import Workload, blocker, is_ready, replica_status
from shared.core.json import Manifest
from shared.core.resources import COMPONENTS

AVAILABLE = "Available"
COMPONENT_READY = "DynamoComponentReady"
VALID = "Valid"
STARTING = "Starting to reconcile DynamoComponentDeployment"


@dataclass(frozen=True, slots=True, kw_only=True)
class ComponentFacts:
    """What the status of a component depends on."""

    namespace: str
    name: str
    generation: int
    workload: Workload | None = None  # None until one was observed
    applied_generation: int = 0  # generation of the workload that our last apply was answered with
    obstacle: Obstacle | None = None
    waits_for: tuple[Blocker, ...] = ()  # further objects that pods need and that are not there


def component_status(facts: ComponentFacts) -> Manifest:
    """Return the status of a component, without transition times."""
    available = _available(facts)
    is_available = available.status == "True"
    ready_reason = "ComponentReady" if is_available else "ComponentNotReady"  # W-28
    if available.status == "Unknown":
        ready_reason = available.reason
    conditions = [
        _valid(facts.obstacle),
        available,
        Condition(COMPONENT_READY, available.status, ready_reason, available.message),
        Condition(READY, truth(is_available), available.reason, available.message),
        *progress(_blockers(facts, is_available=is_available)),
    ]
    status: Manifest = {
        "observedGeneration": facts.generation,
        "conditions": sorted_manifests(conditions, facts.generation),
    }
    if facts.workload is not None:
        status["service"] = replica_status(facts.workload)
    return status


def _available(facts: ComponentFacts) -> Condition:
    obstacle = facts.obstacle
    if obstacle is not None and obstacle.stage is Stage.VALIDATION:
        return Condition(AVAILABLE, "False", "ValidationFailed", f"Validation failed: {obstacle.text}")
    if obstacle is not None:
        return Condition(
            AVAILABLE, "False", "Reconciling", f"Failed to reconcile DynamoComponentDeployment: {obstacle.text}"
        )
    if facts.workload is None:
        return Condition(AVAILABLE, "Unknown", "Reconciling", STARTING)
    kind = facts.workload.kind
    if is_ready(facts.workload, facts.applied_generation):
        return Condition(AVAILABLE, "True", f"{kind}Ready", f"{kind} is ready")
    return Condition(AVAILABLE, "False", f"{kind}NotReady", f"{kind} is not ready")


def _valid(obstacle: Obstacle | None) -> Condition:
    if obstacle is not None and obstacle.stage is Stage.VALIDATION:
        return Condition(VALID, "False", "ValidationFailed", f"Validation failed: {obstacle.text}")
    return Condition(VALID, "True", "ValidationPassed", "DynamoComponentDeployment spec is valid")


def _blockers(facts: ComponentFacts, *, is_available: bool) -> list[Blocker]:
    subject = f"{COMPONENTS.kind} {facts.namespace}/{facts.name}"
    obstacle = facts.obstacle
    if obstacle is not None:
        return [Blocker(subject, obstacle.code, obstacle.text, obstacle.remedy, is_terminal=obstacle.is_terminal)]
    if is_available:
        return []
    if facts.workload is None:
        remedy = "this passes when the workload is applied and observed"
        return [*facts.waits_for, Blocker(subject, "WorkloadNotObserved", "no workload was observed yet", remedy)]
    found = blocker(facts.workload, facts.applied_generation)
    return [*facts.waits_for, *([found] if found is not None else [])]
