"""Which Events a pass gives."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from services.reconciler.desired.cautions import Caution
from services.reconciler.status.components import component_status
from services.reconciler.status.graphs import graph_status
from services.reconciler.status.notes import Change, Note, caution_notes, change_notes, event, status_notes
from services.reconciler.status.obstacles import invalid, unrenderable
from tests.unit.services.reconciler.status.builders import PROBLEM, a_deployment, component_facts, expected, graph_facts

GRAPH, COMPONENT = "DynamoGraphDeployment", "DynamoComponentDeployment"
READY = graph_status(graph_facts(expected()))
PENDING = graph_status(graph_facts(expected(is_available=False)))
INVALID = graph_status(graph_facts(obstacle=invalid("spec.services must have at least one service")))
FAILED = graph_status(graph_facts(problems=[PROBLEM]))
UNRENDERABLE = component_status(component_facts(obstacle=unrenderable(PROBLEM)))


@pytest.mark.rule("OB-03", "W-29", "workloads 9.1 #1", "workloads 9.1 absent (2)", "workloads 9.1 present")
def test_changes_of_one_pass_are_told_together_and_name_the_objects() -> None:
    changes = [
        Change("created", "Deployment", "g-b"),
        Change("deleted", "Service", "g-old"),
        Change("created", "Deployment", "g-a"),
        Change("created", "Service", "g-a"),
    ]

    assert change_notes(changes) == [
        Note("Normal", "CreateDeployment", "Created Deployment g-a, g-b; Service g-a"),
        Note("Normal", "DeleteService", "Deleted Service g-old"),
    ]


@pytest.mark.rule("workloads 9.1 present (3)")
def test_a_failed_change_is_a_warning_of_its_own() -> None:
    changes = [Change("updated", "Service", "g-a", error="no"), Change("updated", "Service", "g-b")]

    assert change_notes(changes) == [
        Note("Normal", "UpdateService", "Updated Service g-b"),
        Note("Warning", "UpdateService", "Failed to update Service g-a: no"),
    ]


@pytest.mark.rule("W-21")
def test_what_has_no_effect_is_a_warning() -> None:
    assert caution_notes([Caution("SettingIgnored", "it has none")]) == [
        Note("Warning", "SettingIgnored", "it has none")
    ]


@pytest.mark.rule("workloads 7.1 #7", "W-29")
def test_no_change_is_no_event() -> None:
    assert change_notes([]) == []


@pytest.mark.rule("OB-03", "OB-04", "workloads 3.1 #2", "workloads 7.1 #9")
@pytest.mark.parametrize(
    ("kind", "previous", "current", "notes"),
    [
        pytest.param(GRAPH, None, PENDING, [], id="a graph that begins"),
        pytest.param(GRAPH, PENDING, READY, [Note("Normal", "Ready", "Graph g is ready")], id="ready"),
        pytest.param(GRAPH, READY, READY, [], id="still ready"),
        pytest.param(GRAPH, READY, PENDING, [], id="a roll-out of a healthy graph"),
        pytest.param(
            GRAPH,
            None,
            INVALID,
            [Note("Warning", "ValidationFailed", "spec.services must have at least one service")],
            id="invalid",
        ),
        pytest.param(GRAPH, INVALID, INVALID, [], id="still invalid"),
        pytest.param(
            GRAPH,
            PENDING,
            FAILED,
            [Note("Warning", "CannotBe", "service w in namespace llm: it cannot be. To go on: change it.")],
            id="failed",
        ),
        pytest.param(GRAPH, FAILED, FAILED, [], id="still failed"),
        pytest.param(
            COMPONENT,
            None,
            UNRENDERABLE,
            [Note("Warning", "ReconcileError", "Failed to reconcile DynamoComponentDeployment: it cannot be")],
            id="a component that failed",
        ),
        pytest.param(
            COMPONENT,
            component_status(component_facts(a_deployment(available=0))),
            component_status(component_facts()),
            [Note("Normal", "Ready", "Component g is ready")],
            id="a component that got ready",
        ),
    ],
)
def test_a_change_of_a_condition_is_told_once(kind: str, previous: Any, current: Any, notes: list[Note]) -> None:
    assert status_notes(kind, "g", previous, current) == notes


@pytest.mark.rule("OB-03")
def test_saying_it_again_is_the_same_event() -> None:
    note = Note("Normal", "Ready", "Graph g is ready")
    graph = {
        "apiVersion": "nvidia.com/v1alpha1",
        "kind": GRAPH,
        "metadata": {"name": "g", "namespace": "llm", "uid": "u"},
    }
    first = datetime(2026, 1, 8, tzinfo=UTC)

    one = event(note, graph, first)
    again = event(note, graph, first + timedelta(hours=1), count=2, first=first)

    assert again == {**one, "count": 2, "lastTimestamp": "2026-01-08T01:00:00Z"}
    assert one["metadata"]["name"].startswith("g.")
    assert one["metadata"]["namespace"] == "llm"
    assert one["involvedObject"] == {
        "apiVersion": "nvidia.com/v1alpha1",
        "kind": GRAPH,
        "namespace": "llm",
        "name": "g",
        "uid": "u",
    }


def test_another_object_or_text_is_another_event() -> None:
    note, other = Note("Normal", "Ready", "a"), Note("Normal", "Ready", "b")
    graph = {"metadata": {"name": "g", "namespace": "llm"}}
    at = datetime(2026, 1, 8, tzinfo=UTC)

    assert event(note, graph, at)["metadata"] != event(other, graph, at)["metadata"]
    assert "uid" not in event(note, graph, at)["involvedObject"]
