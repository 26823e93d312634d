"""The cliques of a service: names, replicas, labels, annotations, pods."""

from __future__ import annotations

import pytest

from shared.api.validation.names import MAX_GROVE_NAME
from shared.core import labels
from tests.unit.services.reconciler.desired.builders import a_service, a_worker, environment_of
from tests.unit.services.reconciler.desired.grove.builders import (
    GROVE,
    Manifest,
    a_wide_service,
    an_engine,
    cliques,
    made,
    main_of,
)


@pytest.mark.rule("workloads 8.2 single node", "workloads 8.2 #1")
def test_a_service_on_one_node_is_one_clique() -> None:
    found = cliques({"Web": a_worker(replicas=3)})["web"]

    assert found["spec"] | {"podSpec": ...} == {
        "roleName": "web",
        "replicas": 3,
        "minAvailable": 1,
        "podSpec": ...,
    }


@pytest.mark.rule("workloads 8.2 n nodes", "W-42")
def test_a_service_on_several_nodes_is_a_leader_and_workers_all_or_none() -> None:
    found = cliques({"Big": a_wide_service(nodes=4, replicas=2)})

    counts = {name: (each["spec"]["replicas"], each["spec"]["minAvailable"]) for name, each in found.items()}
    assert counts == {"big-ldr": (1, 1), "big-wkr": (3, 3)}


@pytest.mark.rule("W-12", "W-45", "workloads 4.8 #1")
@pytest.mark.parametrize(("fields", "replicas"), [({}, 1), ({"replicas": 0}, 1), ({"replicas": 2}, 2)])
def test_a_clique_begins_with_one_replica_at_least(fields: Manifest, replicas: int) -> None:
    assert cliques({"w": a_worker(**fields)})["w"]["spec"]["replicas"] == replicas


@pytest.mark.rule("workloads 8.2 #2", "workloads 5.10 labels")
def test_computed_labels_are_on_the_clique() -> None:
    service = a_worker(subComponentType="decode", modelRef={"name": "test-model"}, labels={"mine": "1"})

    assert cliques({"Web": service})["web"]["labels"] == {
        "mine": "1",
        "nvidia.com/selector": "g-web",
        "nvidia.com/dynamo-graph-deployment-name": "g",
        "nvidia.com/dynamo-component": "Web",
        "nvidia.com/dynamo-component-type": "worker",
        "nvidia.com/dynamo-sub-component-type": "decode",
        "nvidia.com/dynamo-namespace": "llm-g",
        "nvidia.com/dynamo-base-model-hash": "61f401bc",
        "nvidia.com/metrics-enabled": "true",
    }


@pytest.mark.rule("W-08", "W-21")
def test_labels_that_others_select_by_keep_their_computed_value() -> None:
    asked = {"nvidia.com/selector": "x", "free": "y"}

    found = made({"w": a_worker(labels={labels.COMPONENT: "x"}, extraPodMetadata={"labels": asked})})

    own = found.manifests[0]["spec"]["template"]["cliques"][0]["labels"]
    assert (own["nvidia.com/selector"], own[labels.COMPONENT], own["free"]) == ("g-w", "w", "y")
    assert [(each.code, "nvidia.com/selector" in each.text) for each in found.cautions] == [("SettingIgnored", True)]


@pytest.mark.rule("W-43", "workloads 8.2 #2")
@pytest.mark.parametrize(
    ("of_graph", "of_service", "is_measured"),
    [(None, None, True), ("false", None, False), ("false", "true", True), (None, "false", False)],
)
def test_a_services_word_on_metrics_counts_before_the_graphs(
    of_graph: str | None, of_service: str | None, is_measured: bool
) -> None:
    service = a_worker(annotations={labels.ENABLE_METRICS: of_service} if of_service else {})
    annotations = {labels.ENABLE_METRICS: of_graph} if of_graph else {}

    found = cliques({"w": service}, annotations=annotations)["w"]["labels"]

    assert (found.get(labels.METRICS_ENABLED) == "true") is is_measured


@pytest.mark.rule("workloads 5.10 annotations", "workloads 8.2 #2")
def test_annotations_of_pods_are_the_services_the_back_end_and_what_is_asked_for_on_pods() -> None:
    service = a_worker(annotations={"a": "1", "b": "1"}, extraPodMetadata={"annotations": {"b": "2"}})

    found = cliques({"w": service}, annotations={labels.DISCOVERY_BACKEND: "etcd", labels.ENABLE_METRICS: "true"})

    assert found["w"]["annotations"] == {"a": "1", "b": "2", labels.DISCOVERY_BACKEND: "etcd"}


@pytest.mark.rule("workloads 5.9 4")
def test_without_discovery_by_kubernetes_no_account_is_named() -> None:
    found = cliques({"w": a_worker()}, annotations={labels.DISCOVERY_BACKEND: "etcd"})

    assert "serviceAccountName" not in found["w"]["spec"]["podSpec"]


@pytest.mark.rule("workloads 1.3 nvidia.com/enable-debug-mode")
def test_no_debugger_joins_the_pods_of_a_clique() -> None:
    found = cliques({"w": a_worker(annotations={"nvidia.com/enable-debug-mode": "true"})})["w"]

    assert [each["name"] for each in found["spec"]["podSpec"]["containers"]] == ["main"]
    assert found["annotations"]["nvidia.com/enable-debug-mode"] == "true"


@pytest.mark.rule("W-36")
def test_leaders_and_workers_are_told_apart_by_a_label() -> None:
    found = cliques({"big": a_wide_service(), "w": a_worker()})

    roles = {name: each["labels"].get("role") for name, each in found.items()}
    assert roles == {"big-ldr": "leader", "big-wkr": "worker", "w": None}


@pytest.mark.rule("workloads 10.3")
def test_tensor_parallel_over_two_nodes_starts_ray() -> None:
    service = a_service(
        "worker",
        an_engine("vllm", "--tensor-parallel-size", "16"),
        replicas=3,
        multinode={"nodeCount": 2},
        resources={"limits": {"gpu": "8"}},
    )

    found = cliques({"decode": service}, name="big")

    leader, worker = main_of(found["decode-ldr"]), main_of(found["decode-wkr"])
    head = "$(GROVE_PCSG_NAME)-$(GROVE_PCSG_INDEX)-decode-ldr-0.$(GROVE_HEADLESS_SERVICE)"
    assert leader["command"] == ["/bin/sh", "-c"]
    assert leader["args"][0].startswith("ray start --head --port=6379 && ")
    assert "livenessProbe" in leader
    assert worker["args"] == [f"ray start --address={head}:6379 --block"]
    assert [key for key in worker if key.endswith("Probe")] == []


@pytest.mark.rule("workloads 10.8", "W-10")
@pytest.mark.parametrize(("given", "used"), [({}, "planner-serviceaccount"), ({"serviceAccountName": "mine"}, "mine")])
def test_a_planners_own_account_wins(given: Manifest, used: str) -> None:
    found = cliques({"Planner": a_service("planner", extraPodSpec=given)}, name="p")["planner"]

    assert found["spec"]["podSpec"]["serviceAccountName"] == used
    assert environment_of(main_of(found))["DYN_COMPONENT"] == "planner"


@pytest.mark.rule("W-11", "workloads 10.11", "workloads 12 Config #1")
def test_the_deployment_configuration_counts_here_too() -> None:
    text = '{"w":{"ServiceArgs":{"Workers":4,"Resources":{"GPU":"2"}}}}'
    service = a_worker(envs=[{"name": "DYN_DEPLOYMENT_CONFIG", "value": text}])

    found = cliques({"w": service})["w"]

    assert found["spec"]["replicas"] == 4
    assert main_of(found)["resources"]["limits"] == {"nvidia.com/gpu": "2"}


# What cannot be made


@pytest.mark.rule("workloads 3.1 9 Grove", "workloads 6.1 #3")
def test_an_unclear_engine_is_told_with_the_service() -> None:
    service = a_service("worker", {"command": ["python3 -m dynamo.vllm"], "args": []})

    found = made({"Worker": service, "w": a_worker()}, backendFramework="sglang")

    assert [(each.subject, each.text) for each in found.problems] == [
        (
            "service Worker",
            "failed to reconcile the Grove PodClique Set: failed to generate the Grove GangSet: "
            "failed to determine backend framework for service Worker: backend framework mismatch: "
            'detected "vllm" from command but explicitly configured as "sglang"',
        )
    ]
    assert found.manifests == ()


@pytest.mark.rule("workloads 3.1 9 Grove", "workloads 6.1 #3")
@pytest.mark.parametrize(
    ("service", "role"), [(a_worker(), "Worker"), (a_wide_service(), "Worker-ldr")], ids=["one node", "several"]
)
def test_another_error_is_told_with_the_role(service: Manifest, role: str) -> None:
    bad = {**service, "resources": {"limits": {"cpu": "x"}}}

    found = made({"Worker": bad})

    assert found.problems[0].text.startswith(
        "failed to reconcile the Grove PodClique Set: failed to generate the Grove GangSet: "
        f"failed to generate podSpec for role {role}: "
    )


@pytest.mark.rule("W-46", "workloads 8.5 name length: set + clique ≤ 45, set + group + clique ≤ 45 characters")
@pytest.mark.parametrize(("graph", "service", "nodes"), [(20, 26, 1), (22, 10, 2)])
def test_names_that_grove_would_refuse_are_refused_with_their_length(graph: int, service: int, nodes: int) -> None:
    found = made({"s" * service: a_wide_service(nodes=nodes)}, name="g" * graph)

    assert [each.code for each in found.problems] == ["NameTooLong"]
    assert f"combined resource name length 46 exceeds {MAX_GROVE_NAME}-character limit" in found.problems[0].text


@pytest.mark.rule("W-46")
@pytest.mark.parametrize(("graph", "service", "nodes"), [(20, 25, 1), (21, 10, 2)])
def test_names_may_be_as_long_as_grove_allows(graph: int, service: int, nodes: int) -> None:
    assert made({"s" * service: a_wide_service(nodes=nodes)}, name="g" * graph).problems == ()


@pytest.mark.rule("OB-05")
def test_services_that_differ_in_case_alone_make_no_set() -> None:
    found = made({"W": a_worker(), "w": a_worker()}, platform=GROVE)

    assert found.manifests == ()
    assert {each.code for each in found.problems} == {"ServiceNamesCollide"}
