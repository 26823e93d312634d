"""LeaderWorkerSets of components whose replicas span several nodes."""

from __future__ import annotations

from typing import Any

import pytest

from services.reconciler.desired.leader_worker_sets import leader_worker_sets
from services.reconciler.desired.pod_groups import pod_group
from services.reconciler.desired.problems import RenderError
from shared.core.json import Manifest
from tests.unit.services.reconciler.desired.builders import PLATFORM, a_component

SGLANG = {"command": ["python3", "-m", "dynamo.sglang"], "args": ["--model-path", "m", "--tp-size", "8"]}
IDENTITY = {
    "nvidia.com/dynamo-component": "w",
    "nvidia.com/dynamo-namespace": "llm-g",
    "nvidia.com/dynamo-graph-deployment-name": "g",
}


def made(container: dict[str, Any] | None = None, *, nodes: int = 2, pod: Any = None, **spec: Any) -> list[Manifest]:
    given = {"labels": IDENTITY, "multinode": {"nodeCount": nodes}, **spec}
    return leader_worker_sets(
        a_component(**given, extraPodSpec={**(pod or {}), "mainContainer": container or SGLANG}), PLATFORM
    )


def template_of(found: Manifest, role: str) -> Any:
    return found["spec"]["leaderWorkerTemplate"][f"{role}Template"]


@pytest.mark.rule("workloads 7.4 #1", "W-33")
@pytest.mark.parametrize(
    ("replicas", "names"),
    [
        pytest.param({}, ["g-w-0"], id="one when nobody says how many"),
        pytest.param({"replicas": 1}, ["g-w-0"], id="one"),
        pytest.param({"replicas": 3}, ["g-w-0", "g-w-1", "g-w-2"], id="three"),
        pytest.param({"replicas": 0}, [], id="none"),
    ],
)
def test_there_is_one_set_for_each_replica(replicas: dict[str, Any], names: list[str]) -> None:
    assert [each["metadata"]["name"] for each in made(**replicas)] == names


@pytest.mark.rule(
    "workloads 7.4 labels (2)",
    "workloads 7.4 spec.replicas",
    "workloads 7.4 spec.startupPolicy",
    "workloads 7.4 spec.leaderWorkerTemplate.size",
    "workloads 7.4 not set",
)
def test_each_set_has_one_group_that_starts_with_its_leader() -> None:
    _, found = made(replicas=2, nodes=4)

    assert (found["apiVersion"], found["kind"]) == ("leaderworkerset.x-k8s.io/v1", "LeaderWorkerSet")
    assert found["metadata"] == {"name": "g-w-1", "namespace": "llm", "labels": {**IDENTITY, "instance-id": "1"}}
    assert {key: value for key, value in found["spec"].items() if key != "leaderWorkerTemplate"} == {
        "replicas": 1,
        "startupPolicy": "LeaderCreated",
    }
    assert found["spec"]["leaderWorkerTemplate"]["size"] == 4
    assert set(found["spec"]["leaderWorkerTemplate"]) == {"size", "leaderTemplate", "workerTemplate"}


@pytest.mark.rule(
    "workloads 7.4 leaderTemplate / workerTemplate",
    "workloads 7.4 #2",
    "workloads 10.5",
    "workloads 1.1 LWS scheduler name",
    "workloads 1.2 instance-id, role",
)
@pytest.mark.parametrize("role", ["leader", "worker"])
def test_pods_carry_their_role_and_instance_and_are_scheduled_with_their_group(role: str) -> None:
    template = template_of(made(replicas=2)[1], role)

    assert template["metadata"] == {
        "labels": {
            **IDENTITY,
            "nvidia.com/dynamo-component-type": "worker",
            "nvidia.com/metrics-enabled": "true",
            "instance-id": "1",
            "role": role,
        },
        "annotations": {"scheduling.k8s.io/group-name": "g-w-1"},
    }
    assert template["spec"]["schedulerName"] == "volcano"


@pytest.mark.rule("workloads 7.4 #2")
def test_the_component_s_own_labels_beat_those_for_pods_and_volcano_the_user_s_scheduler() -> None:
    [found] = made(
        labels={**IDENTITY, "team": "a"},
        extraPodMetadata={
            "labels": {"team": "b", "role": "x", "instance-id": "9", "own": "1"},
            "annotations": {"note": "1", "scheduling.k8s.io/group-name": "x"},
        },
        pod={"schedulerName": "mine"},
    )

    template = template_of(found, "worker")

    pod_labels = template["metadata"]["labels"]
    assert {key: pod_labels[key] for key in ("team", "role", "instance-id", "own")} == {
        "team": "a",
        "role": "worker",
        "instance-id": "0",
        "own": "1",
    }
    assert template["metadata"]["annotations"] == {"note": "1", "scheduling.k8s.io/group-name": "g-w-0"}
    assert template["spec"]["schedulerName"] == "volcano"


@pytest.mark.rule(
    "workloads 7.4 labels", "workloads 7.4 spec.minMember", "workloads 10.5", "workloads 1.2 instance-id, role"
)
def test_a_group_needs_all_nodes_of_its_instance() -> None:
    component = a_component(labels=IDENTITY, multinode={"nodeCount": 3})

    assert pod_group(component, 1) == {
        "apiVersion": "scheduling.volcano.sh/v1beta1",
        "kind": "PodGroup",
        "metadata": {"name": "g-w-1", "namespace": "llm", "labels": {**IDENTITY, "instance-id": "1"}},
        "spec": {"minMember": 3},
    }


@pytest.mark.rule("workloads 7.4 #3", "workloads 12 LWS #6", "workloads 12 LWS #7", "W-32")
@pytest.mark.parametrize(
    ("container", "said"),
    [
        pytest.param({**SGLANG, "name": "other"}, "main container not found in pod spec", id="another name"),
        pytest.param({"command": ["sleep"]}, "container Args cannot be empty for LWS pod", id="no arguments"),
    ],
)
@pytest.mark.parametrize("replicas", [0, 1])
def test_what_no_group_can_start_is_refused(container: dict[str, Any], said: str, replicas: int) -> None:
    with pytest.raises(RenderError) as error:
        made(container, componentType="", replicas=replicas)

    assert (error.value.text, error.value.code) == (said, "NotALeaderWorkerSet")


@pytest.mark.rule("W-32")
@pytest.mark.parametrize(
    "resources",
    [
        pytest.param({}, id="none"),
        pytest.param({"claims": [{"name": "gpus"}]}, id="claims"),
        pytest.param({"limits": {"custom": {"amd.com/gpu": "4"}}}, id="another vendor's"),
    ],
)
def test_pods_need_no_limit_of_gpus(resources: dict[str, Any]) -> None:
    assert len(made(resources=resources)) == 1
