"""The components of a graph, and services that have none."""

from __future__ import annotations

import pytest

from services.reconciler.desired.graphs import graph_children
from shared.core.errors import InvalidObjectError
from tests.unit.services.reconciler.desired.builders import PLATFORM, a_graph, a_worker


@pytest.mark.rule("W-41", "workloads 4 #1", "workloads 4.1 owner")
def test_components_are_sorted_by_service_and_owned_by_the_graph() -> None:
    found = graph_children(a_graph({"b": a_worker(), "a": a_worker()}), PLATFORM)

    assert [child["metadata"]["name"] for child in found.manifests] == ["g-a", "g-b"]
    assert [child["metadata"]["ownerReferences"] for child in found.manifests] == 2 * [
        [
            {
                "apiVersion": "nvidia.com/v1alpha1",
                "kind": "DynamoGraphDeployment",
                "name": "g",
                "uid": "graph-uid",
                "controller": True,
                "blockOwnerDeletion": True,
            }
        ]
    ]


@pytest.mark.rule("workloads 3.4 not false (4)", "workloads 3.4 #1")
def test_nothing_is_made_of_a_graph_with_a_multinode_service_that_no_orchestrator_starts() -> None:
    graph = a_graph({"big": a_worker(multinode={"nodeCount": 2}), "small": a_worker()})

    found = graph_children(graph, PLATFORM)

    assert found.manifests == ()
    assert [(problem.subject, problem.text) for problem in found.problems] == [
        ("service big", "failed to reconcile Dynamo components deployments: no multinode orchestrator available")
    ]


@pytest.mark.rule("OB-05")
def test_services_that_differ_in_case_alone_are_both_refused() -> None:
    found = graph_children(a_graph({"Worker": a_worker(), "worker": a_worker(), "x": a_worker()}), PLATFORM)

    assert [child["metadata"]["name"] for child in found.manifests] == ["g-x"]
    assert {problem.code for problem in found.problems} == {"ServiceNamesCollide"}
    assert all("Worker and worker" in problem.text for problem in found.problems)


@pytest.mark.rule("workloads 3.1 9 component")
def test_says_which_step_failed() -> None:
    service = a_worker(envs=[{"name": "DYN_DEPLOYMENT_CONFIG", "value": "[]"}])

    found = graph_children(a_graph({"w": service}), PLATFORM)

    assert found.problems[0].text.startswith(
        "failed to generate the DynamoComponentsDeployments: failed to parse DYN_DEPLOYMENT_CONFIG: "
    )


def test_an_unreadable_graph_is_refused() -> None:
    with pytest.raises(InvalidObjectError):
        graph_children(a_graph({"w": {"replicas": "two"}}), PLATFORM)
