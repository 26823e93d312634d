"""What enters the log: everything a decision needs, and nothing that anybody could want to hide."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.reconciler.status.graphs import component_state
from services.reconciler.status.pods import pod_blockers
from services.reconciler.status.workloads import workload
from shared.contracts.keys import keys
from shared.contracts.summaries import ALLOWED, EACH, Leaf, Tree, summary
from shared.contracts.watched import WATCHED, gpus_requested, is_of_interest
from shared.core import labels
from shared.core.json import Manifest
from shared.core.resources import (
    ADD_ONS,
    COMPONENTS,
    CONFIG_MAPS,
    DEPLOYMENTS,
    GRAPHS,
    INGRESSES,
    KNOWN,
    LEADER_WORKER_SETS,
    MODELS,
    POD_CLIQUE_SCALING_GROUPS,
    POD_CLIQUE_SETS,
    POD_CLIQUES,
    POD_GROUPS,
    PODS,
    QUEUES,
    REQUESTS,
    SECRETS,
    SERVICE_ACCOUNTS,
    VIRTUAL_SERVICES,
    VOLUME_CLAIMS,
    Resource,
)

CANARY = "canary-7f3a"
CONTAINER = {
    "name": "main",
    "image": "app:1",
    "args": [CANARY],
    "command": [CANARY],
    "env": [{"name": "TOKEN", "value": CANARY}],
    "envFrom": [{"secretRef": {"name": CANARY}}],
    "livenessProbe": {"exec": {"command": [CANARY]}, "httpGet": {"httpHeaders": [{"name": "a", "value": CANARY}]}},
    "lifecycle": {"preStop": {"exec": {"command": [CANARY]}}},
    "resources": {"limits": {"nvidia.com/gpu": "1"}},
}
REFUSAL = f'Pod "x" is invalid: spec.containers[0].env[0].name: Invalid value: "TOKEN={CANARY}": a name has no ='
COMPONENT = {
    "componentType": "worker",
    "replicas": 1,
    "envs": [{"name": "TOKEN", "value": CANARY}],
    "envFromSecret": CANARY,
    "annotations": {"a": CANARY},
    "extraPodMetadata": {"annotations": {"a": CANARY}},
    "extraPodSpec": {"mainContainer": CONTAINER, "initContainers": [CONTAINER], "volumes": [{"name": CANARY}]},
    "livenessProbe": {"exec": {"command": [CANARY]}},
    "frontendSidecar": {"args": [CANARY]},
}
PLANTED: dict[Resource, dict[str, Any]] = {
    GRAPHS: {"spec": {"services": {"w": COMPONENT}, "envs": [{"name": "TOKEN", "value": CANARY}]}},
    COMPONENTS: {"spec": {"serviceName": "w", **COMPONENT}},
    REQUESTS: {"spec": {"model": CANARY, "profilingConfig": {"config": {"token": CANARY}}}, "status": {"x": CANARY}},
    MODELS: {"spec": {"modelName": "m", "source": {"uri": f"s3://{CANARY}"}}},
    DEPLOYMENTS: {"spec": {"replicas": 1, "template": {"spec": {"containers": [CONTAINER]}}}},
    PODS: {"spec": {"containers": [CONTAINER], "initContainers": [CONTAINER], "volumes": [{"name": CANARY}]}},
    LEADER_WORKER_SETS: {
        "spec": {
            "replicas": 1,
            "leaderWorkerTemplate": {
                "size": 2,
                "leaderTemplate": {"spec": {"containers": [CONTAINER]}},
                "workerTemplate": {"spec": {"containers": [CONTAINER]}},
            },
        }
    },
    POD_GROUPS: {"spec": {"minMember": 2, "priorityClassName": CANARY}},
    POD_CLIQUE_SETS: {
        "spec": {"replicas": 1, "template": {"cliques": [{"spec": {"podSpec": {"containers": [CONTAINER]}}}]}},
        "status": {"lastErrors": [{"code": "ERR_SYNC", "description": REFUSAL}]},
    },
    POD_CLIQUES: {
        "spec": {"replicas": 1, "podSpec": {"containers": [CONTAINER]}},
        "status": {"lastErrors": [{"code": "ERR_CREATE", "description": REFUSAL}]},
    },
    POD_CLIQUE_SCALING_GROUPS: {"spec": {"replicas": 1, "unknown": CANARY}},
    QUEUES: {"spec": {"displayName": CANARY}, "status": {"allocated": {"gpu": CANARY}}},
    VOLUME_CLAIMS: {"spec": {"accessModes": ["ReadWriteMany"], "dataSource": {"name": CANARY}}},
    INGRESSES: {"spec": {"rules": [{"host": CANARY}], "tls": [{"secretName": CANARY}]}},
    VIRTUAL_SERVICES: {"spec": {"hosts": [CANARY], "http": [{"headers": {"request": {"set": {"a": CANARY}}}}]}},
    SECRETS: {"data": {"a": CANARY}, "stringData": {"a": CANARY}},
    CONFIG_MAPS: {"data": {"a": CANARY}, "binaryData": {"a": CANARY}},
    SERVICE_ACCOUNTS: {"secrets": [{"name": CANARY}], "imagePullSecrets": [{"name": CANARY}]},
}


def an_object(resource: Resource, **content: Any) -> Manifest:
    """Return an object with canaries where every kind may have them."""
    metadata = {
        "name": "one",
        "namespace": "team",
        "uid": "u",
        "resourceVersion": "7",
        "annotations": {
            labels.LAST_APPLIED: CANARY,
            "example.com/note": CANARY,
            "notkubernetes.io/note": CANARY,
            "plain": CANARY,
            "deployment.kubernetes.io/revision": "3",
            labels.DISCOVERY_BACKEND: "etcd",
        },
        "managedFields": [{"manager": CANARY, "fieldsV1": {f"f:{CANARY}": {}}}],
        "generateName": CANARY,
        "selfLink": CANARY,
    }
    return {
        "apiVersion": resource.api_version,
        "kind": resource.kind,
        "metadata": metadata,
        "unknown": CANARY,
        **content,
    }


@pytest.mark.rule("P-13")
@pytest.mark.parametrize("resource", KNOWN, ids=lambda resource: str(resource.plural))
def test_no_canary_of_any_kind_enters_the_log(resource: Resource) -> None:
    planted = an_object(resource, **PLANTED.get(resource, {"spec": {"unknown": CANARY}, "data": {"a": CANARY}}))

    assert CANARY not in orjson.dumps(summary(resource, planted)).decode()


def test_keeps_the_annotations_that_mean_something() -> None:
    kept = summary(GRAPHS, an_object(GRAPHS))["metadata"]["annotations"]

    assert kept == {"deployment.kubernetes.io/revision": "3", labels.DISCOVERY_BACKEND: "etcd"}


def test_an_object_without_such_annotations_has_none() -> None:
    assert "annotations" not in summary(PODS, {"metadata": {"name": "one", "annotations": {"plain": "x"}}})["metadata"]


def test_a_kind_without_a_list_keeps_its_metadata() -> None:
    assert summary(SECRETS, {"metadata": {"name": "one"}, "data": {"a": "b"}}) == {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": "one"},
    }


def test_what_grove_could_not_do_keeps_all_but_the_values() -> None:
    live = {"metadata": {"name": "one"}, "status": {"lastErrors": [{"description": REFUSAL}, {"description": 5}]}}

    errors = summary(POD_CLIQUES, live)["status"]["lastErrors"]

    said = 'Pod "x" is invalid: spec.containers[0].env[0].name: Invalid value: a name has no ='
    assert errors == [{"description": said}, {"description": None}]


def _names(tree: Tree | Leaf) -> set[str]:
    if not isinstance(tree, Mapping):
        return set()
    return {name for name in tree if name != EACH} | {name for branch in tree.values() for name in _names(branch)}


NAMES = sorted({name for tree in ALLOWED.values() for name in _names(tree)} | {"services", "w", "other"})
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.sampled_from(("x", "Ready", "True")),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from(NAMES), inner, max_size=4),
    max_leaves=12,
)


@settings(max_examples=80, deadline=None)
@given(st.sampled_from(KNOWN), st.dictionaries(st.sampled_from(("spec", "status", "endpoints", "rules")), VALUES))
def test_is_the_same_when_taken_twice(resource: Resource, content: dict[str, Any]) -> None:
    once = summary(resource, an_object(resource, **content))

    assert summary(resource, once) == once


def test_another_shape_than_the_schema_says_is_not_trusted() -> None:
    assert summary(GRAPHS, {"metadata": {"name": "one"}, "spec": {"services": "secret"}})["spec"] == {"services": None}


LABELS = st.dictionaries(
    st.sampled_from((labels.GRAPH_NAME, labels.BASE_MODEL_HASH, "dgdr.nvidia.com/name", "dgdr.nvidia.com/namespace")),
    st.sampled_from(("", "chat", "code")),
)
OWNERS = st.lists(
    st.fixed_dictionaries(
        {
            "apiVersion": st.sampled_from(("nvidia.com/v1alpha1", "apps/v1", "grove.io/v1alpha1")),
            "kind": st.sampled_from(
                ("DynamoGraphDeployment", "DynamoComponentDeployment", "ReplicaSet", "PodCliqueSet", "PodClique")
            ),
            "name": st.sampled_from(("chat", "code")),
            "uid": st.just("u"),
            "controller": st.booleans(),
        }
    ),
    max_size=2,
)


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(WATCHED), LABELS, OWNERS, st.sampled_from(("", "llama")))
def test_has_the_keys_of_the_whole_object(
    resource: Resource, own_labels: dict[str, str], owners: list[dict[str, object]], model: str
) -> None:
    services = {"services": {"w": {"modelRef": {"name": model}}}, "modelRef": {"name": model}}
    whole = an_object(resource, spec=services)
    whole["metadata"] |= {"labels": own_labels, "ownerReferences": owners}

    assert keys(resource, summary(resource, whole)) == keys(resource, whole)


# What the decisions read


def test_a_workload_reads_the_same() -> None:
    whole = an_object(
        DEPLOYMENTS,
        spec={"replicas": 2, "paused": False, "template": {}},
        status={
            "observedGeneration": 1,
            "replicas": 2,
            "updatedReplicas": 2,
            "readyReplicas": 1,
            "availableReplicas": 1,
            "conditions": [
                {"type": "Available", "status": "True", "reason": "MinimumReplicasAvailable", "message": "m"},
                {"type": "Progressing", "status": "False", "reason": "ProgressDeadlineExceeded", "message": "m"},
            ],
        },
    )
    whole["metadata"]["generation"] = 1

    assert workload(summary(DEPLOYMENTS, whole)) == workload(whole)


def test_a_component_reads_the_same() -> None:
    whole = an_object(
        COMPONENTS,
        spec={"serviceName": "w", **COMPONENT},
        status={
            "observedGeneration": 1,
            "service": {"componentKind": "Deployment", "replicas": 1},
            "conditions": [
                {"type": "Available", "status": "True", "reason": "r", "message": "m", "lastTransitionTime": "t"}
            ],
        },
    )
    whole["metadata"]["generation"] = 1

    assert component_state(summary(COMPONENTS, whole)) == component_state(whole)


COUNTERS = {"observedGeneration": 4, "replicas": 3, "updatedReplicas": 3, "readyReplicas": 2, "availableReplicas": 2}
CONDITION = {"type": "Available", "status": "True", "reason": "r", "message": "m", "observedGeneration": 4}


@pytest.mark.parametrize(
    ("resource", "spec"),
    [
        pytest.param(LEADER_WORKER_SETS, {"replicas": 1, "leaderWorkerTemplate": {"size": 2}}, id="LeaderWorkerSet"),
        pytest.param(POD_CLIQUE_SETS, {"replicas": 1}, id="PodCliqueSet"),
        pytest.param(POD_CLIQUES, {"roleName": "decode", "replicas": 3, "minAvailable": 1}, id="PodClique"),
        pytest.param(POD_CLIQUE_SCALING_GROUPS, {"replicas": 3, "minAvailable": 1}, id="PodCliqueScalingGroup"),
    ],
)
def test_the_workloads_of_add_ons_keep_what_roll_up_reads(resource: Resource, spec: dict[str, Any]) -> None:
    status = {**COUNTERS, "conditions": [CONDITION]}

    kept = summary(resource, an_object(resource, spec=spec, status=status))

    assert (kept["spec"], kept["status"]) == (spec, status)


def test_a_volume_claim_keeps_what_was_asked_and_whether_it_is_bound() -> None:
    spec = {
        "accessModes": ["ReadWriteMany"],
        "storageClassName": "fast",
        "resources": {"requests": {"storage": "1Gi"}},
    }

    kept = summary(VOLUME_CLAIMS, an_object(VOLUME_CLAIMS, spec=spec, status={"phase": "Bound"}))

    assert (kept["spec"], kept["status"]) == (spec, {"phase": "Bound"})


def test_what_keeps_a_pod_from_running_reads_the_same() -> None:
    whole = an_object(
        PODS,
        spec={"containers": [CONTAINER], "nodeName": "n1"},
        status={
            "conditions": [{"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": "0/3"}],
            "containerStatuses": [{"name": "main", "state": {"waiting": {"reason": "ImagePullBackOff"}}}],
        },
    )

    assert pod_blockers([summary(PODS, whole)]) == pod_blockers([whole])
    assert gpus_requested(summary(PODS, whole)) == gpus_requested(whole) == {"nvidia.com/gpu": 1}


@pytest.mark.parametrize(
    ("pod", "is_wanted"),
    [
        pytest.param({"metadata": {"labels": {labels.GRAPH_NAME: "chat"}}}, True, id="of a graph"),
        pytest.param({"metadata": {"labels": {labels.GRAPH_NAME: ""}}}, False, id="with an empty label"),
        pytest.param({"spec": {"containers": [CONTAINER]}}, True, id="with a GPU"),
        pytest.param({"spec": {"containers": [{"name": "a"}]}}, False, id="of somebody else"),
    ],
)
def test_only_pods_of_graphs_and_with_gpus_enter(pod: Manifest, is_wanted: bool) -> None:
    assert is_of_interest(PODS, pod) is is_wanted


def test_other_kinds_enter_whole() -> None:
    assert is_of_interest(DEPLOYMENTS, {})


@pytest.mark.rule("W-56")
@pytest.mark.parametrize("resource", sorted(ADD_ONS | {VOLUME_CLAIMS, INGRESSES}), ids=lambda each: str(each.plural))
def test_every_kind_that_a_graph_is_made_of_is_watched(resource: Resource) -> None:
    assert resource in WATCHED


@pytest.mark.rule("workloads 9.5 HorizontalPodAutoscaler")
def test_no_autoscaler_is_watched_since_none_is_made() -> None:
    assert not {each.plural for each in (*WATCHED, *KNOWN)} & {"horizontalpodautoscalers"}


@pytest.mark.parametrize(
    ("limits", "held"),
    [
        pytest.param({"nvidia.com/gpu": 2}, {"nvidia.com/gpu": 2}, id="a number"),
        pytest.param({"nvidia.com/mig-1g.5gb": "1"}, {"nvidia.com/mig-1g.5gb": 1}, id="a slice"),
        pytest.param({"amd.com/gpu": "8", "cpu": "4"}, {"amd.com/gpu": 8}, id="another vendor"),
        pytest.param({"gpu.intel.com/i915": "1"}, {"gpu.intel.com/i915": 1}, id="one resource per driver"),
        pytest.param({"nvidia.com/gpu": "²"}, {}, id="no number"),
        pytest.param({"nvidia.com/other": "1"}, {}, id="no GPU of that vendor"),
    ],
)
def test_counts_gpus_of_any_vendor(limits: dict[str, object], held: dict[str, int]) -> None:
    assert gpus_requested({"spec": {"containers": [{"resources": {"limits": limits}}]}}) == held
