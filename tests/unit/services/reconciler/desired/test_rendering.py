"""A whole graph: the worked examples, the golden files, and what holds for every graph."""

from __future__ import annotations

import copy
import re
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.reconciler.desired.rendering import render, rendering, without_nulls
from shared.core.json import canonical
from tests.unit.services.reconciler.desired.builders import (
    NAMESPACE,
    PLATFORM,
    a_graph,
    a_service,
    a_worker,
    children_of,
    environment_of,
)

NAME = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?")
LABEL = re.compile(r"([A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?)?")


@pytest.mark.rule("workloads 10.1")
def test_aggregated_vllm_on_one_node() -> None:
    vllm = {"image": "reg/vllm:1", "command": ["python3", "-m", "dynamo.vllm"], "args": ["--model", "Qwen/Qwen3-0.6B"]}
    worker = a_service("worker", vllm, replicas=1, resources={"limits": {"gpu": "1"}}, envFromSecret="hf-token-secret")
    graph = a_graph(
        {"Frontend": a_service("frontend", {"image": "reg/vllm:1"}, replicas=1), "VllmDecodeWorker": worker},
        name="vllm-agg",
    )

    found = children_of(graph)

    name = "vllm-agg-vllmdecodeworker"
    assert sorted(found) == [
        (kind, each)
        for kind in ("Deployment", "DynamoComponentDeployment", "Service")
        for each in ("vllm-agg-frontend", name)
    ]
    pod = found["Deployment", name]["spec"]["template"]["spec"]
    assert pod == {
        "restartPolicy": "Always",
        "terminationGracePeriodSeconds": 60,
        "securityContext": {"fsGroup": 1000},
        "serviceAccountName": "vllm-agg-k8s-service-discovery",
        "volumes": [{"name": "shared-memory", "emptyDir": {"medium": "Memory", "sizeLimit": "8Gi"}}],
        "containers": [
            {
                **vllm,
                "name": "main",
                "ports": [{"name": "system", "containerPort": 9090, "protocol": "TCP"}],
                "envFrom": [{"secretRef": {"name": "hf-token-secret"}}],
                "env": pod["containers"][0]["env"],
                "resources": {"limits": {"nvidia.com/gpu": "1"}},
                "volumeMounts": [{"name": "shared-memory", "mountPath": "/dev/shm"}],
                "livenessProbe": {
                    "httpGet": {"path": "/live", "port": "system"},
                    "periodSeconds": 5,
                    "timeoutSeconds": 4,
                    "failureThreshold": 1,
                },
                "readinessProbe": {
                    "httpGet": {"path": "/health", "port": "system"},
                    "periodSeconds": 10,
                    "timeoutSeconds": 4,
                    "failureThreshold": 3,
                },
                "startupProbe": {
                    "httpGet": {"path": "/live", "port": "system"},
                    "periodSeconds": 10,
                    "timeoutSeconds": 5,
                    "failureThreshold": 720,
                },
            }
        ],
    }
    assert environment_of(pod["containers"][0]) == {
        "DYN_COMPONENT": "worker",
        "DYN_DISCOVERY_BACKEND": "kubernetes",
        "DYN_HEALTH_CHECK_ENABLED": "false",
        "DYN_NAMESPACE": "llm-vllm-agg",
        "DYN_PARENT_DGD_K8S_NAME": "vllm-agg",
        "DYN_PARENT_DGD_K8S_NAMESPACE": "llm",
        "DYN_SYSTEM_ENABLED": "true",
        "DYN_SYSTEM_PORT": "9090",
        "DYN_SYSTEM_USE_ENDPOINT_HEALTH_STATUS": '["generate"]',
        "ETCD_ENDPOINTS": "http://etcd.dynamo-system:2379",
        "NATS_SERVER": "nats://nats.dynamo-system:4222",
        "POD_NAME": {"fieldRef": {"fieldPath": "metadata.name"}},
        "POD_NAMESPACE": {"fieldRef": {"fieldPath": "metadata.namespace"}},
        "POD_UID": {"fieldRef": {"fieldPath": "metadata.uid"}},
    }
    frontend = found["Deployment", "vllm-agg-frontend"]["spec"]["template"]["spec"]["containers"][0]
    assert [entry["name"] for entry in frontend["env"]] == [
        "DYNAMO_PORT",
        "DYN_COMPONENT",
        "DYN_DISCOVERY_BACKEND",
        "DYN_HTTP_PORT",
        "DYN_NAMESPACE",
        "DYN_PARENT_DGD_K8S_NAME",
        "DYN_PARENT_DGD_K8S_NAMESPACE",
        "ETCD_ENDPOINTS",
        "NATS_SERVER",
        "POD_NAME",
        "POD_NAMESPACE",
        "POD_UID",
    ]


@pytest.mark.rule("workloads 10.8")
def test_a_planner_with_a_profile() -> None:
    profile = {"name": "planner-profile-data", "configMap": {"name": "planner-profile-data"}}
    mount = {"name": "planner-profile-data", "mountPath": "/p"}
    planner = a_service(
        "planner",
        {"command": ["python3", "-m", "planner_sla"], "args": ["--environment=kubernetes"], "volumeMounts": [mount]},
        replicas=1,
        extraPodSpec={"volumes": [profile], "serviceAccountName": "mine"},
    )

    pod = children_of(a_graph({"Planner": planner}, name="p"))["Deployment", "p-planner"]["spec"]["template"]["spec"]

    container = pod["containers"][0]
    assert pod["serviceAccountName"] == "mine"  # W-10
    assert [volume["name"] for volume in pod["volumes"]] == ["planner-profile-data", "shared-memory"]
    assert [each["name"] for each in container["volumeMounts"]] == ["planner-profile-data", "shared-memory"]
    assert container["ports"] == [{"name": "metrics", "containerPort": 9085, "protocol": "TCP"}]
    assert environment_of(container)["PLANNER_PROMETHEUS_PORT"] == "9085"
    assert not [key for key in container if key.endswith("Probe")]


@pytest.mark.rule("workloads 10.10")
def test_a_model_reference_with_a_compilation_cache() -> None:
    worker = a_service(
        "worker",
        {"command": ["python3", "-m", "dynamo.vllm"]},
        modelRef={"name": "Qwen/Qwen3-0.6B"},
        volumeMounts=[{"name": "cache", "useAsCompilationCache": True}],
    )

    pod = children_of(a_graph({"W": worker}, name="m"))["Deployment", "m-w"]["spec"]["template"]["spec"]

    assert pod["volumes"][0] == {"name": "cache", "persistentVolumeClaim": {"claimName": "cache"}}
    assert pod["containers"][0]["volumeMounts"][0] == {"name": "cache", "mountPath": "/root/.cache/vllm"}
    assert environment_of(pod["containers"][0])["VLLM_CACHE_ROOT"] == "/root/.cache/vllm"


@pytest.mark.rule("workloads 3.4")
def test_problems_and_warnings_come_with_the_objects_that_could_be_made() -> None:
    graph = a_graph(
        {
            "bad": a_worker(resources={"limits": {"cpu": "x"}}),
            "big": a_worker(multinode={"nodeCount": 2}),
            "ok": a_worker(extraPodMetadata={"labels": {"nvidia.com/selector": "x"}}),
        }
    )

    found = rendering(graph, PLATFORM)

    assert [(each["kind"], each["metadata"]["name"]) for each in found.manifests] == [
        ("DynamoComponentDeployment", "g-bad"),
        ("DynamoComponentDeployment", "g-ok"),
        ("Deployment", "g-ok"),
        ("Service", "g-ok"),
    ]
    assert [problem.code for problem in found.problems] == ["NoMultinodeOrchestrator", "QuantityInvalid"]
    assert len(found.warnings) == 1


def test_members_that_are_null_are_not_there() -> None:
    assert without_nulls({"a": None, "b": [{"c": None, "d": 1}], "e": {"f": None}}) == {"b": [{"d": 1}], "e": {}}


def test_a_graph_from_a_file_may_hold_nulls() -> None:
    graph = a_graph({"w": {"componentType": "worker", "resources": None, "extraPodSpec": {"mainContainer": None}}})

    assert len(render(graph, PLATFORM)) == 3


NAMES = st.from_regex(r"[a-z]([-a-z0-9]{0,10}[a-z0-9])?", fullmatch=True)
SERVICE_NAMES = st.from_regex(r"[A-Za-z]([-A-Za-z0-9]{0,10}[A-Za-z0-9])?", fullmatch=True)
TEXTS = st.dictionaries(st.sampled_from(["a", "b", "nvidia.com/selector"]), st.sampled_from(["1", "x-y", ""]))
VARIABLES = st.lists(
    st.fixed_dictionaries({"name": st.sampled_from("ABC"), "value": st.sampled_from(["1", "$(A)", "$(C)"])}), max_size=3
)
SERVICES = st.fixed_dictionaries(
    {"componentType": st.sampled_from(["frontend", "worker", "prefill", "decode", "planner", "gateway", ""])},
    optional={
        "replicas": st.integers(0, 9),
        "envs": VARIABLES,
        "labels": TEXTS,
        "annotations": st.just({"nvidia.com/enable-metrics": "false"}),
        "globalDynamoNamespace": st.booleans(),
        "resources": st.just({"requests": {"gpu": "1"}, "limits": {"gpu": "1", "memory": "1024Mi"}}),
        "sharedMemory": st.sampled_from([{"disabled": True}, {"size": "1Gi"}]),
        "extraPodMetadata": st.fixed_dictionaries({"labels": TEXTS}),
        "extraPodSpec": st.sampled_from(
            [{"tolerations": [{"operator": "Exists"}]}, {"mainContainer": {"ports": [{"containerPort": 1}]}}]
        ),
        "volumeMounts": st.just([{"name": "v", "mountPoint": "/v"}, {"name": "v", "mountPoint": "/w"}]),
        "modelRef": st.just({"name": "m"}),
    },
)
GRAPHS = st.builds(
    lambda services, name, variables: a_graph(services, name=name, envs=variables),
    st.dictionaries(SERVICE_NAMES, SERVICES, min_size=1, max_size=4).filter(
        lambda found: len({name.lower() for name in found}) == len(found)
    ),
    NAMES,
    VARIABLES,
)


def shuffled(value: Any, random: Any) -> Any:
    """Return the same document with the keys of every object in another order."""
    if isinstance(value, dict):
        keys = list(value)
        random.shuffle(keys)
        return {key: shuffled(value[key], random) for key in keys}
    return [shuffled(item, random) for item in value] if isinstance(value, list) else value


@pytest.mark.rule("W-59", "W-41")
@settings(max_examples=40)
@given(GRAPHS, st.randoms(use_true_random=False))
def test_depends_on_neither_the_order_of_keys_nor_changes_its_input(graph: dict[str, Any], random: Any) -> None:
    before = copy.deepcopy(graph)

    first, second = render(graph, PLATFORM), render(shuffled(graph, random), PLATFORM)

    assert canonical(first) == canonical(second)
    assert graph == before


@settings(max_examples=40)
@given(GRAPHS)
def test_every_valid_graph_renders_three_objects_for_each_service(graph: dict[str, Any]) -> None:
    found = rendering(graph, PLATFORM)

    assert found.problems == ()
    assert len(found.manifests) == 3 * len(graph["spec"]["services"])


@settings(max_examples=40)
@given(GRAPHS)
def test_names_and_labels_are_valid(graph: dict[str, Any]) -> None:
    metadata = [manifest["metadata"] for manifest in render(graph, PLATFORM)]

    assert {each["namespace"] for each in metadata} == {NAMESPACE}
    assert all(NAME.fullmatch(each["name"]) for each in metadata)
    assert all(LABEL.fullmatch(value) for each in metadata for value in each["labels"].values())


@settings(max_examples=40)
@given(GRAPHS)
def test_deployment_and_service_select_exactly_the_pods_of_their_component(graph: dict[str, Any]) -> None:
    found = render(graph, PLATFORM)
    pods = {
        each["metadata"]["name"]: each["spec"]["template"]["metadata"]["labels"]
        for each in found
        if each["kind"] == "Deployment"
    }
    selectors = [
        (each["metadata"]["name"], each["spec"]["selector"].get("matchLabels", each["spec"]["selector"]))
        for each in found
        if each["kind"] in ("Deployment", "Service")
    ]

    selected = [
        (name, {pod for pod, labels in pods.items() if labels.items() >= selector.items()})
        for name, selector in selectors
    ]

    assert selected == [(name, {name}) for name, _ in selectors]
