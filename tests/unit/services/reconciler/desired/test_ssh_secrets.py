"""Who needs the SSH keys, and what a copy of them is like."""

from __future__ import annotations

from typing import Any

import pytest

from services.reconciler.desired.ssh_secrets import (
    copied_version,
    is_copy,
    needs_ssh_keys,
    no_source,
    refreshed,
    source_ref,
    spans_nodes,
    ssh_copy,
    version_of_source,
)
from shared.api.platform import MpiSecret
from shared.core.resources import SECRETS, Ref
from tests.unit.services.reconciler.desired.builders import a_graph, a_service

TWO = {"multinode": {"nodeCount": 2}}
TRTLLM = {"args": ["python3 -m dynamo.trtllm --model x"]}
SOURCE = {
    "apiVersion": "v1",
    "kind": "Secret",
    "metadata": {
        "name": "keys",
        "namespace": "dynamo-system",
        "uid": "source-uid",
        "resourceVersion": "41",
        "labels": {"theirs": "1"},
        "annotations": {"theirs": "2"},
        "ownerReferences": [{"uid": "x"}],
    },
    "type": "Opaque",
    "data": {"private.key": "cA==", "private.key.pub": "cQ=="},
}


@pytest.mark.rule("W-05", "TB-26", "workloads 3.1 #8")
@pytest.mark.parametrize(
    ("service", "framework", "needed"),
    [
        pytest.param(a_service("worker", TRTLLM, **TWO), "", True, id="found in the command"),
        pytest.param(a_service("decode", {}, **TWO), "trtllm", True, id="said in the spec"),
        pytest.param(a_service("worker", TRTLLM), "trtllm", False, id="one node"),
        pytest.param(a_service("worker", TRTLLM, multinode={"nodeCount": 1}), "trtllm", False, id="a count of one"),
        pytest.param(a_service("worker", {}, **TWO), "vllm", False, id="another engine"),
        pytest.param(a_service("worker", {}, **TWO), "", False, id="no engine"),
        pytest.param(a_service("frontend", {}, **TWO), "trtllm", False, id="a type that runs no engine"),
        pytest.param(a_service("worker", TRTLLM, **TWO), "vllm", False, id="a contradiction, refused elsewhere"),
        pytest.param(None, "trtllm", False, id="a service that is null"),
    ],
)
def test_only_tensorrt_on_several_nodes_needs_the_keys(service: Any, framework: str, needed: bool) -> None:
    assert needs_ssh_keys(a_graph({"a": a_service("frontend"), "w": service}, backendFramework=framework)) == needed


@pytest.mark.parametrize(
    ("summary", "spans"),
    [({}, False), (a_graph({"w": TWO}), True), (a_graph({"w": {}}), False), (a_graph({"w": None}), False)],
)
def test_whether_the_keys_may_concern_a_graph_is_seen_without_its_commands(summary: Any, spans: bool) -> None:
    assert spans_nodes(summary) == spans


@pytest.mark.rule("MS-01", "workloads 1.4 mpi-run-ssh-secret-name, mpi-run-ssh-secret-namespace")
def test_settings_say_where_the_keys_are() -> None:
    settings = MpiSecret(ssh_secret_name="keys", ssh_secret_namespace="dynamo-system")

    assert source_ref(settings) == Ref(SECRETS, "dynamo-system", "keys")


@pytest.mark.rule("MS-04", "TB-26", "W-05", "workloads 9.7 #1", "workloads 12 MPI secret #3")
def test_a_copy_has_type_and_data_of_its_source_says_where_it_is_from_and_has_no_owner() -> None:
    copy = ssh_copy(SOURCE, "llm")

    assert copy == {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {
            "name": "keys",
            "namespace": "llm",
            "labels": {"nvidia.com/managed-by": "dynamo-operator"},
            "annotations": {
                "nvidia.com/source-secret": "dynamo-system/keys",
                "nvidia.com/source-version": version_of_source(SOURCE),
            },
        },
        "type": "Opaque",
        "data": {"private.key": "cA==", "private.key.pub": "cQ=="},
    }
    assert is_copy(copy)
    assert copied_version(copy) == version_of_source(SOURCE)


@pytest.mark.parametrize(
    "metadata",
    [
        {},
        {"labels": {"nvidia.com/managed-by": "dynamo-operator"}},
        {"annotations": {"nvidia.com/source-secret": "a/b"}},
    ],
)
def test_a_secret_without_label_and_origin_is_the_users(metadata: dict[str, Any]) -> None:
    assert not is_copy({"metadata": metadata})


def test_the_version_changes_with_the_source_and_holds_nothing_of_it() -> None:
    other = {**SOURCE, "metadata": {**SOURCE["metadata"], "resourceVersion": "42"}}  # type: ignore[dict-item]  # a dict
    same = {**SOURCE, "data": {"private.key": "another"}}

    assert version_of_source(other) != version_of_source(SOURCE)
    assert version_of_source(same) == version_of_source(SOURCE)


@pytest.mark.rule("W-05", "TB-26")
def test_a_refresh_replaces_the_data_whole_and_is_guarded() -> None:
    copy = ssh_copy(SOURCE, "llm")
    copy["metadata"] |= {"uid": "copy-uid", "resourceVersion": "50"}
    copy["metadata"]["annotations"]["kept"] = "3"
    moved = {**SOURCE, "metadata": {"name": "keys", "namespace": "dynamo-system", "uid": "u", "resourceVersion": "60"}}

    patch = refreshed(copy, {**moved, "data": {"private.key": "bmV3"}})

    assert patch == [
        {"op": "test", "path": "/metadata/uid", "value": "copy-uid"},
        {"op": "test", "path": "/metadata/resourceVersion", "value": "50"},
        {"op": "add", "path": "/data", "value": {"private.key": "bmV3"}},
        {
            "op": "add",
            "path": "/metadata/annotations",
            "value": {
                "nvidia.com/source-secret": "dynamo-system/keys",
                "nvidia.com/source-version": version_of_source(moved),
                "kept": "3",
            },
        },
    ]


@pytest.mark.rule("MS-05", "MS-06", "workloads 9.7 #1", "workloads 3.1 8", "workloads 12 MPI secret #2")
def test_a_missing_source_is_told_in_the_words_of_the_reference_and_named() -> None:
    problem = no_source(Ref(SECRETS, "dynamo-system", "keys"))

    assert problem.text == 'failed to replicate MPI secret: error getting source secret: Secret "keys" not found'
    assert problem.subject == "Secret dynamo-system/keys"
    assert problem.code == "SshSecretMissing"
    assert "private.key.pub in dynamo-system" in problem.remedy


def test_without_a_namespace_of_the_source_the_setting_is_named() -> None:
    problem = no_source(Ref(SECRETS, "", "keys"))

    assert "platform.mpi.sshSecretNamespace is empty" in problem.text
    assert "platform.mpi.sshSecretNamespace" in problem.remedy
