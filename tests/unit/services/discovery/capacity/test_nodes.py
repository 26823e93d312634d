"""The GPU capacity, from nodes and pods as the log shows them."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.discovery.capacity.nodes import capacity
from shared.contracts.capacity import GpuCount, decode_capacity
from shared.contracts.summaries import summary
from shared.core.json import Manifest
from shared.core.resources import NODES, PODS


def a_node(name: str = "n1", *, gpus: dict[str, Any] | None = None, ready: str = "True", **more: Any) -> Manifest:
    """Return a node with eight GPUs."""
    return {
        "metadata": {"name": name, "labels": more.pop("labels", {})},
        "spec": more,
        "status": {
            "allocatable": {"cpu": "64", **(gpus if gpus is not None else {"nvidia.com/gpu": "8"})},
            "conditions": [{"type": "MemoryPressure", "status": "False"}, {"type": "Ready", "status": ready}],
        },
    }


def a_pod(node: str = "n1", *, gpus: int = 2, phase: str = "Running", name: str = "p") -> Manifest:
    """Return a pod that holds GPUs."""
    containers = [{"name": "main", "resources": {"limits": {"nvidia.com/gpu": gpus}}}, {"name": "sidecar"}]
    return {
        "metadata": {"name": name},
        "spec": {"nodeName": node, "containers": containers},
        "status": {"phase": phase},
    }


def test_counts_what_is_there_and_what_is_taken() -> None:
    [node] = capacity([a_node()], [a_pod(), a_pod(gpus=1), a_pod("n2")]).nodes

    assert node.gpus == {"nvidia.com/gpu": GpuCount(allocatable=8, requested=3)}


@pytest.mark.parametrize(
    ("pod", "taken"),
    [
        pytest.param(a_pod(phase="Pending"), 2, id="bound and starting"),
        pytest.param(a_pod(phase="Succeeded"), 0, id="ended well"),
        pytest.param(a_pod(phase="Failed"), 0, id="ended badly"),
        pytest.param(a_pod(node=""), 0, id="bound to no node"),
    ],
)
def test_a_pod_holds_gpus_from_being_bound_to_its_end(pod: Manifest, taken: int) -> None:
    [node] = capacity([a_node()], [pod]).nodes

    assert node.gpus["nvidia.com/gpu"].requested == taken


def test_a_node_without_gpus_is_left_out() -> None:
    assert capacity([a_node(gpus={}), a_node("n2", gpus={"nvidia.com/gpu": "many"})], []).nodes == ()


def test_says_what_placement_needs_to_know_of_a_node() -> None:
    labels = {
        "nvidia.com/gpu.product": "H100",
        "nvidia.com/gpu.memory": "81559",
        "nvidia.com/gpu.clique": "c1",
        "topology.kubernetes.io/zone": "z1",
        "nvidia.com/rack": "r1",
    }
    taints = [{"key": "b", "value": "1", "effect": "NoSchedule"}, {"key": "a", "effect": "NoExecute"}]

    [node] = capacity([a_node(labels=labels, taints=taints, unschedulable=True, ready="Unknown")], []).nodes

    assert (node.product, node.memory_mib, node.clique, node.zone, node.rack) == ("H100", 81559, "c1", "z1", "r1")
    assert node.taints == ("a=:NoExecute", "b=1:NoSchedule")
    assert (node.is_ready, node.is_schedulable) == (False, False)


def test_a_memory_label_that_is_no_number_counts_as_unknown() -> None:
    [node] = capacity([a_node(labels={"nvidia.com/gpu.memory": "80Gi"})], []).nodes

    assert node.memory_mib == 0
    assert (node.is_ready, node.is_schedulable) == (True, True)


NODE_LISTS = st.lists(st.sampled_from(("n1", "n2", "n3")), unique=True)
POD_LISTS = st.lists(
    st.builds(a_pod, st.sampled_from(("n1", "n2", "")), gpus=st.integers(0, 4), name=st.sampled_from("abc")), max_size=4
)


@settings(max_examples=40, deadline=None)
@given(NODE_LISTS, POD_LISTS, st.randoms(use_true_random=False))
def test_the_order_in_which_objects_are_known_does_not_count(names: list[str], pods: list[Manifest], dice: Any) -> None:
    nodes = [a_node(name) for name in names]
    before = capacity(nodes, pods).encode()
    dice.shuffle(nodes)
    dice.shuffle(pods)

    assert capacity(nodes, pods).encode() == before
    assert decode_capacity(before) == capacity(nodes, pods)


def test_the_redacted_form_gives_the_same_capacity() -> None:
    node, pod = a_node(labels={"nvidia.com/gpu.product": "H100"}), a_pod()

    assert capacity([summary(NODES, node)], [summary(PODS, pod)]) == capacity([node], [pod])
