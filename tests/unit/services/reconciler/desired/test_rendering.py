"""A whole graph: the worked examples. What holds for every graph is in `test_properties.py`."""

from __future__ import annotations

import pytest

from services.reconciler.desired.rendering import render, rendering, without_nulls
from tests.unit.services.reconciler.desired.builders import (
    PLATFORM,
    a_graph,
    a_service,
    a_worker,
    children_of,
    environment_of,
)


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
            "strange": a_worker(envs=[{"name": "DYN_DEPLOYMENT_CONFIG", "value": "[]"}]),
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
    assert [problem.code for problem in found.problems] == ["DeploymentConfigInvalid", "QuantityInvalid"]
    assert len(found.warnings) == 1


def test_members_that_are_null_are_not_there() -> None:
    assert without_nulls({"a": None, "b": [{"c": None, "d": 1}], "e": {"f": None}}) == {"b": [{"d": 1}], "e": {}}


def test_a_graph_from_a_file_may_hold_nulls() -> None:
    graph = a_graph({"w": {"componentType": "worker", "resources": None, "extraPodSpec": {"mainContainer": None}}})

    assert len(render(graph, PLATFORM)) == 3
