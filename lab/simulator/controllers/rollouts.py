"""Decides how many replicas each ReplicaSet of a Deployment gets: rolling update, recreate, scaling, pausing.

Pure, and separate from status because one says what to do and the other what is. The rules are those of Kubernetes'
deployment controller. Invariants: never more than replicas + maxSurge pods are asked for, and during a rolling update
never fewer than replicas - maxUnavailable available ones are left on purpose.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import ceil, floor

from lab.simulator.client.resources import Document
from lab.simulator.objects import annotations_of

REVISION = "deployment.kubernetes.io/revision"
DESIRED_REPLICAS = "deployment.kubernetes.io/desired-replicas"
MAX_REPLICAS = "deployment.kubernetes.io/max-replicas"
DEFAULT_SURGE = "25%"


@dataclass(frozen=True, slots=True)
class ReplicaSetState:
    """What a rollout needs to know of one ReplicaSet."""

    name: str
    created: str
    replicas: int
    observed: int
    ready: int
    available: int
    revision: int
    desired_replicas: int | None


@dataclass(frozen=True, slots=True)
class Rollout:
    """What a Deployment asks for."""

    replicas: int
    is_recreate: bool
    is_paused: bool
    surge: int
    unavailable: int

    @property
    def most(self) -> int:
        """The largest number of pods that may exist."""
        return self.replicas + self.surge if self.replicas > 0 else 0

    @property
    def least_available(self) -> int:
        """The number of pods that must stay available."""
        return self.replicas - self.unavailable


def rollout(deployment: Document) -> Rollout:
    """Return what `deployment` asks for."""
    spec = deployment["spec"]
    replicas = spec.get("replicas", 1)
    strategy = spec.get("strategy") or {}
    if strategy.get("type") == "Recreate":
        surge = unavailable = 0
    else:
        rolling = strategy.get("rollingUpdate") or {}
        surge = _share(rolling.get("maxSurge", DEFAULT_SURGE), replicas, rounds_up=True)
        unavailable = _share(rolling.get("maxUnavailable", DEFAULT_SURGE), replicas, rounds_up=False)
        if surge == 0 and unavailable == 0:
            unavailable = 1  # otherwise nothing could ever move
    return Rollout(
        replicas=replicas,
        is_recreate=strategy.get("type") == "Recreate",
        is_paused=bool(spec.get("paused")),
        surge=surge,
        unavailable=min(unavailable, replicas),
    )


def replica_set_state(document: Document) -> ReplicaSetState:
    """Return what a rollout needs to know of a ReplicaSet."""
    status = document.get("status") or {}
    annotations = annotations_of(document)
    desired = annotations.get(DESIRED_REPLICAS, "")
    return ReplicaSetState(
        name=document["metadata"]["name"],
        created=document["metadata"].get("creationTimestamp") or "",
        replicas=document["spec"].get("replicas", 1),
        observed=status.get("replicas", 0),
        ready=status.get("readyReplicas", 0),
        available=status.get("availableReplicas", 0),
        revision=revision(document),
        desired_replicas=int(desired) if desired.isdigit() else None,
    )


def revision(document: Document) -> int:
    """Return the revision that a Deployment or ReplicaSet carries."""
    text = annotations_of(document).get(REVISION, "")
    return int(text) if text.isdigit() else 0


def scales(plan: Rollout, new: ReplicaSetState | None, old: Sequence[ReplicaSetState]) -> Mapping[str, int]:
    """Return the ReplicaSets whose number of replicas must change, with the new number."""
    if plan.is_paused or _is_scaling(plan, new, old):
        return _changes(_scaled(plan, new, old), new, old)
    if new is None:
        return _changes({state.name: 0 for state in old}, None, old) if plan.is_recreate else {}
    if plan.is_recreate:
        return _recreated(plan, new, old)
    up = _new_replicas(plan, new, old)
    if up != new.replicas:
        return {new.name: up}
    return _changes(_old_replicas(plan, new, old), None, old)


def may_create(plan: Rollout, old: Sequence[ReplicaSetState]) -> bool:
    """Say whether a new ReplicaSet may be created now: recreate waits until the old pods are gone."""
    if plan.is_paused:
        return False
    return not plan.is_recreate or all(state.replicas == 0 and state.observed == 0 for state in old)


def first_replicas(plan: Rollout, old: Sequence[ReplicaSetState]) -> int:
    """Return the replicas with which a new ReplicaSet begins."""
    if plan.is_recreate:
        return plan.replicas
    room = plan.most - sum(state.replicas for state in old)
    return max(0, min(room, plan.replicas))


def _recreated(plan: Rollout, new: ReplicaSetState, old: Sequence[ReplicaSetState]) -> Mapping[str, int]:
    down = _changes({state.name: 0 for state in old}, None, old)
    if down or any(state.observed for state in old):
        return down
    return {new.name: plan.replicas} if new.replicas != plan.replicas else {}


def _new_replicas(plan: Rollout, new: ReplicaSetState, old: Sequence[ReplicaSetState]) -> int:
    if new.replicas >= plan.replicas:
        return plan.replicas
    room = plan.most - new.replicas - sum(state.replicas for state in old)
    return new.replicas + max(0, min(room, plan.replicas - new.replicas))


def _old_replicas(plan: Rollout, new: ReplicaSetState, old: Sequence[ReplicaSetState]) -> dict[str, int]:
    wanted = {state.name: state.replicas for state in old}
    total = new.replicas + sum(wanted.values())
    budget = total - plan.least_available - (new.replicas - new.available)
    if budget <= 0:
        return wanted
    by_age = sorted(old, key=lambda state: (state.created, state.name))
    for state in by_age:  # pods that never became available go first: they serve nobody
        down = min(budget, max(0, state.replicas - state.available))
        wanted[state.name] -= down
        budget -= down
    spare = new.available + sum(state.available for state in old) - plan.least_available
    for state in by_age:
        down = max(0, min(spare, wanted[state.name]))
        wanted[state.name] -= down
        spare -= down
    return wanted


def _is_scaling(plan: Rollout, new: ReplicaSetState | None, old: Sequence[ReplicaSetState]) -> bool:
    states = [*old, new] if new is not None else list(old)
    return any(
        state.replicas > 0 and state.desired_replicas is not None and state.desired_replicas != plan.replicas
        for state in states
    )


def _scaled(plan: Rollout, new: ReplicaSetState | None, old: Sequence[ReplicaSetState]) -> dict[str, int]:
    states = [*old, new] if new is not None else list(old)
    active = [state for state in states if state.replicas > 0]
    if len(active) <= 1:
        only = active[0] if active else new
        return {only.name: plan.replicas} if only is not None else {}
    if new is not None and new.replicas == new.available == plan.replicas:
        return {state.name: 0 for state in old}
    if plan.is_recreate:
        return {}
    return _proportional(plan, active)


def _proportional(plan: Rollout, active: Sequence[ReplicaSetState]) -> dict[str, int]:
    total = sum(state.replicas for state in active)
    missing = plan.most - total
    largest_first = sorted(active, key=lambda state: (-state.replicas, state.created, state.name))
    wanted: dict[str, int] = {}
    left = missing
    for state in largest_first:
        share = round(state.replicas * plan.most / total) - state.replicas
        share = max(left, min(share, 0)) if missing < 0 else min(left, max(share, 0))
        wanted[state.name] = state.replicas + share
        left -= share
    first = largest_first[0]
    wanted[first.name] = max(0, wanted[first.name] + left)
    return wanted


def _changes(
    wanted: Mapping[str, int], new: ReplicaSetState | None, old: Sequence[ReplicaSetState]
) -> Mapping[str, int]:
    present = {state.name: state.replicas for state in ([*old, new] if new is not None else old)}
    return {name: replicas for name, replicas in wanted.items() if present.get(name) != replicas}


def _share(value: int | str, whole: int, *, rounds_up: bool) -> int:
    if isinstance(value, int):
        return value
    part = int(value.removesuffix("%")) * whole / 100
    return ceil(part) if rounds_up else floor(part)
