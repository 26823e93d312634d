"""What of a component's workloads waits for others."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.reconciler.status.transitions import groups_first, transition
from services.reconciler.status.workloads import Workload
from shared.core.json import Manifest
from shared.core.resources import DEPLOYMENTS, LEADER_WORKER_SETS, POD_GROUPS, SERVICES, Ref
from tests.unit.services.reconciler.status.builders import READY, a_set

DEPLOYMENT = Ref(DEPLOYMENTS, "llm", "g-w")


def manifest(ref: Ref, size: int = 0) -> Manifest:
    spec: dict[str, Any] = {"leaderWorkerTemplate": {"size": size}} if size else {}
    metadata = {"name": ref.name, "namespace": ref.namespace}
    return {"apiVersion": ref.resource.api_version, "kind": ref.resource.kind, "metadata": metadata, "spec": spec}


def set_ref(instance: int) -> Ref:
    return Ref(LEADER_WORKER_SETS, "llm", f"g-w-{instance}")


def group_ref(instance: int) -> Ref:
    return Ref(POD_GROUPS, "llm", f"g-w-{instance}")


def sets(*instances: int, size: int = 2) -> list[Manifest]:
    """Return wanted sets with their groups, and the Service beside them."""
    groups = [manifest(group_ref(instance)) for instance in instances]
    return [
        *groups,
        *(manifest(set_ref(instance), size) for instance in instances),
        manifest(Ref(SERVICES, "llm", "g-w")),
    ]


def seen(*workloads: Workload) -> dict[Ref, Workload]:
    kinds = {"Deployment": DEPLOYMENTS, "LeaderWorkerSet": LEADER_WORKER_SETS}
    return {Ref(kinds[each.kind], each.namespace, each.name): each for each in workloads}


def a_seen_set(instance: int, **fields: Any) -> Workload:
    observed = a_set(instance, **fields).observed
    assert observed is not None
    return observed


def names(refs: Iterable[Ref]) -> list[str]:
    return sorted(f"{ref.resource.kind} {ref.name}" for ref in refs)


@pytest.mark.rule("workloads 7.4 #1")
def test_each_set_comes_after_its_group() -> None:
    assert groups_first([manifest(DEPLOYMENT), *sets(0, 1)]) == {set_ref(0): group_ref(0), set_ref(1): group_ref(1)}


@pytest.mark.parametrize(
    ("wanted", "observed"),
    [
        pytest.param(sets(0, 1), seen(a_seen_set(0), a_seen_set(1, ready=0)), id="the same sets"),
        pytest.param(sets(0, 1), seen(), id="nothing observed"),
        pytest.param(sets(0), seen(a_seen_set(0), a_seen_set(1)), id="a surplus set goes at once"),
        pytest.param(sets(0), seen(a_seen_set(0, size=0)), id="a set of a size that nobody told"),
        pytest.param([manifest(DEPLOYMENT)], seen(READY), id="the same Deployment"),
        pytest.param([], seen(READY), id="nothing wanted"),
    ],
)
def test_nothing_waits_where_no_shape_changes(wanted: list[Manifest], observed: dict[Ref, Workload]) -> None:
    step = transition(wanted, observed, finds_no_room=False)

    assert (step.held, step.renewed) == (frozenset(), frozenset())


# One shape for another


@pytest.mark.rule("W-61", "workloads 7.8 multinode removed (webhook bypassed)")
@pytest.mark.parametrize(
    ("observed", "held"),
    [
        pytest.param([READY], ["Deployment g-w"], id="no set exists yet"),
        pytest.param([READY, a_seen_set(0), a_seen_set(1, ready=0)], ["Deployment g-w"], id="one is not ready"),
        pytest.param([READY, a_seen_set(0), a_seen_set(1)], [], id="all are ready"),
    ],
)
def test_a_deployment_serves_until_the_sets_do(observed: list[Workload], held: list[str]) -> None:
    assert names(transition(sets(0, 1), seen(*observed), finds_no_room=False).held) == held


@pytest.mark.rule("W-61", "workloads 7.8 multinode removed (webhook bypassed)")
@pytest.mark.parametrize(
    ("deployment", "held"),
    [
        pytest.param([], ["LeaderWorkerSet g-w-0", "PodGroup g-w-0"], id="no Deployment exists yet"),
        pytest.param([replace(READY, available=0)], ["LeaderWorkerSet g-w-0", "PodGroup g-w-0"], id="not ready"),
        pytest.param([READY], [], id="ready"),
    ],
)
def test_sets_and_their_groups_serve_until_the_deployment_does(deployment: list[Workload], held: list[str]) -> None:
    step = transition([manifest(DEPLOYMENT)], seen(a_seen_set(0), *deployment), finds_no_room=False)

    assert names(step.held) == held


@pytest.mark.rule("W-61")
def test_the_former_shape_makes_room_where_the_new_one_fits_on_no_node() -> None:
    observed = seen(READY, a_seen_set(0, ready=0))

    assert transition(sets(0), observed, finds_no_room=True).held == frozenset()


@pytest.mark.rule("W-61")
def test_the_former_shape_goes_at_once_where_no_replica_is_wanted() -> None:
    assert transition(sets(), seen(READY), finds_no_room=False).held == frozenset()


# Another number of nodes


@pytest.mark.rule("W-31", "workloads 7.4 spec.leaderWorkerTemplate.size")
@pytest.mark.parametrize(
    ("observed", "renewed", "held"),
    [
        pytest.param(
            [a_seen_set(0), a_seen_set(1), a_seen_set(2)],
            ["LeaderWorkerSet g-w-0"],
            ["LeaderWorkerSet g-w-1", "LeaderWorkerSet g-w-2", "PodGroup g-w-1", "PodGroup g-w-2"],
            id="the first goes first",
        ),
        pytest.param(
            [a_seen_set(1), a_seen_set(2)],
            [],
            ["LeaderWorkerSet g-w-1", "LeaderWorkerSet g-w-2", "PodGroup g-w-1", "PodGroup g-w-2"],
            id="the first is gone",
        ),
        pytest.param(
            [a_seen_set(0, size=4, ready=0), a_seen_set(1), a_seen_set(2)],
            [],
            ["LeaderWorkerSet g-w-1", "LeaderWorkerSet g-w-2", "PodGroup g-w-1", "PodGroup g-w-2"],
            id="the first is made anew and not ready",
        ),
        pytest.param(
            [a_seen_set(0, size=4), a_seen_set(1), a_seen_set(2)],
            ["LeaderWorkerSet g-w-1"],
            ["LeaderWorkerSet g-w-2", "PodGroup g-w-2"],
            id="the first is ready again",
        ),
        pytest.param(
            [a_seen_set(0, size=4), a_seen_set(1, size=4), a_seen_set(2, ready=0)],
            ["LeaderWorkerSet g-w-2"],
            [],
            id="the last, though it is not ready",
        ),
        pytest.param([a_seen_set(0, size=4), a_seen_set(1, size=4), a_seen_set(2, size=4)], [], [], id="all done"),
    ],
)
def test_sets_are_made_anew_one_after_the_other(observed: list[Workload], renewed: list[str], held: list[str]) -> None:
    step = transition(sets(0, 1, 2, size=4), seen(*observed), finds_no_room=False)

    assert (names(step.renewed), names(step.held)) == (renewed, held)


@pytest.mark.rule("W-31")
def test_no_further_set_goes_while_the_one_made_anew_fits_on_no_node() -> None:
    observed = seen(a_seen_set(0, size=4, ready=0), a_seen_set(1))

    assert transition(sets(0, 1, size=4), observed, finds_no_room=True).renewed == frozenset()


@pytest.mark.rule("W-31")
@settings(max_examples=20, deadline=None)
@given(st.lists(st.sampled_from([2, 4]), min_size=1, max_size=5), st.randoms(use_true_random=False))
def test_all_sets_get_the_wanted_size_while_all_but_one_serve(before: list[int], dice: Random) -> None:
    wanted = sets(*range(len(before)), size=4)
    present = {set_ref(instance): a_seen_set(instance, size=size) for instance, size in enumerate(before)}
    serving = []

    for _ in range(10 * len(before)):
        step = transition(wanted, present, finds_no_room=dice.random() < 0.2)
        present = after(step.renewed, present, len(before), dice)
        serving.append(sum(each.ready for each in present.values()))

    assert {each.size for each in present.values()} == {4}
    assert len(present) == len(before)
    assert min(serving) >= len(before) - 1


def after(renewed: Iterable[Ref], present: dict[Ref, Workload], instances: int, dice: Random) -> dict[Ref, Workload]:
    """Return what there is after a step: what is gone is made anew, and what was made becomes ready some time."""
    left = {ref: each for ref, each in present.items() if ref not in renewed}
    made = {set_ref(instance): a_seen_set(instance, size=4, ready=0) for instance in range(instances)}
    gone = {ref for ref in made if ref not in present}
    ripe = {ref: replace(each, ready=each.ready or int(dice.random() < 0.7)) for ref, each in left.items()}
    return ripe | {ref: made[ref] for ref in gone}
