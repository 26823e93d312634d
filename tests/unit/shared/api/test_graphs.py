"""The graph model keeps what users wrote, and refuses what has the wrong type."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.api.components import ComponentDeployment, ComponentSpec, Multinode
from shared.api.graphs import Graph
from shared.core.errors import InvalidObjectError

CHAT: dict[str, Any] = {
    "apiVersion": "nvidia.com/v1alpha1",
    "kind": "DynamoGraphDeployment",
    "metadata": {"name": "chat", "namespace": "team-a", "annotations": {"a": "b"}, "managedFields": [{"x": 1}]},
    "spec": {
        "backendFramework": "vllm",
        "pvcs": [{"name": "models", "create": False, "size": 10}],
        "services": {
            "Frontend": {"componentType": "frontend", "replicas": 0, "annotations": {}},
            "Decode": {
                "multinode": {"nodeCount": 2},
                "backend_framework": "a name of Python, unknown to the API",
                "resources": {"limits": {"gpu": "1", "gpuType": "amd.com/gpu"}},
                "extraPodSpec": {"mainContainer": {"image": "x", "env": [{"name": "A", "value": "1"}]}},
                "sharedMemory": {"size": "1Gi"},
                "futureField": [{"deep": None}],
            },
        },
    },
    "status": {"state": "pending", "conditions": []},
}


def test_a_document_is_written_back_as_it_was_read() -> None:
    assert Graph.parse(CHAT).dump() == CHAT


def test_fields_are_read_by_their_python_names() -> None:
    decode = (Graph.parse(CHAT).spec.services or {})["Decode"]

    assert decode.resources is not None
    assert decode.resources.limits is not None
    assert (decode.nodes, decode.is_multinode, decode.resources.limits.gpu_type) == (2, True, "amd.com/gpu")


def test_a_component_is_built_with_python_names_and_written_with_those_of_the_api() -> None:
    component = ComponentSpec(component_type="worker", multinode=Multinode(node_count=4))

    assert component.dump() == {"componentType": "worker", "multinode": {"nodeCount": 4}}


@pytest.mark.rule("workloads 2.3 #1", "workloads 2.3 multinode.nodeCount")
def test_an_unset_node_count_means_two_and_is_not_written() -> None:
    component = ComponentSpec.parse({"multinode": {}})

    assert component.nodes == 2
    assert component.dump() == {"multinode": {}}


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        pytest.param({"replicas": "1"}, "spec.replicas: must be of type integer", id="text for a number"),
        pytest.param(
            {"resources": {"limits": {"gpu": 1}}},
            "spec.resources.limits.gpu: must be of type string",
            id="number for a text",
        ),
        pytest.param(
            {"volumeMounts": [{"name": None}]},
            "spec.volumeMounts[0].name: must be of type string",
            id="null in a list",
        ),
        pytest.param(
            {"sharedMemory": {"size": 1.5}},
            "spec.sharedMemory.size: must be an integer or a string",
            id="a quantity of another type",
        ),
        pytest.param({"globalDynamoNamespace": 1}, "spec.globalDynamoNamespace: must be of type boolean", id="number"),
        pytest.param({"envs": {}}, "spec.envs: must be of type array", id="object for a list"),
        pytest.param({"ingress": []}, "spec.ingress: must be of type object", id="list for an object"),
    ],
)
def test_a_wrong_type_is_refused_with_its_path(spec: dict[str, Any], message: str) -> None:
    with pytest.raises(InvalidObjectError) as refusal:
        ComponentDeployment.parse({"spec": spec})

    assert str(refusal.value) == message


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


@settings(max_examples=50)
@given(extra=st.dictionaries(st.from_regex(r"x[a-z_]{0,6}", fullmatch=True), JSON, max_size=3))
def test_unknown_fields_survive_wherever_they_are(extra: dict[str, Any]) -> None:
    document = {**extra, "metadata": extra, "spec": {**extra, "services": {"a": {**extra, "ingress": extra}}}}

    assert Graph.parse(document).dump() == document
