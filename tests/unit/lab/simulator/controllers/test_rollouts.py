"""How many replicas each ReplicaSet of a Deployment gets."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lab.simulator.controllers.rollouts import (
    ReplicaSetState,
    Rollout,
    first_replicas,
    may_create,
    replica_set_state,
    rollout,
    scales,
)
from tests.unit.lab.simulator.objects import a_deployment, a_replica_set


def a_state(name: str, replicas: int, available: int | None = None, **fields: object) -> ReplicaSetState:
    available = replicas if available is None else available
    state = ReplicaSetState(name, name, replicas, replicas, available, available, 1, None)
    return replace(state, **fields)  # type: ignore[arg-type]  # the fields are those that a test names


def a_rollout(replicas: int = 4, surge: int = 1, unavailable: int = 1, **fields: bool) -> Rollout:
    plan = Rollout(replicas, is_recreate=False, is_paused=False, surge=surge, unavailable=unavailable)
    return replace(plan, **fields)


@pytest.mark.parametrize(
    ("strategy", "replicas", "surge", "unavailable"),
    [
        pytest.param({}, 4, 1, 1, id="a quarter is the default"),
        pytest.param({}, 1, 1, 0, id="surge rounds up and unavailable rounds down"),
        pytest.param(
            {"rollingUpdate": {"maxSurge": 0, "maxUnavailable": 0}}, 4, 0, 1, id="both zero is one unavailable"
        ),
        pytest.param({"rollingUpdate": {"maxSurge": "50%", "maxUnavailable": 2}}, 5, 3, 2, id="shares and numbers mix"),
        pytest.param({"rollingUpdate": {"maxUnavailable": 9}}, 2, 1, 2, id="never more unavailable than replicas"),
        pytest.param({"type": "Recreate"}, 4, 0, 0, id="recreate has neither"),
    ],
)
def test_reads_surge_and_unavailable(strategy: object, replicas: int, surge: int, unavailable: int) -> None:
    plan = rollout(a_deployment(replicas, strategy=strategy))

    assert (plan.surge, plan.unavailable) == (surge, unavailable)


def test_a_first_replica_set_begins_with_all_replicas() -> None:
    assert first_replicas(a_rollout(4), []) == 4


def test_a_new_replica_set_begins_with_the_room_that_surge_leaves() -> None:
    assert first_replicas(a_rollout(4), [a_state("old", 4)]) == 1


def test_a_rolling_update_takes_old_pods_away_as_new_ones_become_available() -> None:
    plan = a_rollout(4)

    assert scales(plan, a_state("new", 1, 0), [a_state("old", 4)]) == {"old": 3}
    assert scales(plan, a_state("new", 1, 1), [a_state("old", 3)]) == {"new": 2}


def test_pods_that_never_became_available_go_first() -> None:
    plan = a_rollout(4, surge=2, unavailable=0)

    assert scales(plan, a_state("new", 2, 0), [a_state("old", 4, 3)]) == {}
    assert scales(plan, a_state("new", 2, 2), [a_state("old", 4, 3)]) == {"old": 2}


def test_recreate_ends_the_old_pods_before_the_new_ones_begin() -> None:
    plan = a_rollout(3, 0, 0, is_recreate=True)
    gone = a_state("old", 0)

    assert scales(plan, None, [a_state("old", 3)]) == {"old": 0}
    assert not may_create(plan, [a_state("old", 0, observed=2)])
    assert may_create(plan, [gone])
    assert scales(plan, a_state("new", 0), [gone]) == {"new": 3}


def test_a_paused_rollout_only_scales() -> None:
    plan = a_rollout(6, is_paused=True)

    assert not may_create(plan, [])
    assert scales(plan, a_state("new", 4, desired_replicas=4), []) == {"new": 6}


def test_scaling_a_settled_deployment_scales_its_only_replica_set() -> None:
    assert scales(a_rollout(7), a_state("new", 4, desired_replicas=4), [a_state("old", 0)]) == {"new": 7}


def test_scaling_in_the_middle_of_a_rollout_shares_in_proportion() -> None:
    plan = a_rollout(20, surge=5, unavailable=2)
    states = a_state("new", 5, 0, desired_replicas=10), [a_state("old", 10, desired_replicas=10)]

    wanted = scales(plan, *states)

    assert wanted == {"old": 17, "new": 8}


def test_reads_the_state_of_a_replica_set() -> None:
    document = a_replica_set(replicas=2, replicas_=0) | {
        "status": {"replicas": 2, "readyReplicas": 1, "availableReplicas": 1}
    }
    document["metadata"]["annotations"] = {
        "deployment.kubernetes.io/revision": "3",
        "deployment.kubernetes.io/desired-replicas": "2",
    }

    state = replica_set_state(document)

    assert (state.replicas, state.observed, state.ready, state.available) == (2, 2, 1, 1)
    assert (state.revision, state.desired_replicas) == (3, 2)


@given(
    replicas=st.integers(1, 12),
    surge=st.integers(0, 5),
    unavailable=st.integers(0, 5),
    old=st.integers(0, 12),
)
@settings(max_examples=60, deadline=None)
def test_a_rolling_update_keeps_its_bounds_and_ends(replicas: int, surge: int, unavailable: int, old: int) -> None:
    unavailable = max(min(unavailable, replicas), 0 if surge else 1)
    plan = a_rollout(replicas, surge, unavailable)
    before = a_state("old", min(old, replicas))
    states = {"old": before, "new": a_state("new", first_replicas(plan, [before]), 0)}
    bounds: list[bool] = []

    for _ in range(60):
        wanted = scales(plan, states["new"], [states["old"]])
        states = {
            name: a_state(
                name, wanted.get(name, state.replicas), min(state.available, wanted.get(name, state.replicas))
            )
            for name, state in states.items()
        }
        total = sum(state.replicas for state in states.values())
        bounds.append(total <= replicas + surge)
        if not wanted:  # all is as asked: the cluster makes new pods available
            states = {name: a_state(name, state.replicas) for name, state in states.items()}

    assert all(bounds)
    assert (states["new"].available, states["old"].replicas) == (replicas, 0)
