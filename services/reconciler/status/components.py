"""The status of one component, from its workloads or from what ended the pass.

A component of single nodes has one Deployment; one of several nodes has a LeaderWorkerSet for each replica, and none
at all while no replica is wanted, which makes it ready.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from services.reconciler.status.blockers import Blocker
from services.reconciler.status.conditions import READY, Condition, progress, sorted_manifests, truth
from services.reconciler.status.obstacles import Obstacle, Stage
from services.reconciler.status.workloads import Workload, blocker, replica_status
from shared.core.json import Manifest
from shared.core.resources import COMPONENTS, DEPLOYMENTS, LEADER_WORKER_SETS

AVAILABLE = "Available"
COMPONENT_READY = "DynamoComponentReady"
VALID = "Valid"
STARTING = "Starting to reconcile DynamoComponentDeployment"


@dataclass(frozen=True, slots=True)
class ExpectedWorkload:
    """A workload that the component needs, and what was observed of it."""

    kind: str
    name: str
    applied_generation: int = 0  # that our last apply was answered with
    observed: Workload | None = None
    is_outdated: bool = False  # it has to go before it can become what is wanted, and its turn has not come
    is_unanswered: bool = False  # it has just been changed, and its status is that of before

    @property
    def is_ready(self) -> bool:
        """Return whether it runs what we applied last, at full strength."""
        return self.observed is not None and self.blocker(self.observed.namespace) is None

    def blocker(self, namespace: str) -> Blocker | None:
        """Return what keeps it from being ready; None when nothing does."""
        subject = f"{self.kind} {namespace}/{self.name}"
        if self.observed is None:
            remedy = "this passes when it is applied and observed"
            return Blocker(subject, "WorkloadNotObserved", "it was not observed yet", remedy)
        if self.is_outdated:
            what = f"it has groups of {self.observed.size} pods, which cannot be changed: it is made anew in its turn"
            return Blocker(subject, "InstanceOutdated", what, "this passes when the instances before it are ready")
        if self.is_unanswered:
            what = "it has just been changed, and its controller has not answered yet"
            return Blocker(subject, "GenerationNotObserved", what, "this passes when its controller acts on it")
        return blocker(self.observed, self.applied_generation)


_WORDS: Mapping[str, tuple[tuple[str, str], tuple[str, str]]] = {
    DEPLOYMENTS.kind: (
        ("DeploymentReady", "Deployment is ready"),
        ("DeploymentNotReady", "Deployment is not ready"),
    ),
    LEADER_WORKER_SETS.kind: (
        ("AllLeaderWorkerSetsReady", "All LeaderWorkerSets are ready"),
        ("SomeLeaderWorkerSetsNotReady", "Some LeaderWorkerSets are not ready"),
    ),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ComponentFacts:
    """What the status of a component depends on."""

    namespace: str
    name: str
    generation: int
    workloads: Sequence[ExpectedWorkload] = ()  # the first names the component in its status
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
    service = replica_status([each.observed for each in facts.workloads if each.observed is not None])
    if service is not None:
        status["service"] = {**service, "componentName": facts.workloads[0].name}
    return status


def _available(facts: ComponentFacts) -> Condition:
    obstacle = facts.obstacle
    if obstacle is not None and obstacle.stage is Stage.VALIDATION:
        return Condition(AVAILABLE, "False", "ValidationFailed", f"Validation failed: {obstacle.text}")
    if obstacle is not None and obstacle.stage is Stage.LOOKING:
        return Condition(AVAILABLE, "Unknown", "Reconciling", STARTING)
    if obstacle is not None:
        return Condition(
            AVAILABLE, "False", "Reconciling", f"Failed to reconcile DynamoComponentDeployment: {obstacle.text}"
        )
    if facts.workloads and all(each.observed is None for each in facts.workloads):
        return Condition(AVAILABLE, "Unknown", "Reconciling", STARTING)
    kind = facts.workloads[0].kind if facts.workloads else LEADER_WORKER_SETS.kind
    if_ready, if_not = _WORDS[kind]
    is_available = all(each.is_ready for each in facts.workloads)
    return Condition(AVAILABLE, truth(is_available), *(if_ready if is_available else if_not))


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
    found = (each.blocker(facts.namespace) for each in facts.workloads)
    return [*facts.waits_for, *(each for each in found if each is not None)]
