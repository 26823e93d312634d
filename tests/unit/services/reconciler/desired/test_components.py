"""From a service of a graph to its component."""

from __future__ import annotations

from typing import Any

import pytest

from services.reconciler.desired.components import component_deployment
from services.reconciler.desired.problems import RenderError
from shared.api.platform import IngressDefaults, Istio, PlatformContext
from tests.unit.services.reconciler.desired.builders import PLATFORM, a_graph, a_worker

DISCOVERY = "nvidia.com/dynamo-discovery-backend"
METRICS = "nvidia.com/enable-metrics"


def component(graph: dict[str, Any], service: str = "W", platform: PlatformContext = PLATFORM) -> Any:
    return component_deployment(graph, service, platform)


def spec(service: dict[str, Any], **graph: Any) -> Any:
    return component(a_graph({"W": service}, **graph))["spec"]


@pytest.mark.rule(
    "FN-01",
    "workloads 2.2 #1",
    "workloads 2.3 serviceName",
    "workloads 4.1 name",
    "workloads 4.1 namespace",
    "workloads 4.1 metadata.labels = spec.labels",
    "workloads 4.1 —",
    "workloads 4.1 metadata.annotations",
    "workloads 4.1 spec.backendFramework",
    "workloads 4.1 spec.serviceName",
    "workloads 4.1 spec.dynamoNamespace",
    "workloads 4.1 everything else",
)
def test_is_named_and_labelled_after_graph_and_service() -> None:
    labels = {
        "nvidia.com/dynamo-component": "W",
        "nvidia.com/dynamo-namespace": "llm-g",
        "nvidia.com/dynamo-graph-deployment-name": "g",
    }

    made = component(a_graph({"W": a_worker(replicas=2)}, backendFramework="vllm"))

    assert made == {
        "apiVersion": "nvidia.com/v1alpha1",
        "kind": "DynamoComponentDeployment",
        "metadata": {"name": "g-w", "namespace": "llm", "labels": labels, "finalizers": ["nvidia.com/finalizer"]},
        "spec": {
            "componentType": "worker",
            "replicas": 2,
            "backendFramework": "vllm",
            "serviceName": "W",
            "dynamoNamespace": "llm-g",
            "labels": labels,
        },
    }


@pytest.mark.rule("workloads 4.1 everything else", "workloads 2.3 multinode.nodeCount")
def test_an_empty_object_stays_because_it_says_something() -> None:
    assert spec(a_worker(multinode={}))["multinode"] == {}


@pytest.mark.rule("W-08")
def test_labels_of_the_service_stay_and_computed_ones_win() -> None:
    given = {"team": "a", "nvidia.com/dynamo-component": "mine"}

    labels = spec(a_worker(labels=given))["labels"]

    assert labels["team"] == "a"
    assert labels["nvidia.com/dynamo-component"] == "W"


@pytest.mark.rule(
    "workloads 4.2 #1",
    "workloads 2.3 dynamoNamespace",
    "workloads 2.3 globalDynamoNamespace",
    "workloads 1.1 Global Dynamo namespace",
)
@pytest.mark.parametrize(
    ("service", "expected"),
    [
        ({}, "llm-g"),
        ({"dynamoNamespace": "mine"}, "llm-g"),
        ({"globalDynamoNamespace": True}, "dynamo"),
    ],
)
def test_the_dynamo_namespace_is_computed(service: dict[str, Any], expected: str) -> None:
    assert spec(service)["dynamoNamespace"] == expected


@pytest.mark.rule("W-43", "workloads 4.3 #1")
@pytest.mark.parametrize(
    ("of_graph", "of_service", "expected"),
    [
        pytest.param(None, {"a": "1"}, {"a": "1"}, id="the service's own"),
        pytest.param({"b": "1"}, {}, None, id="others of the graph stay there"),
        pytest.param({DISCOVERY: "etcd"}, {DISCOVERY: "kubernetes"}, {DISCOVERY: "etcd"}, id="graph wins on discovery"),
        pytest.param({METRICS: "false"}, {}, {METRICS: "false"}, id="metrics of the graph"),
        pytest.param({METRICS: "false"}, {METRICS: "true"}, {METRICS: "true"}, id="service wins on metrics"),
    ],
)
def test_two_annotations_of_the_graph_reach_the_component(of_graph: Any, of_service: Any, expected: Any) -> None:
    assert spec(a_worker(annotations=of_service), annotations=of_graph).get("annotations") == expected


@pytest.mark.rule("W-14", "workloads 5.4 #4", "workloads 12 Env #4")
@pytest.mark.parametrize("value", ["consul", "", "Kubernetes"])
def test_an_unknown_discovery_back_end_is_refused(value: str) -> None:
    with pytest.raises(RenderError) as error:
        spec(a_worker(), annotations={DISCOVERY: value})

    assert error.value.text == f'annotation {DISCOVERY}: unknown discovery backend "{value}"'


@pytest.mark.rule("workloads 4.4 #1", "workloads 5.4 4", "workloads 2.3 envs")
def test_variables_of_graph_and_service_are_joined_and_sorted() -> None:
    service = a_worker(envs=[{"name": "DYN_Z", "value": "s"}, {"name": "B", "value": "s"}])

    found = spec(service, envs=[{"name": "B", "value": "g"}, {"name": "DYNAMO_A", "value": "g"}])["envs"]

    assert found == [
        {"name": "B", "value": "s"},
        {"name": "DYNAMO_A", "value": "g"},
        {"name": "DYN_Z", "value": "s"},
    ]


@pytest.mark.rule("workloads 4.4 #1")
def test_without_variables_in_the_graph_the_services_order_stays() -> None:
    variables = [{"name": "B", "value": "1"}, {"name": "A", "value": "1"}]

    assert spec(a_worker(envs=variables))["envs"] == variables


@pytest.mark.rule("W-10", "workloads 4.5 #1")
@pytest.mark.parametrize(("given", "account"), [({}, "planner-serviceaccount"), ({"serviceAccountName": "me"}, "me")])
def test_a_planner_gets_its_account_unless_it_brings_one(given: dict[str, Any], account: str) -> None:
    service = {"componentType": "planner", "extraPodSpec": {**given, "mainContainer": {"image": "x"}}}

    assert spec(service)["extraPodSpec"] == {"serviceAccountName": account, "mainContainer": {"image": "x"}}


@pytest.mark.rule(
    "workloads 4.6 #1",
    "workloads 4.6 enabled",
    "workloads 4.6 host",
    "workloads 4.6 useVirtualService",
    "workloads 4.6 ingressControllerClassName, tls.secretName, hostSuffix, virtualServiceGateway",
    "workloads 1.4 istio-virtual-service-gateway, ingress-controller-class-name, "
    "ingress-controller-tls-secret-name, ingress-host-suffix",
)
@pytest.mark.parametrize(
    ("platform", "expected"),
    [
        pytest.param(PlatformContext(), {"host": "g"}, id="nothing configured"),
        pytest.param(
            PlatformContext(
                ingress=IngressDefaults(class_name="nginx", tls_secret_name="tls", host_suffix="example.com"),
                istio=Istio(gateway="istio-system/gw"),
            ),
            {
                "enabled": True,
                "host": "g",
                "useVirtualService": True,
                "virtualServiceGateway": "istio-system/gw",
                "ingressControllerClassName": "nginx",
                "hostSuffix": "example.com",
                "tls": {"secretName": "tls"},
            },
            id="everything configured",
        ),
    ],
)
def test_a_frontend_gets_the_installations_ingress(platform: PlatformContext, expected: dict[str, Any]) -> None:
    made = component(a_graph({"F": {"componentType": "frontend"}}), "F", platform)

    assert made["spec"]["ingress"] == expected


@pytest.mark.rule("workloads 4.6 #2")
@pytest.mark.parametrize(
    ("service", "expected"),
    [
        ({"componentType": "frontend", "ingress": {"enabled": True, "host": "x"}}, {"enabled": True, "host": "x"}),
        ({"componentType": "worker"}, None),
    ],
)
def test_an_ingress_of_its_own_or_another_type_gets_no_default(service: dict[str, Any], expected: Any) -> None:
    assert spec(service).get("ingress") == expected


@pytest.mark.rule("workloads 10.11")
def test_reads_the_deployment_configuration_from_the_graphs_variables() -> None:
    text = '{"Frontend":{"port":8080,"ServiceArgs":{"Workers":2,"Resources":{"CPU":"2","GPU":"1"}}}}'
    frontend = {"componentType": "frontend", "resources": {"requests": {"cpu": "1", "memory": "1Gi"}}}
    graph = a_graph(
        {"Frontend": frontend, "W": a_worker(replicas=3)}, envs=[{"name": "DYN_DEPLOYMENT_CONFIG", "value": text}]
    )

    made, other = component(graph, "Frontend")["spec"], component(graph)["spec"]

    assert made["replicas"] == 2
    assert made["resources"] == {
        "requests": {"cpu": "2", "memory": "1Gi", "gpu": "1"},
        "limits": {"cpu": "2", "gpu": "1"},
    }
    assert made["envs"][0]["value"] == (
        '{"Frontend":{"ServiceArgs":{"Resources":{"CPU":"2","GPU":"1"},"Workers":2},"port":8000}}'
    )
    assert (other["replicas"], other["envs"][0]["value"]) == (3, text)
