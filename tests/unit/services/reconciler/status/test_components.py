"""The status of a component."""

from __future__ import annotations

from dataclasses import replace

import pytest

from services.reconciler.desired.children import component_children
from services.reconciler.status.blockers import missing_account
from services.reconciler.status.components import ExpectedWorkload, component_status
from services.reconciler.status.obstacles import invalid, not_finalized, refused, unrenderable
from tests.unit.services.reconciler.desired.builders import PLATFORM, a_component_manifest
from tests.unit.services.reconciler.status.builders import (
    PROBLEM,
    a_deployment,
    a_set,
    component_facts,
    condition,
    truths,
    unseen,
)


@pytest.mark.rule("W-01", "W-28", "workloads 7.3 yes", "workloads 7.1 #2", "workloads 7.1 #8")
def test_a_ready_deployment_makes_the_component_available() -> None:
    status = component_status(component_facts())

    assert condition(status, "Available") == ("True", "DeploymentReady", "Deployment is ready")
    assert condition(status, "DynamoComponentReady") == ("True", "ComponentReady", "Deployment is ready")
    assert condition(status, "Valid") == ("True", "ValidationPassed", "DynamoComponentDeployment spec is valid")
    assert condition(status, "Ready")[:2] == ("True", "DeploymentReady")
    assert condition(status, "Reconciling") == ("False", "Settled", "")
    assert condition(status, "Stalled") == ("False", "NotStalled", "")
    assert status["observedGeneration"] == 3
    assert {each["observedGeneration"] for each in status["conditions"]} == {3}


@pytest.mark.rule("W-28", "workloads 7.3 no", "workloads 7.1 #8")
def test_an_unready_deployment_is_named_with_what_would_unblock_it() -> None:
    status = component_status(component_facts(a_deployment(available=1)))

    assert condition(status, "Available") == ("False", "DeploymentNotReady", "Deployment is not ready")
    assert condition(status, "DynamoComponentReady")[:2] == ("False", "ComponentNotReady")
    assert condition(status, "Reconciling") == (
        "True",
        "ReplicasUnavailable",
        "Deployment llm/g-w: 1 of 2 replicas are available. To go on: its pods have to become ready; "
        "kubectl describe pods -n llm -l nvidia.com/selector=g-w shows what they wait for.",
    )
    assert truths(status)["Stalled"] == "False"


@pytest.mark.rule("W-01", "workloads 7.1 #4", "workloads 12 Deployment readiness #1")
def test_before_anything_was_observed_nothing_is_known() -> None:
    status = component_status(component_facts(unseen()))

    starting = ("Unknown", "Reconciling", "Starting to reconcile DynamoComponentDeployment")
    assert condition(status, "Available") == starting
    assert condition(status, "DynamoComponentReady") == starting
    assert truths(status)["Ready"] == "False"
    assert "service" not in status


@pytest.mark.rule("workloads 7.1 #2")
def test_an_invalid_spec_says_so_and_stalls() -> None:
    status = component_status(component_facts(obstacle=invalid("spec.replicas must be non-negative")))

    assert condition(status, "Valid") == (
        "False",
        "ValidationFailed",
        "Validation failed: spec.replicas must be non-negative",
    )
    assert truths(status)["Available"] == "False"
    assert condition(status, "Stalled")[:2] == ("True", "ValidationFailed")


@pytest.mark.rule("W-25", "W-62", "workloads 7.1 #9")
def test_what_cannot_be_rendered_is_reported_in_the_references_words_and_stalls() -> None:
    problem = component_children(a_component_manifest(multinode={"nodeCount": 2}), PLATFORM).problem
    assert problem is not None

    status = component_status(component_facts(obstacle=unrenderable(problem)))

    assert condition(status, "Available") == (
        "False",
        "Reconciling",
        "Failed to reconcile DynamoComponentDeployment: no multinode orchestrator available",
    )
    assert condition(status, "Stalled")[:2] == ("True", "NoMultinodeOrchestrator")
    assert truths(status)["Reconciling"] == "False"


@pytest.mark.rule("W-62")
@pytest.mark.parametrize("obstacle", [refused("quota exceeded"), not_finalized("conflict")])
def test_what_is_tried_again_does_not_stall(obstacle: object) -> None:
    status = component_status(component_facts(obstacle=obstacle))

    assert truths(status) == {
        "Available": "False",
        "DynamoComponentReady": "False",
        "Ready": "False",
        "Reconciling": "True",
        "Stalled": "False",
        "Valid": "True",
    }


@pytest.mark.rule("W-55")
def test_replicas_stay_reported_through_an_error() -> None:
    assert component_status(component_facts(obstacle=unrenderable(PROBLEM)))["service"]["replicas"] == 2


def test_an_object_that_pods_wait_for_comes_first() -> None:
    facts = component_facts(a_deployment(available=0), waits_for=(missing_account("llm", "g-k8s-service-discovery"),))

    status = component_status(facts)

    assert condition(status, "Reconciling") == (
        "True",
        "ServiceAccountMissing",
        "ServiceAccount llm/g-k8s-service-discovery: it does not exist yet, so no pod can be created. "
        "To go on: the rbac service makes it; see its log if this lasts.",
    )


def test_what_a_ready_component_could_wait_for_does_not_matter() -> None:
    status = component_status(component_facts(waits_for=(missing_account("llm", "x"),)))

    assert truths(status)["Reconciling"] == "False"


# Replicas of several nodes

READY_SETS = ("True", "AllLeaderWorkerSetsReady", "All LeaderWorkerSets are ready")
SOME_NOT = ("False", "SomeLeaderWorkerSetsNotReady", "Some LeaderWorkerSets are not ready")


@pytest.mark.rule("workloads 7.4 yes (also R = 0)", "workloads 7.4 no", "workloads 12 LWS #2", "workloads 12 LWS #3")
@pytest.mark.parametrize(
    ("sets", "expected"),
    [
        pytest.param([a_set()], READY_SETS, id="1 of 1"),
        pytest.param([a_set(), a_set(1), a_set(2)], READY_SETS, id="3 of 3"),
        pytest.param([a_set(), a_set(1, ready=0), a_set(2)], SOME_NOT, id="2 of 3"),
        pytest.param([a_set(), unseen("LeaderWorkerSet", "g-w-1")], SOME_NOT, id="one not observed"),
        pytest.param([a_set(), a_set(1, is_outdated=True)], SOME_NOT, id="one of another size"),
    ],
)
def test_all_sets_have_to_be_ready(sets: list[ExpectedWorkload], expected: tuple[str, str, str]) -> None:
    status = component_status(component_facts(*sets))

    assert condition(status, "Available") == expected
    assert condition(status, "Ready") == expected


@pytest.mark.rule("workloads 7.4 #6", "workloads 10.5", "workloads 2.4 LeaderWorkerSet")
def test_reports_the_sum_over_the_sets_under_the_name_of_the_first() -> None:
    status = component_status(component_facts(a_set(), a_set(1, updated=0, ready=0), a_set(2)))

    assert status["service"] == {
        "componentKind": "LeaderWorkerSet",
        "componentName": "g-w-0",
        "replicas": 3,
        "updatedReplicas": 2,
        "readyReplicas": 2,
    }


def test_the_first_set_names_the_component_also_while_it_is_not_observed() -> None:
    status = component_status(component_facts(unseen("LeaderWorkerSet", "g-w-0"), a_set(1)))

    assert (status["service"]["componentName"], status["service"]["replicas"]) == ("g-w-0", 1)


@pytest.mark.rule("workloads 7.4 #6", "workloads 7.4 yes (also R = 0)", "workloads 12 LWS #4")
def test_no_replica_wanted_of_several_nodes_is_ready_and_reports_none() -> None:
    status = component_status(component_facts(workloads=()))

    assert condition(status, "Available") == READY_SETS
    assert "service" not in status


@pytest.mark.parametrize(
    ("sets", "code", "words"),
    [
        pytest.param(
            [a_set(), a_set(1, ready=0)],
            "ReplicasUnavailable",
            "LeaderWorkerSet llm/g-w-1: 0 of 1 groups of 2 pods are ready. To go on: its pods have to become ready; "
            "kubectl describe pods -n llm -l leaderworkerset.sigs.k8s.io/name=g-w-1 shows what they wait for.",
            id="not ready",
        ),
        pytest.param(
            [a_set(), unseen("LeaderWorkerSet", "g-w-1")],
            "WorkloadNotObserved",
            "LeaderWorkerSet llm/g-w-1: it was not observed yet. To go on: this passes when it is applied and "
            "observed.",
            id="not observed",
        ),
        pytest.param(
            [replace(a_set(), is_unanswered=True), a_set(1)],
            "GenerationNotObserved",
            "LeaderWorkerSet llm/g-w-0: it has just been changed, and its controller has not answered yet. To go on: "
            "this passes when its controller acts on it.",
            id="just changed",
        ),
        pytest.param(
            [a_set(is_outdated=True), a_set(1)],
            "InstanceOutdated",
            "LeaderWorkerSet llm/g-w-0: it has groups of 2 pods, which cannot be changed: it is made anew in its "
            "turn. To go on: this passes when the instances before it are ready.",
            id="of another size",
        ),
    ],
)
def test_names_the_set_that_is_waited_for(sets: list[ExpectedWorkload], code: str, words: str) -> None:
    status = component_status(component_facts(*sets))

    assert condition(status, "Reconciling") == ("True", code, words)
