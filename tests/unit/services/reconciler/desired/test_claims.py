"""The volume claims of a graph: what is made, what is waited for, and what is only told."""

from __future__ import annotations

from typing import Any

import pytest

from services.reconciler.desired.claims import RETAIN, claim_drift, missing_claim, release, volume_claims
from shared.core import labels
from shared.core.resources import GRAPHS, VOLUME_CLAIMS, Ref
from tests.unit.services.reconciler.desired.builders import NAMESPACE, a_graph, a_worker

GRAPH = Ref(GRAPHS, NAMESPACE, "g")
MADE = {"name": "models", "create": True, "size": "10Gi", "storageClass": "fast", "volumeAccessMode": "ReadWriteMany"}


def claims(*entries: Any, **graph: Any) -> Any:
    return volume_claims(a_graph({"w": a_worker()}, pvcs=list(entries), **graph))


@pytest.mark.rule("workloads 9.6 #1", "W-58")
def test_a_claim_is_made_as_the_graph_describes_it_and_owned_by_it() -> None:
    (seed,) = claims(MADE).seeds

    assert seed == {
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "metadata": {
            "name": "models",
            "namespace": NAMESPACE,
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
        },
        "spec": {
            "accessModes": ["ReadWriteMany"],
            "resources": {"requests": {"storage": "10Gi"}},
            "storageClassName": "fast",
        },
    }


@pytest.mark.rule("workloads 9.6 #1")
@pytest.mark.parametrize("entry", [{"name": "models"}, {"name": "models", "create": False}])
def test_a_claim_that_the_graph_may_not_make_is_waited_for(entry: dict[str, Any]) -> None:
    found = claims(entry)

    assert found.seeds == ()
    assert found.awaited == (Ref(VOLUME_CLAIMS, NAMESPACE, "models"),)


@pytest.mark.rule("workloads 9.6 #1")
def test_entries_without_a_name_are_skipped() -> None:
    found = claims({"create": True}, {}, None)

    assert (found.seeds, found.awaited) == ((), ())


def test_claims_come_by_name_whatever_their_order_and_one_of_a_name() -> None:
    found = claims(MADE, {"name": "b"}, {"name": "models"}, {"name": "a"}, {**MADE, "name": "data"})

    assert [seed["metadata"]["name"] for seed in found.seeds] == ["data", "models"]
    assert [ref.name for ref in found.awaited] == ["a", "b"]


@pytest.mark.rule("W-58")
def test_a_claim_that_is_retained_has_the_graphs_label_and_no_owner() -> None:
    (seed,) = claims(MADE, annotations={RETAIN: "true"}).seeds

    assert seed["metadata"] == {"name": "models", "namespace": NAMESPACE, "labels": {labels.GRAPH_NAME: "g"}}


@pytest.mark.rule("W-58")
def test_the_graph_lets_go_of_a_claim_that_is_to_be_retained() -> None:
    (seed,) = claims(MADE).seeds
    other = {"apiVersion": "v1", "kind": "ConfigMap", "name": "c", "uid": "other"}
    reference = seed["metadata"]["ownerReferences"][0]
    known = {"uid": "u", "resourceVersion": "7", "labels": {"a": "b"}, "ownerReferences": [other, reference]}

    patch = release({**seed, "metadata": {**seed["metadata"], **known}}, GRAPH, "graph-uid")

    assert patch == [
        {"op": "test", "path": "/metadata/uid", "value": "u"},
        {"op": "test", "path": "/metadata/resourceVersion", "value": "7"},
        {"op": "add", "path": "/metadata/ownerReferences", "value": [other]},
        {"op": "add", "path": "/metadata/labels", "value": {"a": "b", labels.GRAPH_NAME: "g"}},
    ]


def test_a_claim_of_somebody_else_is_not_let_go_of() -> None:
    assert release({"metadata": {"name": "models", "uid": "u", "resourceVersion": "7"}}, GRAPH, "graph-uid") == []


@pytest.mark.rule("workloads 9.6 #1", "workloads 3.1 5")
def test_a_missing_claim_is_told_in_the_words_of_the_reference() -> None:
    problem = missing_claim(Ref(VOLUME_CLAIMS, NAMESPACE, "models"))

    assert problem.text == 'failed to reconcile top-level PVCs: PersistentVolumeClaim "models" not found'
    assert (problem.subject, problem.code) == ("PersistentVolumeClaim models", "VolumeClaimMissing")
    assert NAMESPACE in problem.remedy


@pytest.mark.rule("W-58")
@pytest.mark.parametrize(
    ("spec", "told"),
    [
        pytest.param({}, "", id="as asked for"),
        pytest.param({"resources": {"requests": {"storage": "10240Mi"}}}, "", id="the same amount"),
        pytest.param(
            {"resources": {"requests": {"storage": "5Gi"}}, "accessModes": []},
            "PersistentVolumeClaim models has size 5Gi instead of 10Gi, access mode unset instead of ReadWriteMany: "
            "existing claims are not changed",
            id="smaller, and without a mode",
        ),
        pytest.param(
            {"storageClassName": "slow", "resources": {"requests": {"storage": "??"}}},
            "PersistentVolumeClaim models has size ?? instead of 10Gi, storage class slow instead of fast: "
            "existing claims are not changed",
            id="another class, and no amount",
        ),
    ],
)
def test_what_a_claim_is_like_is_compared_with_what_is_asked_for(spec: dict[str, Any], told: str) -> None:
    (seed,) = claims(MADE).seeds

    assert claim_drift(seed, {"spec": {**seed["spec"], **spec}}) == told


def test_a_claim_of_which_nothing_is_known_is_not_compared() -> None:
    (seed,) = claims(MADE).seeds

    assert claim_drift(seed, {}) == ""
