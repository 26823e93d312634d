"""The children of one component."""

from __future__ import annotations

import pytest

from services.reconciler.desired.children import component_children
from shared.core.errors import InvalidObjectError
from tests.unit.services.reconciler.desired.builders import PLATFORM, a_component_manifest


@pytest.mark.rule("workloads 7.1 #5", "workloads 7.1 #6", "workloads 7.5 <name>")
def test_a_single_node_component_is_a_deployment_and_a_service_that_it_owns() -> None:
    found = component_children(a_component_manifest(), PLATFORM)

    assert [(child["kind"], child["metadata"]["name"]) for child in found.manifests] == [
        ("Deployment", "g-w"),
        ("Service", "g-w"),
    ]
    assert {child["metadata"]["ownerReferences"][0]["uid"] for child in found.manifests} == {"component-uid"}
    assert found.problem is None


@pytest.mark.rule("W-25")
def test_a_multinode_component_without_an_orchestrator_has_no_children() -> None:
    found = component_children(a_component_manifest(multinode={"nodeCount": 2}), PLATFORM)

    assert found.manifests == ()
    assert found.problem is not None
    assert (found.problem.text, found.problem.code) == (
        "no multinode orchestrator available",
        "NoMultinodeOrchestrator",
    )


@pytest.mark.rule("workloads 7.1 #9")
def test_says_which_step_failed() -> None:
    found = component_children(a_component_manifest(resources={"limits": {"gpu": "many"}}), PLATFORM)

    assert found.problem is not None
    assert found.problem.text.startswith(
        "failed to reconcile the resources: failed to create or update the deployment: create or update deployment: "
        "failed to generate base pod spec: failed to get resources config: parse limits gpu quantity: "
    )


@pytest.mark.rule("workloads 7.5 #1", "workloads 7.1 #9")
def test_a_component_without_a_dynamo_namespace_has_a_problem() -> None:
    found = component_children(a_component_manifest(dynamoNamespace=""), PLATFORM)

    assert found.problem is not None
    assert found.problem.text == (
        "failed to create or update the service: expected DynamoComponentDeployment g-w to have a dynamoNamespace"
    )


@pytest.mark.rule("W-21")
def test_warns_of_labels_that_have_no_effect() -> None:
    manifest = a_component_manifest(extraPodMetadata={"labels": {"nvidia.com/selector": "x"}})

    assert component_children(manifest, PLATFORM).warnings == (
        "extraPodMetadata.labels of g-w cannot change nvidia.com/selector: Deployment and Service find pods by it",
    )


def test_an_unreadable_component_is_refused() -> None:
    with pytest.raises(InvalidObjectError):
        component_children(a_component_manifest(replicas="two"), PLATFORM)


@pytest.mark.parametrize(
    ("account", "expected"),
    [("", ("g-k8s-service-discovery",)), ("planner-serviceaccount", ("planner-serviceaccount",)), ("mine", ())],
)
def test_names_the_accounts_that_the_platform_has_to_make(account: str, expected: tuple[str, ...]) -> None:
    manifest = a_component_manifest(extraPodSpec={"serviceAccountName": account})

    assert component_children(manifest, PLATFORM).accounts == expected
