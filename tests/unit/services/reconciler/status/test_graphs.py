"""The status of a graph."""

from __future__ import annotations

from typing import Any

import pytest

from services.reconciler.status.blockers import missing_account
from services.reconciler.status.components import component_status
from services.reconciler.status.graphs import ExpectedComponent, component_state, graph_status
from services.reconciler.status.obstacles import invalid, not_finalized, refused
from tests.unit.services.reconciler.status.builders import (
    PROBLEM,
    a_deployment,
    a_state,
    component_facts,
    condition,
    expected,
    graph_facts,
    truths,
)

NOT_READY = "Component deployment not ready - Available condition not true"


@pytest.mark.rule("workloads 9.4 all ready", "workloads 12 DGD #1")
def test_a_graph_of_ready_components_is_successful() -> None:
    status = graph_status(graph_facts(expected("g-a", "a"), expected("g-b", "b")))

    assert status["state"] == "successful"
    assert condition(status, "Ready") == ("True", "all_resources_are_ready", "All resources are ready")
    assert truths(status) == {"Ready": "True", "Reconciling": "False", "Stalled": "False"}
    assert status["observedGeneration"] == 5
    assert list(status["services"]) == ["a", "b"]


@pytest.mark.rule("workloads 9.3 #1", "workloads 9.4 #1", "workloads 9.4 some not", "workloads 12 DGD #1")
def test_waiting_components_are_named_in_order() -> None:
    facts = graph_facts(
        expected("g-z", "z", is_available=False), expected("g-b", "b"), expected("g-a", "a", is_available=False)
    )

    status = graph_status(facts)

    assert status["state"] == "pending"
    assert condition(status, "Ready") == (
        "False",
        "some_resources_are_not_ready",
        f"Resources not ready: g-a: {NOT_READY}; g-z: {NOT_READY}",
    )
    assert truths(status)["Reconciling"] == "True"


@pytest.mark.rule("W-54")
@pytest.mark.parametrize(
    ("applied", "state", "is_ready"),
    [
        pytest.param(3, {}, True, id="current"),
        pytest.param(4, {}, False, id="spec older than what we applied"),
        pytest.param(3, {"generation": 4, "observed_generation": 3}, False, id="status older than the spec"),
        pytest.param(3, {"generation": 4, "observed_generation": 4}, True, id="newer than what we applied"),
        pytest.param(3, {"is_available": False}, False, id="not available"),
    ],
)
def test_only_a_status_of_what_we_applied_counts(applied: int, state: dict[str, Any], is_ready: bool) -> None:
    assert expected(applied=applied, **state).is_ready is is_ready


@pytest.mark.rule("workloads 12 DGD #2", "workloads 9.4 #2", "workloads 9.4 #3")
def test_a_component_that_was_not_observed_is_waited_for() -> None:
    status = graph_status(graph_facts(ExpectedComponent("g-w", "w", 1)))

    assert status["state"] == "pending"
    assert condition(status, "Reconciling")[1] == "ComponentNotObserved"
    assert "services" not in status


@pytest.mark.rule("workloads 3.4", "workloads 9.4 step error")
def test_services_without_a_component_fail_the_graph_in_the_references_words() -> None:
    status = graph_status(graph_facts(expected("g-a", "a"), problems=[PROBLEM, PROBLEM]))

    assert status["state"] == "failed"
    assert condition(status, "Ready") == ("False", "failed_to_reconcile_the_resources", "it cannot be")
    assert condition(status, "Stalled") == (
        "True",
        "CannotBe",
        "service w in namespace llm: it cannot be. To go on: change it.",
    )
    assert list(status["services"]) == ["a"]


@pytest.mark.rule("workloads 9.4 step error", "workloads 9.4 finalizer error", "workloads 9.4 validation")
@pytest.mark.parametrize(
    ("obstacle", "ready", "is_stalled"),
    [
        pytest.param(
            invalid("spec.services must have at least one service"),
            ("False", "ValidationFailed", "Validation failed: spec.services must have at least one service"),
            "True",
            id="validation",
        ),
        pytest.param(
            not_finalized("gone"), ("False", "failed_to_handle_the_finalizer", "gone"), "False", id="finalizer"
        ),
        pytest.param(
            refused("failed to sync the DynamoComponentDeployment: no"),
            (
                "False",
                "failed_to_reconcile_the_resources",
                "failed to sync the DynamoComponentDeployment: no",
            ),
            "False",
            id="a refused write",
        ),
    ],
)
def test_an_error_fails_the_graph(obstacle: Any, ready: tuple[str, str, str], is_stalled: str) -> None:
    status = graph_status(graph_facts(expected(), obstacle=obstacle))

    assert status["state"] == "failed"
    assert condition(status, "Ready") == ready
    assert truths(status)["Stalled"] == is_stalled


@pytest.mark.rule("W-55", "workloads 9.4 #2")
def test_services_keep_their_last_known_replicas_through_an_error() -> None:
    last = {"w": {"componentKind": "Deployment", "componentName": "g-w", "replicas": 7, "updatedReplicas": 7}}

    status = graph_status(graph_facts(obstacle=refused("no"), last_services=last))

    assert status["services"] == last


@pytest.mark.rule("workloads 9.3 #1")
def test_services_that_are_gone_are_not_reported() -> None:
    status = graph_status(graph_facts(expected(), last_services={"old": {"replicas": 1}}))

    assert list(status["services"]) == ["w"]


def test_of_several_waiting_components_the_first_is_explained() -> None:
    one, other = (
        expected(name, name, is_available=False, code="ReplicasUnavailable", explanation=f"{name} waits.")
        for name in ("g-a", "g-b")
    )

    assert condition(graph_status(graph_facts(other, one)), "Reconciling")[2] == "g-a waits."


def test_the_explanation_of_a_component_reaches_the_graph() -> None:
    manifest = {
        "metadata": {"name": "g-w", "generation": 3},
        "spec": {"serviceName": "w"},
        "status": component_status(component_facts(a_deployment(available=0))),
    }

    status = graph_status(graph_facts(ExpectedComponent("g-w", "w", 3, component_state(manifest))))

    assert condition(status, "Reconciling")[1] == "ReplicasUnavailable"
    assert condition(status, "Reconciling")[2].startswith("Deployment llm/g-w: 0 of 2 replicas are available.")


def test_a_stalled_component_stalls_the_graph() -> None:
    facts = graph_facts(expected(is_available=False, code="DeploymentPaused", explanation="It waits.", is_stalled=True))

    status = graph_status(facts)

    assert condition(status, "Stalled") == ("True", "DeploymentPaused", "It waits.")
    assert status["state"] == "pending"


def test_a_lagging_component_is_explained_by_its_generations() -> None:
    status = graph_status(graph_facts(expected(generation=4)))

    assert condition(status, "Reconciling")[1] == "GenerationNotObserved"


def test_a_missing_account_is_named_while_components_wait() -> None:
    account = missing_account("llm", "g-k8s-service-discovery")

    waiting = graph_status(graph_facts(expected(is_available=False), waits_for=(account,)))
    ready = graph_status(graph_facts(expected(), waits_for=(account,)))

    assert condition(waiting, "Reconciling")[1] == "ServiceAccountMissing"
    assert truths(ready)["Reconciling"] == "False"


def test_reads_a_component() -> None:
    manifest = {
        "metadata": {"name": "g-w", "generation": 3},
        "spec": {"serviceName": "w"},
        "status": {
            "observedGeneration": 3,
            "conditions": [{"type": "Available", "status": "True"}],
            "service": a_state().replicas,
        },
    }

    assert component_state(manifest) == a_state()


def test_a_component_without_a_status_is_not_available() -> None:
    found = component_state({"metadata": {"name": "g-w", "generation": 1}, "spec": {"serviceName": "w"}})

    assert (found.is_available, found.observed_generation, found.replicas) == (False, 0, None)


@pytest.mark.rule("workloads 2.4")
def test_a_condition_is_never_longer_than_the_schema_allows() -> None:
    many = [expected(f"g-{number}", f"s{number}", is_available=False) for number in range(1000)]

    status = graph_status(graph_facts(*many))

    assert max(len(each["message"]) for each in status["conditions"]) == 32768
