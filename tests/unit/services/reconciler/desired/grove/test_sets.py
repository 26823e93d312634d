"""The set of cliques of a graph, and the order in which it starts."""

from __future__ import annotations

from datetime import timedelta

import pytest

from services.reconciler.desired.grove.sets import duration
from shared.api.platform import Grove
from tests.unit.services.reconciler.desired.builders import a_service, a_worker
from tests.unit.services.reconciler.desired.grove.builders import (
    GROVE,
    Manifest,
    a_wide_service,
    cliques,
    objects,
    template,
)


@pytest.mark.rule("workloads 8.1 #1", "workloads 8.1 spec.replicas")
def test_the_set_has_the_graphs_name_and_owner_and_one_replica() -> None:
    found = objects({"w": a_worker()})["PodCliqueSet", "g"]

    assert found["metadata"] == {
        "name": "g",
        "namespace": "llm",
        "ownerReferences": [
            {
                "apiVersion": "nvidia.com/v1alpha1",
                "kind": "DynamoGraphDeployment",
                "name": "g",
                "uid": "graph-uid",
                "controller": True,
                "blockOwnerDeletion": True,
            }
        ],
    }
    assert found["spec"]["replicas"] == 1


@pytest.mark.rule("workloads 8.1 spec.template.headlessServiceConfig.publishNotReadyAddresses")
def test_names_of_pods_resolve_before_they_are_ready() -> None:
    assert template({"w": a_worker()})["headlessServiceConfig"] == {"publishNotReadyAddresses": True}


@pytest.mark.rule("workloads 8.1 spec.template.cliqueStartupType", "workloads 8.3 #1")
@pytest.mark.parametrize(
    ("services", "order"),
    [
        pytest.param({"w": a_worker()}, "CliqueStartupTypeAnyOrder", id="one node"),
        pytest.param({"w": a_wide_service(engine="vllm")}, "CliqueStartupTypeAnyOrder", id="vllm"),
        pytest.param({"w": a_wide_service(engine="sglang")}, "CliqueStartupTypeAnyOrder", id="sglang"),
        pytest.param(
            {"w": a_wide_service(engine="trtllm"), "x": a_worker()}, "CliqueStartupTypeExplicit", id="one of trtllm"
        ),
    ],
)
def test_the_order_of_starting_is_explicit_as_soon_as_one_clique_waits(services: Manifest, order: str) -> None:
    assert template(services)["cliqueStartupType"] == order


@pytest.mark.rule("workloads 8.3 #1")
def test_a_leader_of_tensorrt_llm_starts_after_its_workers_and_nothing_else_waits() -> None:
    found = cliques({"Big": a_wide_service(engine="trtllm"), "v": a_wide_service(), "w": a_worker()})

    assert {name: each["spec"].get("startsAfter") for name, each in found.items()} == {
        "big-ldr": ["big-wkr"],
        "big-wkr": None,
        "v-ldr": None,
        "v-wkr": None,
        "w": None,
    }


@pytest.mark.rule(
    "W-41",
    "workloads 8.1 spec.template.cliques[]",
    "workloads 8.5 clique order immutable while Explicit",
    "workloads 8.5 minAvailable, roleName, startsAfter, cliqueStartupType, set of cliques, set of scaling groups and a "
    "group's cliqueNames (ordered) are immutable",
)
def test_cliques_and_groups_stand_in_the_order_of_their_services() -> None:
    services = {"b": a_wide_service(), "C": a_worker(), "a": a_wide_service(engine="trtllm")}

    found, again = template(services), template(dict(reversed(services.items())))

    assert [each["name"] for each in found["cliques"]] == ["c", "a-ldr", "a-wkr", "b-ldr", "b-wkr"]
    assert [each["name"] for each in found["podCliqueScalingGroups"]] == ["a", "b"]
    assert found == again


@pytest.mark.rule("workloads 8.1 spec.template.podCliqueScalingGroups[]")
@pytest.mark.parametrize(
    ("fields", "replicas"),
    [({"replicas": 3}, {"replicas": 3}), ({}, {}), ({"replicas": 0}, {"replicas": 1})],
    ids=["as the service says", "Grove's own default", "none begin as one"],
)
def test_a_service_on_several_nodes_is_a_scaling_group(fields: Manifest, replicas: Manifest) -> None:
    found = template({"Decode": a_wide_service(**fields), "w": a_worker()})

    assert found["podCliqueScalingGroups"] == [
        {"name": "decode", "cliqueNames": ["decode-ldr", "decode-wkr"], "minAvailable": 1, **replicas}
    ]


@pytest.mark.rule("workloads 8.1 spec.template.podCliqueScalingGroups[]")
def test_without_such_a_service_there_is_no_scaling_group() -> None:
    assert "podCliqueScalingGroups" not in template({"w": a_worker()})


@pytest.mark.rule("workloads 1.1 Grove termination delay default", "workloads 8.1 spec.template.terminationDelay")
def test_a_gang_that_lacks_members_is_ended_after_a_quarter_of_an_hour() -> None:
    assert template({"w": a_worker()})["terminationDelay"] == "15m0s"


@pytest.mark.rule("workloads 1.4 grove-termination-delay", "workloads 8.1 spec.template.terminationDelay")
@pytest.mark.parametrize("seconds", [0, -1])
def test_without_a_delay_none_is_set(seconds: int) -> None:
    platform = GROVE.model_copy(update={"grove": Grove(termination_delay=timedelta(seconds=seconds))})

    assert "terminationDelay" not in template({"w": a_worker()}, platform=platform)


@pytest.mark.parametrize(
    ("given", "written"),
    [(45, "45s"), (60, "1m0s"), (90, "1m30s"), (3600, "1h0m0s"), (86461, "24h1m1s")],
)
def test_durations_are_written_as_the_api_writes_them(given: int, written: str) -> None:
    assert duration(timedelta(seconds=given)) == written


@pytest.mark.rule(
    "workloads 8.5 topologySpreadConstraints and nodeName must be unset on create; "
    "restartPolicy is ignored with a warning"
)
def test_what_grove_refuses_in_a_pod_is_passed_on_for_grove_to_say_so() -> None:
    service = a_service("worker", extraPodSpec={"nodeName": "n", "restartPolicy": "Never"})

    found = cliques({"w": service})["w"]["spec"]["podSpec"]

    assert (found["nodeName"], found["restartPolicy"]) == ("n", "Never")
