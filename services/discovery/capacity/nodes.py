"""The GPU capacity of a cluster, from the redacted states of its nodes and pods.

A pod holds its GPUs from the moment it is bound to a node until it has ended. Labels are those that the vendors'
feature discovery writes.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping

from shared.contracts.capacity import Capacity, GpuCount, NodeCapacity
from shared.contracts.watched import gpus_requested, is_gpu
from shared.core.json import Manifest, items, mapping, member, text
from shared.core.objects import labels_of, name_of

PRODUCT = ("nvidia.com/gpu.product", "amd.com/gpu.product-name", "gpu.intel.com/product")
MEMORY = ("nvidia.com/gpu.memory", "amd.com/gpu.vram", "gpu.intel.com/memory.max")
CLIQUE = ("nvidia.com/gpu.clique",)
ZONE = ("topology.kubernetes.io/zone",)
RACK = ("topology.kubernetes.io/rack", "nvidia.com/rack")

_ENDED = frozenset({"Succeeded", "Failed"})


def capacity(nodes: Iterable[Manifest], pods: Iterable[Manifest]) -> Capacity:
    """Return what the nodes with GPUs hold, and how much of it their pods requested."""
    taken = _taken(pods)
    found = (_node(node, taken[name_of(node)]) for node in sorted(nodes, key=name_of))
    return Capacity(nodes=tuple(node for node in found if node.gpus))


def _taken(pods: Iterable[Manifest]) -> Mapping[str, Mapping[str, int]]:
    taken: defaultdict[str, defaultdict[str, int]] = defaultdict(lambda: defaultdict(int))
    for pod in pods:
        node = text(pod, "spec", "nodeName")
        if node and text(pod, "status", "phase") not in _ENDED:
            for resource, count in gpus_requested(pod).items():
                taken[node][resource] += count
    return taken


def _node(node: Manifest, taken: Mapping[str, int]) -> NodeCapacity:
    allocatable = mapping(node, "status", "allocatable")
    node_labels = labels_of(node)
    return NodeCapacity(
        name=name_of(node),
        gpus={
            name: GpuCount(allocatable=int(str(amount)), requested=taken.get(name, 0))
            for name, amount in sorted(allocatable.items())
            if is_gpu(name) and str(amount).isdecimal()
        },
        product=_first(node_labels, PRODUCT),
        memory_mib=_number(_first(node_labels, MEMORY)),
        clique=_first(node_labels, CLIQUE),
        zone=_first(node_labels, ZONE),
        rack=_first(node_labels, RACK),
        taints=tuple(sorted(_taint(each) for each in items(node, "spec", "taints"))),
        is_ready=any(
            text(each, "type") == "Ready" and text(each, "status") == "True"
            for each in items(node, "status", "conditions")
        ),
        is_schedulable=member(node, "spec", "unschedulable") is not True,
    )


def _taint(taint: object) -> str:
    return f"{text(taint, 'key')}={text(taint, 'value')}:{text(taint, 'effect')}"


def _first(node_labels: Mapping[str, str], names: Iterable[str]) -> str:
    return next((node_labels[name] for name in names if name in node_labels), "")


def _number(value: str) -> int:
    return int(value) if value.isdecimal() else 0
