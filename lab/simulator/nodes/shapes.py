"""Decides what a simulated node looks like: capacity, labels and addresses, from a short specification.

Pure. `2x8xH100,2xcpu` means two nodes with eight H100 each and two without GPUs. Labels are those that NVIDIA's GPU
feature discovery writes, so that whatever reads a genuine GPU node reads these. Invariant: the same specification gives
the same nodes, names included.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from lab.simulator.client.resources import NODES, Document

DEFAULT_NODES: Final = "2x8xH100,2xcpu"
OUR_NODE: Final = "simulator.lab/node"
KUBELET_VERSION: Final = "v1.33.0"
NODES_PER_RACK: Final = 4
NODES_PER_CLIQUE: Final = 18  # an NVL72 rack has 18 nodes of four GPUs
CLUSTER_UUID: Final = "7c9f2b7e-6f3b-4b0e-9d55-0f4f3a1c2d10"
_PART = re.compile(r"(?P<nodes>\d+)x(?:(?P<gpus>\d+)x)?(?P<model>[A-Za-z0-9]+)")


class ShapeError(ValueError):
    """A specification of nodes that cannot be read."""


@dataclass(frozen=True, slots=True)
class GpuModel:
    """What feature discovery says of one GPU model."""

    product: str
    memory_mib: int
    family: str
    compute: tuple[int, int]
    machine: str
    architecture: str = "amd64"
    has_cliques: bool = False


MODELS: Final[Mapping[str, GpuModel]] = {
    "A100": GpuModel("NVIDIA-A100-SXM4-80GB", 81920, "ampere", (8, 0), "DGXA100-920-23687-2530-000"),
    "L40S": GpuModel("NVIDIA-L40S", 46068, "ada-lovelace", (8, 9), "PowerEdge-R760xa"),
    "H100": GpuModel("NVIDIA-H100-80GB-HBM3", 81559, "hopper", (9, 0), "DGXH100"),
    "H200": GpuModel("NVIDIA-H200", 143771, "hopper", (9, 0), "DGXH200"),
    "B200": GpuModel("NVIDIA-B200", 183359, "blackwell", (10, 0), "DGXB200"),
    "GB200": GpuModel("NVIDIA-GB200", 189471, "blackwell", (10, 0), "GB200-NVL", "arm64", has_cliques=True),
}


@dataclass(frozen=True, slots=True)
class Shape:
    """A number of equal nodes."""

    nodes: int
    gpus: int
    model: str


def shapes(specification: str) -> tuple[Shape, ...]:
    """Return the shapes that a specification names."""
    return tuple(_shape(part.strip()) for part in specification.split(",") if part.strip())


def node_documents(specification: str) -> list[Document]:
    """Return all nodes of a specification, as they are created; their status is separate in the API."""
    documents: list[Document] = []
    for shape in shapes(specification):
        names = {document["metadata"]["name"] for document in documents}
        free = (name for number in range(10_000) if (name := _name(shape, number)) not in names)
        for number in range(shape.nodes):
            documents.append(_node(shape, next(free), number=number, ordinal=len(documents)))
    return documents


def _shape(part: str) -> Shape:
    found = _PART.fullmatch(part)
    if found is None:
        raise ShapeError(f"{part!r} is no shape of nodes: expected such as 2x8xH100 or 2xcpu")
    model, gpus = found["model"], int(found["gpus"] or 0)
    if model.lower() == "cpu":
        if gpus:
            raise ShapeError(f"{part!r}: a cpu node has no GPUs")
        return Shape(int(found["nodes"]), 0, "cpu")
    if model.upper() not in MODELS:
        raise ShapeError(f"{part!r}: unknown GPU model, expected one of {', '.join(MODELS)}")
    if not gpus:
        raise ShapeError(f"{part!r}: say how many GPUs a node has, such as {found['nodes']}x8x{model}")
    return Shape(int(found["nodes"]), gpus, model.upper())


def _name(shape: Shape, number: int) -> str:
    return f"cpu-{number}" if not shape.gpus else f"gpu-{shape.model.lower()}-{number}"


def _node(shape: Shape, name: str, *, number: int, ordinal: int) -> Document:
    capacity = _capacity(shape)
    model = MODELS.get(shape.model)
    architecture = model.architecture if model is not None else "amd64"
    return {
        "apiVersion": NODES.api_version,
        "kind": NODES.kind,
        "metadata": {"name": name, "labels": _labels(shape, name, number=number, architecture=architecture)},
        "spec": {"podCIDR": f"10.{64 + ordinal // 256}.{ordinal % 256}.0/24", "providerID": f"simulator://{name}"},
        "status": {
            "capacity": capacity,
            "allocatable": capacity,
            "addresses": [
                {"type": "InternalIP", "address": f"10.0.{ordinal // 250}.{ordinal % 250 + 1}"},
                {"type": "Hostname", "address": name},
            ],
            "nodeInfo": _info(name, architecture),
        },
    }


def _capacity(shape: Shape) -> dict[str, str]:
    if not shape.gpus:
        return {"cpu": "64", "memory": "256Gi", "ephemeral-storage": "1Ti", "pods": "110"}
    return {
        "cpu": "192",
        "memory": "2Ti",
        "ephemeral-storage": "8Ti",
        "hugepages-2Mi": "0",
        "nvidia.com/gpu": str(shape.gpus),
        "pods": "110",
    }


def _labels(shape: Shape, name: str, *, number: int, architecture: str) -> dict[str, str]:
    labels = {
        "beta.kubernetes.io/arch": architecture,
        "kubernetes.io/arch": architecture,
        "kubernetes.io/hostname": name,
        "kubernetes.io/os": "linux",
        "node.kubernetes.io/instance-type": f"{shape.gpus}x{shape.model}".lower() if shape.gpus else "cpu",
        "topology.kubernetes.io/region": "lab",
        "topology.kubernetes.io/zone": "lab-a",
        "topology.kubernetes.io/rack": f"{shape.model.lower()}-{number // NODES_PER_RACK}",
        OUR_NODE: "true",
    }
    model = MODELS.get(shape.model)
    return labels | _gpu_labels(shape, number, model) if model is not None else labels


def _gpu_labels(shape: Shape, number: int, model: GpuModel) -> dict[str, str]:
    major, minor = model.compute
    labels = {
        "nvidia.com/cuda.driver-version.full": "570.133.20",
        "nvidia.com/cuda.driver-version.major": "570",
        "nvidia.com/cuda.driver-version.minor": "133",
        "nvidia.com/cuda.driver-version.revision": "20",
        "nvidia.com/cuda.runtime-version.full": "12.8",
        "nvidia.com/cuda.runtime-version.major": "12",
        "nvidia.com/cuda.runtime-version.minor": "8",
        "nvidia.com/gpu.compute.major": str(major),
        "nvidia.com/gpu.compute.minor": str(minor),
        "nvidia.com/gpu.count": str(shape.gpus),
        "nvidia.com/gpu.family": model.family,
        "nvidia.com/gpu.machine": model.machine,
        "nvidia.com/gpu.memory": str(model.memory_mib),
        "nvidia.com/gpu.mode": "compute",
        "nvidia.com/gpu.present": "true",
        "nvidia.com/gpu.product": model.product,
        "nvidia.com/gpu.replicas": "1",
        "nvidia.com/gpu.sharing-strategy": "none",
        "nvidia.com/mig.capable": "false" if shape.model == "L40S" else "true",
        "nvidia.com/mig.strategy": "single",
    }
    if model.has_cliques:
        labels["nvidia.com/gpu.clique"] = f"{CLUSTER_UUID}.{number // NODES_PER_CLIQUE}"
    return labels


def _info(name: str, architecture: str) -> dict[str, str]:
    return {
        "architecture": architecture,
        "bootID": name,
        "containerRuntimeVersion": "containerd://2.0.5",
        "kernelVersion": "6.8.0",
        "kubeProxyVersion": KUBELET_VERSION,
        "kubeletVersion": KUBELET_VERSION,
        "machineID": name,
        "operatingSystem": "linux",
        "osImage": "Simulated",
        "systemUUID": name,
    }
