"""Decides what a Deployment's status says.

Pure. Reasons and messages are those of Kubernetes' deployment controller, since clients read them. Invariant: a
condition that did not change keeps its times, so that a Deployment at rest is never written.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from lab.simulator.client.resources import Document
from lab.simulator.controllers.rollouts import ReplicaSetState, Rollout
from lab.simulator.objects import FALSE, TRUE, UNKNOWN, condition, moment, timestamp

AVAILABLE, PROGRESSING, REPLICA_FAILURE = "Available", "Progressing", "ReplicaFailure"
NEW_IS_AVAILABLE = "NewReplicaSetAvailable"
DEFAULT_PROGRESS_DEADLINE = 600
COUNTS = ("replicas", "updatedReplicas", "readyReplicas", "availableReplicas", "unavailableReplicas")


@dataclass(frozen=True, slots=True)
class ReplicaSets:
    """The ReplicaSets of one Deployment: the one of its template, and the others."""

    new: ReplicaSetState | None
    old: Sequence[ReplicaSetState]
    failure: Document | None = None
    is_new_created: bool = False

    @property
    def all(self) -> list[ReplicaSetState]:
        """Every one of them."""
        return [*self.old, self.new] if self.new is not None else list(self.old)


@dataclass(frozen=True, slots=True)
class Situation:
    """Everything that the progress of a rollout is judged by."""

    deployment: Document
    plan: Rollout
    sets: ReplicaSets
    counts: Mapping[str, int]
    now: datetime

    @property
    def subject(self) -> str:
        """What a message speaks of."""
        if self.sets.new is not None:
            return f'ReplicaSet "{self.sets.new.name}"'
        return f'Deployment "{self.deployment["metadata"]["name"]}"'

    @property
    def is_complete(self) -> bool:
        """Say whether all replicas, and only they, are new and available."""
        counts = self.counts
        return counts["updatedReplicas"] == counts["replicas"] == counts["availableReplicas"] == self.plan.replicas

    @property
    def has_moved(self) -> bool:
        """Say whether the rollout came nearer to its end since the last status."""
        before, counts = self.deployment.get("status") or {}, self.counts
        old_before = (before.get("replicas") or 0) - (before.get("updatedReplicas") or 0)
        return counts["replicas"] - counts["updatedReplicas"] < old_before or any(
            counts[field] > (before.get(field) or 0)
            for field in ("updatedReplicas", "readyReplicas", "availableReplicas")
        )

    def stays_complete(self, progressing: Document) -> bool:
        """Say whether the rollout ended before: losing a pod later does not begin it again."""
        is_ended = progressing["reason"] == NEW_IS_AVAILABLE and not self.sets.is_new_created
        return is_ended and self.counts["replicas"] == self.counts["updatedReplicas"]

    def is_overdue(self, progressing: Document) -> bool:
        """Say whether the rollout stands still for longer than its deadline."""
        if progressing["reason"] in (NEW_IS_AVAILABLE, "ProgressDeadlineExceeded"):
            return False
        return moment(progressing["lastUpdateTime"]) + _deadline(self.deployment) < self.now


def deployment_status(deployment: Document, plan: Rollout, *, sets: ReplicaSets, now: datetime) -> Document:
    """Return the whole status of `deployment`; counts that are zero are null, which a merge patch removes."""
    before = deployment.get("status") or {}
    counts = _counts(sets)
    conditions = {found["type"]: found for found in before.get("conditions") or ()}
    _set(conditions, _available(plan, counts, now))
    _progress(conditions, Situation(deployment, plan, sets, counts, now))
    if sets.failure is not None:
        _set(conditions, _failure(sets.failure, now))
    else:
        conditions.pop(REPLICA_FAILURE, None)
    status: Document = {"observedGeneration": deployment["metadata"].get("generation", 0)}
    status |= {field: count or None for field, count in counts.items()}
    status["conditions"] = list(conditions.values())
    return status


def seconds_to_deadline(deployment: Document, now: datetime) -> float | None:
    """Return when a rollout that stands still must be declared stuck; nothing if it is done or has no deadline."""
    progressing = condition(deployment, PROGRESSING)
    if progressing is None or progressing["reason"] in (NEW_IS_AVAILABLE, "ProgressDeadlineExceeded"):
        return None
    moved = moment(progressing.get("lastUpdateTime") or progressing["lastTransitionTime"])
    return max(0.0, (moved + _deadline(deployment) - now).total_seconds()) + 1


def _counts(sets: ReplicaSets) -> dict[str, int]:
    available = sum(state.available for state in sets.all)
    return {
        "replicas": sum(state.observed for state in sets.all),
        "updatedReplicas": sets.new.observed if sets.new is not None else 0,
        "readyReplicas": sum(state.ready for state in sets.all),
        "availableReplicas": available,
        "unavailableReplicas": max(0, sum(state.replicas for state in sets.all) - available),
    }


def _available(plan: Rollout, counts: dict[str, int], now: datetime) -> Document:
    if counts["availableReplicas"] >= plan.least_available:
        return _condition(
            AVAILABLE, TRUE, why=("MinimumReplicasAvailable", "Deployment has minimum availability."), now=now
        )
    return _condition(
        AVAILABLE, FALSE, why=("MinimumReplicasUnavailable", "Deployment does not have minimum availability."), now=now
    )


def _progress(conditions: dict[str, Document], situation: Situation) -> None:
    known, now = conditions.get(PROGRESSING), situation.now
    if situation.plan.is_paused:
        _set(conditions, _condition(PROGRESSING, UNKNOWN, why=("DeploymentPaused", "Deployment is paused"), now=now))
    elif known is not None and situation.stays_complete(known):
        return
    elif situation.is_complete:
        text = f"{situation.subject} has successfully progressed."
        _set(conditions, _condition(PROGRESSING, TRUE, why=(NEW_IS_AVAILABLE, text), now=now))
    elif situation.has_moved:
        text = f"{situation.subject} is progressing."
        moved = _condition(PROGRESSING, TRUE, why=("ReplicaSetUpdated", text), now=now)
        if known is not None and known["status"] == TRUE:
            moved["lastTransitionTime"] = known["lastTransitionTime"]
        conditions[PROGRESSING] = moved
    elif situation.sets.new is not None and situation.sets.is_new_created:
        text = f'Created new replica set "{situation.sets.new.name}"'
        _set(conditions, _condition(PROGRESSING, TRUE, why=("NewReplicaSetCreated", text), now=now))
    elif known is not None and situation.is_overdue(known):
        text = f"{situation.subject} has timed out progressing."
        _set(conditions, _condition(PROGRESSING, FALSE, why=("ProgressDeadlineExceeded", text), now=now))


def _deadline(deployment: Document) -> timedelta:
    return timedelta(seconds=deployment["spec"].get("progressDeadlineSeconds", DEFAULT_PROGRESS_DEADLINE))


def _failure(failure: Document, now: datetime) -> Document:
    return _condition(REPLICA_FAILURE, failure["status"], why=(failure["reason"], failure["message"]), now=now)


def _condition(kind: str, status: str, *, why: tuple[str, str], now: datetime) -> Document:
    reason, message = why
    return {
        "type": kind,
        "status": status,
        "lastUpdateTime": timestamp(now),
        "lastTransitionTime": timestamp(now),
        "reason": reason,
        "message": message,
    }


def _set(conditions: dict[str, Document], wanted: Document) -> None:
    known = conditions.get(wanted["type"])
    if known is not None and all(known[field] == wanted[field] for field in ("status", "reason", "message")):
        return
    if known is not None and known["status"] == wanted["status"]:
        wanted["lastTransitionTime"] = known["lastTransitionTime"]
    conditions.pop(wanted["type"], None)  # a condition that changed moves to the end, as the genuine list does
    conditions[wanted["type"]] = wanted
