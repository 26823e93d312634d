"""Strategic merge patch on built-in kinds, whose schemas say which lists merge."""

from __future__ import annotations

from typing import Any

import pytest

from lab.apiserver.patches.json_patch import PatchError
from lab.apiserver.patches.strategic import apply_strategic_patch
from lab.apiserver.schemas.builtin import builtin_schema
from lab.apiserver.schemas.schema import Schema


@pytest.fixture
def pods() -> Schema:
    schema = builtin_schema("", "v1", "Pod")
    assert schema is not None
    return schema


def a_pod(**spec: Any) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p"}, "spec": spec}


def containers(*names: str) -> list[dict[str, Any]]:
    return [{"name": name, "image": f"{name}:1"} for name in names]


@pytest.mark.parametrize(
    ("patch", "expected"),
    [
        pytest.param(
            {"containers": [{"name": "b", "image": "b:2"}]},
            [{"name": "a", "image": "a:1"}, {"name": "b", "image": "b:2"}],
            id="an item is found by its merge key",
        ),
        pytest.param(
            {"containers": [{"name": "c", "image": "c:1"}]},
            containers("c", "a", "b"),
            id="a new item without an order goes first",
        ),
        pytest.param(
            {
                "$setElementOrder/containers": [{"name": "a"}, {"name": "b"}, {"name": "c"}],
                "containers": [{"name": "c", "image": "c:1"}],
            },
            containers("a", "b", "c"),
            id="the order directive places a new item",
        ),
        pytest.param(
            {"$setElementOrder/containers": [{"name": "b"}, {"name": "a"}]},
            containers("b", "a"),
            id="the order directive alone sorts",
        ),
        pytest.param(
            {"containers": [{"$patch": "delete", "name": "a"}]}, containers("b"), id="an item is deleted by its key"
        ),
        pytest.param(
            {"containers": [{"$patch": "replace"}, {"name": "z", "image": "z:1"}]},
            containers("z"),
            id="a list is replaced",
        ),
    ],
)
def test_merges_lists_by_key(pods: Schema, patch: dict[str, Any], expected: list[Any]) -> None:
    pod = a_pod(containers=containers("a", "b"))

    assert apply_strategic_patch(pod, {"spec": patch}, pods)["spec"]["containers"] == expected


def test_lists_without_a_merge_strategy_are_replaced(pods: Schema) -> None:
    pod = a_pod(containers=[{"name": "a", "args": ["x", "y"]}])

    patched = apply_strategic_patch(pod, {"spec": {"containers": [{"name": "a", "args": ["z"]}]}}, pods)

    assert patched["spec"]["containers"] == [{"name": "a", "args": ["z"]}]


def test_lists_of_scalars_merge_and_lose_what_is_named(pods: Schema) -> None:
    pod = {"metadata": {"finalizers": ["a", "b"]}}

    added = apply_strategic_patch(pod, {"metadata": {"finalizers": ["c", "a"]}}, pods)
    removed = apply_strategic_patch(pod, {"metadata": {"$deleteFromPrimitiveList/finalizers": ["a"]}}, pods)

    assert sorted(added["metadata"]["finalizers"]) == ["a", "b", "c"]
    assert removed["metadata"]["finalizers"] == ["b"]


def test_null_removes_and_is_dropped_from_what_is_new(pods: Schema) -> None:
    pod = a_pod(hostname="h", containers=containers("a"))

    patched = apply_strategic_patch(pod, {"spec": {"hostname": None, "securityContext": {"runAsUser": None}}}, pods)

    assert patched["spec"] == {"containers": containers("a"), "securityContext": {}}


@pytest.mark.parametrize(
    ("patch", "expected"),
    [
        pytest.param({"$patch": "replace", "emptyDir": {}, "name": "v"}, {"emptyDir": {}, "name": "v"}, id="replace"),
        pytest.param(
            {"$retainKeys": ["name", "emptyDir"], "name": "v", "emptyDir": {}},
            {"name": "v", "emptyDir": {}},
            id="only retained keys stay",
        ),
    ],
)
def test_directives_clear_the_other_keys_of_a_map(
    pods: Schema, patch: dict[str, Any], expected: dict[str, Any]
) -> None:
    volume = {"name": "v", "hostPath": {"path": "/x"}}

    patched = apply_strategic_patch(a_pod(affinity=volume), {"spec": {"affinity": patch}}, pods)

    assert patched["spec"]["affinity"] == expected


@pytest.mark.parametrize(
    "patch",
    [
        pytest.param({"spec": {"$patch": "explode"}}, id="an unknown directive"),
        pytest.param({"spec": {"containers": [{"image": "x"}]}}, id="an item without its key"),
        pytest.param({"spec": {"$retainKeys": ["a"], "b": 1}}, id="a key that is not retained"),
    ],
)
def test_refuses_what_it_cannot_place(pods: Schema, patch: dict[str, Any]) -> None:
    with pytest.raises(PatchError):
        apply_strategic_patch(a_pod(containers=containers("a")), patch, pods)


def test_leaves_the_document_alone(pods: Schema) -> None:
    pod = a_pod(containers=containers("a", "b"))

    apply_strategic_patch(pod, {"spec": {"containers": [{"name": "a", "image": "other"}]}}, pods)

    assert pod == a_pod(containers=containers("a", "b"))
