"""What is observed of a component's workload, whether that makes it ready, and if not, why.

The observation is a small value, so that it can be kept for thousands of components; the rule is the reference's
(workloads 7.3 and 7.4), and asks in addition that what was observed is what we applied last.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from services.reconciler.desired.instances import SET_NAME
from services.reconciler.status.blockers import Blocker
from shared.core import labels
from shared.core.json import Manifest, integer, items, mapping, member, text
from shared.core.resources import DEPLOYMENTS, LEADER_WORKER_SETS

PROGRESS_DEADLINE = "ProgressDeadlineExceeded"


@dataclass(frozen=True, slots=True, kw_only=True)
class Workload:
    """The observed state of one Deployment or LeaderWorkerSet."""

    namespace: str
    name: str
    generation: int
    observed_generation: int
    desired: int
    replicas: int
    updated: int
    ready: int
    available: int
    is_paused: bool
    is_available: bool
    trouble: str = ""  # reason of what keeps the controller from making pods, if anything does
    size: int = 0  # pods of one replica of a LeaderWorkerSet
    kind: str = DEPLOYMENTS.kind

    @property
    def subject(self) -> str:
        """Return the workload as a person would name it."""
        return f"{self.kind} {self.namespace}/{self.name}"

    @property
    def is_set(self) -> bool:
        """Return whether each replica has several pods, which are ready together."""
        return self.kind == LEADER_WORKER_SETS.kind


def workload(manifest: Manifest) -> Workload:
    """Return what the manifest of a Deployment or LeaderWorkerSet, whole or redacted, says about its state."""
    status = mapping(manifest, "status")
    conditions = {text(entry, "type"): entry for entry in items(status, "conditions")}
    desired = member(manifest, "spec", "replicas")
    kind = text(manifest, "kind") or DEPLOYMENTS.kind
    return Workload(
        namespace=text(manifest, "metadata", "namespace"),
        name=text(manifest, "metadata", "name"),
        generation=integer(manifest, "metadata", "generation"),
        observed_generation=integer(status, "observedGeneration"),
        desired=desired if isinstance(desired, int) else 1,
        replicas=integer(status, "replicas"),
        updated=integer(status, "updatedReplicas"),
        ready=integer(status, "readyReplicas"),
        available=integer(status, "availableReplicas"),
        is_paused=member(manifest, "spec", "paused") is True,
        is_available=text(conditions.get("Available"), "status") == "True",
        trouble=_trouble(conditions) if kind == DEPLOYMENTS.kind else "",  # a set at rest makes no progress either
        size=integer(manifest, "spec", "leaderWorkerTemplate", "size"),
        kind=kind,
    )


def is_ready(observed: Workload, applied_generation: int) -> bool:
    """Return whether a workload runs what we applied, at full strength."""
    return blocker(observed, applied_generation) is None


def blocker(observed: Workload, applied_generation: int) -> Blocker | None:
    """Return what keeps a workload from being ready; None when nothing does."""
    for found in (_not_acted_on(observed, applied_generation), _troubled(observed), _incomplete(observed)):
        if found is not None:
            return found
    return None


def replica_status(observed: Sequence[Workload]) -> Manifest | None:
    """Return the replica counts as graphs and components report them: those of all, under the name of the first."""
    if not observed:
        return None
    first = observed[0]
    status: Manifest = {
        "componentKind": first.kind,
        "componentName": first.name,
        "replicas": sum(each.replicas for each in observed),
        "updatedReplicas": sum(each.updated for each in observed),
        "readyReplicas": sum(each.ready for each in observed),
    }
    return status if first.is_set else {**status, "availableReplicas": sum(each.available for each in observed)}


def _not_acted_on(observed: Workload, applied_generation: int) -> Blocker | None:
    wanted = max(observed.generation, applied_generation)
    if observed.is_paused:
        remedy = f"kubectl rollout resume deployment/{observed.name} -n {observed.namespace}"
        return Blocker(observed.subject, "DeploymentPaused", "it is paused", remedy, is_terminal=True)
    # Controllers of sets that never say which generation they saw are believed.
    seen = observed.observed_generation or (observed.generation if observed.is_set else 0)
    if seen >= wanted or (observed.desired == 0 and observed.generation >= wanted):
        return None
    what = f"its controller has seen generation {seen} of {wanted}"
    return Blocker(observed.subject, "GenerationNotObserved", what, "this passes when its controller acts on it")


def _troubled(observed: Workload) -> Blocker | None:
    if not observed.trouble or _is_complete(observed):
        return None
    what = f"{observed.available} of {observed.desired} replicas are available, and its controller reports a failure"
    remedy = f"kubectl describe deployment,replicaset,pod -n {observed.namespace} shows the cause"
    is_over = observed.trouble == PROGRESS_DEADLINE
    return Blocker(observed.subject, observed.trouble, what, remedy, is_terminal=is_over)


def _incomplete(observed: Workload) -> Blocker | None:
    if _is_complete(observed):
        return None
    label = f"{SET_NAME if observed.is_set else labels.SELECTOR}={observed.name}"
    pods = f"kubectl describe pods -n {observed.namespace} -l {label}"
    remedy = f"its pods have to become ready; {pods} shows what they wait for"
    if observed.is_set:
        what = f"{observed.ready} of {observed.desired} groups of {observed.size} pods are ready"
        return Blocker(observed.subject, "ReplicasUnavailable", what, remedy)
    if observed.updated < observed.desired:
        what = f"{observed.updated} of {observed.desired} replicas have the newest pod template"
        return Blocker(observed.subject, "RolloutInProgress", what, remedy)
    what = f"{observed.available} of {observed.desired} replicas are available"
    return Blocker(observed.subject, "ReplicasUnavailable", what, remedy)


def _is_complete(observed: Workload) -> bool:
    if observed.desired == 0:
        return True
    if observed.is_set:
        return observed.ready >= observed.desired and observed.is_available
    enough = observed.updated >= observed.desired and observed.available >= observed.desired
    return enough and observed.is_available


def _trouble(conditions: dict[str, object]) -> str:
    if text(conditions.get("ReplicaFailure"), "status") == "True":
        return text(conditions.get("ReplicaFailure"), "reason") or "ReplicaFailure"
    if text(conditions.get("Progressing"), "status") == "False":
        return text(conditions.get("Progressing"), "reason") or PROGRESS_DEADLINE
    return ""
