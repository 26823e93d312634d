"""Services of components."""

from __future__ import annotations

from typing import Any

import pytest

from services.reconciler.desired.problems import RenderError
from services.reconciler.desired.services import service
from shared.api.platform import Discovery, DiscoveryBackend, PlatformContext
from tests.unit.services.reconciler.desired.builders import PLATFORM, a_component

BY_ETCD = PlatformContext(discovery=Discovery(backend=DiscoveryBackend.ETCD))
BACKEND = "nvidia.com/dynamo-discovery-backend"
ENABLED = "nvidia.com/dynamo-discovery-enabled"


def made(platform: PlatformContext = PLATFORM, **spec: Any) -> Any:
    return service(a_component(platform=platform, **spec))


@pytest.mark.rule("W-35", "workloads 7.5 #2")
@pytest.mark.parametrize(
    ("kind", "port"),
    [
        ("frontend", {"name": "http", "port": 8000, "protocol": "TCP", "targetPort": "http"}),
        ("worker", {"name": "system", "port": 9090, "protocol": "TCP", "targetPort": "system"}),
        ("planner", {"name": "metrics", "port": 9085, "protocol": "TCP", "targetPort": "metrics"}),
        ("", {"name": "system", "port": 9090, "protocol": "TCP", "targetPort": "system"}),
    ],
)
def test_leads_to_the_port_of_the_type(kind: str, port: dict[str, Any]) -> None:
    assert made(componentType=kind)["spec"]["ports"] == [port]


@pytest.mark.rule("W-35")
@pytest.mark.parametrize(("kind", "exists"), [("frontend", True), ("worker", True), ("planner", True), ("", False)])
def test_a_type_without_a_port_needs_one_for_discovery_only(kind: str, exists: bool) -> None:
    assert (made(BY_ETCD, componentType=kind) is not None) is exists


@pytest.mark.rule("W-36", "workloads 7.5 #3")
def test_selects_the_pods_of_its_own_component() -> None:
    assert made()["spec"]["selector"] == {
        "nvidia.com/dynamo-component": "w",
        "nvidia.com/dynamo-component-type": "worker",
        "nvidia.com/dynamo-namespace": "llm-g",
    }


@pytest.mark.rule("workloads 7.5 #3", "workloads 10.5", "W-36")
def test_only_leaders_answer_for_a_replica_of_several_nodes() -> None:
    assert made(multinode={"nodeCount": 2})["spec"]["selector"] == {
        "nvidia.com/dynamo-component": "w",
        "nvidia.com/dynamo-component-type": "worker",
        "nvidia.com/dynamo-namespace": "llm-g",
        "role": "leader",
    }


@pytest.mark.rule("W-36")
def test_another_orchestrator_tells_leaders_by_labels_of_its_own() -> None:
    found = service(a_component(multinode={"nodeCount": 2}), {"place": "first"})

    assert found is not None
    assert found["spec"]["selector"]["place"] == "first"
    assert "role" not in found["spec"]["selector"]


@pytest.mark.rule(
    "workloads 7.5 #4",
    "workloads 1.2 nvidia.com/dynamo-discovery-backend",
    "workloads 1.2 nvidia.com/dynamo-discovery-enabled",
)
@pytest.mark.parametrize(
    ("platform", "kind", "expected"),
    [
        pytest.param(PLATFORM, "worker", {BACKEND: "kubernetes", ENABLED: "true"}, id="worker"),
        pytest.param(PLATFORM, "frontend", {BACKEND: "kubernetes"}, id="frontend"),
        pytest.param(BY_ETCD, "worker", {}, id="etcd"),
    ],
)
def test_is_labelled_for_discovery(platform: PlatformContext, kind: str, expected: dict[str, str]) -> None:
    labels = made(platform, componentType=kind)["metadata"].get("labels", {})

    assert {key: value for key, value in labels.items() if "discovery" in key} == expected


@pytest.mark.rule("workloads 7.5 #1")
def test_a_component_without_a_dynamo_namespace_is_refused() -> None:
    with pytest.raises(RenderError) as error:
        made(dynamoNamespace="")

    assert error.value.text == "expected DynamoComponentDeployment g-w to have a dynamoNamespace"


@pytest.mark.rule("W-15")
def test_leads_to_the_number_where_the_port_has_another_name() -> None:
    found = made(extraPodSpec={"mainContainer": {"ports": [{"name": "mine", "containerPort": 9090}]}})

    assert found["spec"]["ports"][0]["targetPort"] == 9090
