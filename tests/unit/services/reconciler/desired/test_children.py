"""The children of one component."""

from __future__ import annotations

from typing import Any

import pytest

from services.reconciler.desired.cautions import Caution
from services.reconciler.desired.children import component_children
from shared.api.platform import Capability
from shared.core.errors import InvalidObjectError
from tests.unit.services.reconciler.desired.builders import PLATFORM, a_component_manifest


@pytest.mark.rule(
    "workloads 7.1 #5",
    "workloads 7.1 #6",
    "workloads 7.5 <name>",
    "workloads 7.5 <name>-p",
    "workloads 7.5 <name>-d",
    "W-34",
)
def test_a_single_node_component_is_a_deployment_and_a_service_that_it_owns() -> None:
    found = component_children(a_component_manifest(), PLATFORM)

    assert [(child["kind"], child["metadata"]["name"]) for child in found.manifests] == [
        ("Deployment", "g-w"),
        ("Service", "g-w"),
    ]
    assert {child["metadata"]["ownerReferences"][0]["uid"] for child in found.manifests} == {"component-uid"}
    assert found.problem is None


MULTINODE: dict[str, Any] = {
    "multinode": {"nodeCount": 2},
    "extraPodSpec": {"mainContainer": {"command": ["python3", "-m", "dynamo.sglang"], "args": ["--tp-size", "8"]}},
}
LWS = PLATFORM.with_capabilities([Capability.LWS])


@pytest.mark.rule("workloads 7.1 #5", "workloads 7.4 #1", "workloads 3.4")
def test_a_component_of_several_nodes_has_a_group_and_a_set_for_each_replica() -> None:
    found = component_children(a_component_manifest(**MULTINODE, replicas=2), LWS)

    assert [(child["kind"], child["metadata"]["name"]) for child in found.manifests] == [
        ("PodGroup", "g-w-0"),
        ("PodGroup", "g-w-1"),
        ("LeaderWorkerSet", "g-w-0"),
        ("LeaderWorkerSet", "g-w-1"),
        ("Service", "g-w"),
    ]
    assert {child["metadata"]["ownerReferences"][0]["uid"] for child in found.manifests} == {"component-uid"}
    assert found.accounts == ("g-k8s-service-discovery",)


@pytest.mark.rule("workloads 7.1 #5")
def test_a_component_of_one_node_is_a_deployment_also_beside_leader_worker_sets() -> None:
    found = component_children(a_component_manifest(), LWS)

    assert [child["kind"] for child in found.manifests] == ["Deployment", "Service"]


@pytest.mark.rule("workloads 7.1 #9", "workloads 7.4 #3")
def test_says_that_the_set_could_not_be_made() -> None:
    spec: dict[str, Any] = {
        **MULTINODE,
        "extraPodSpec": {"mainContainer": {"name": "other", "command": ["x"], "args": ["y"]}},
    }

    found = component_children(a_component_manifest(**spec), LWS)

    assert found.problem is not None
    assert found.problem.text == (
        "failed to reconcile the resources: failed to sync the LeaderWorkerSet: main container not found in pod spec"
    )


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

    assert component_children(manifest, PLATFORM).cautions == (
        Caution(
            "SettingIgnored",
            "extraPodMetadata.labels of g-w cannot change nvidia.com/selector: Deployment and Service find pods by it",
        ),
    )


@pytest.mark.rule("W-30", "workloads 7.2 #2", "workloads 7.8 stealing debug off")
def test_a_debug_deployment_that_would_take_requests_of_users_is_not_made_and_said_so() -> None:
    annotations = {"nvidia.com/enable-stealing-traffic-debug-mode": "true"}

    found = component_children(a_component_manifest(annotations=annotations), PLATFORM)

    assert [(child["kind"], child["metadata"]["name"]) for child in found.manifests] == [
        ("Deployment", "g-w"),
        ("Service", "g-w"),
    ]
    assert len(found.manifests[0]["spec"]["template"]["spec"]["containers"]) == 1
    [caution] = found.cautions
    assert "enable-stealing-traffic-debug-mode of g-w has no effect" in caution.text


@pytest.mark.rule("workloads 7.1 #6", "workloads 7.7 #1")
def test_an_ingress_leads_to_the_component_of_any_type() -> None:
    ingress = {"enabled": True, "host": "chat", "ingressControllerClassName": "nginx", "labels": {"team": "a"}}
    manifest = a_component_manifest(ingress=ingress, labels={"nvidia.com/dynamo-graph-deployment-name": "g"})

    [*_, found] = component_children(manifest, PLATFORM).manifests

    assert (found["kind"], found["metadata"]["name"]) == ("Ingress", "g-w")
    assert found["metadata"]["labels"] == {"team": "a", "nvidia.com/dynamo-graph-deployment-name": "g"}
    assert found["metadata"]["ownerReferences"][0]["uid"] == "component-uid"


@pytest.mark.rule("W-38", "workloads 7.7 looked at")
def test_a_virtual_service_needs_istio_and_is_missed_aloud() -> None:
    ingress = {"enabled": True, "host": "chat", "useVirtualService": True, "virtualServiceGateway": "mesh/gw"}
    manifest = a_component_manifest(ingress=ingress)

    with_istio = component_children(manifest, PLATFORM.with_capabilities([Capability.ISTIO]))
    without = component_children(manifest, PLATFORM)

    assert [child["kind"] for child in with_istio.manifests] == ["Deployment", "Service", "VirtualService"]
    assert with_istio.cautions == ()
    assert [child["kind"] for child in without.manifests] == ["Deployment", "Service"]
    assert [caution.code for caution in without.cautions] == ["VirtualServiceNotServed"]


@pytest.mark.rule("W-23")
def test_warns_of_a_launch_that_cannot_be_told_of_its_nodes() -> None:
    container = {"command": ["bash", "-c"], "args": ["./serve.sh"]}
    spec: dict[str, Any] = {**MULTINODE, "backendFramework": "sglang", "extraPodSpec": {"mainContainer": container}}

    found = component_children(a_component_manifest(**spec), LWS)

    assert {caution.code for caution in found.cautions} == {"MultinodeFlagsNotInjected"}


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
