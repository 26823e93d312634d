"""What simulated nodes look like."""

import pytest

from lab.simulator.nodes.shapes import Shape, ShapeError, node_documents, shapes


def test_reads_a_specification() -> None:
    assert shapes("2x8xH100, 3xcpu") == (Shape(2, 8, "H100"), Shape(3, 0, "cpu"))


@pytest.mark.parametrize("specification", ["H100", "2xH100", "2x8xcpu", "2x8xT4", "x"])
def test_a_specification_that_cannot_be_read_is_refused(specification: str) -> None:
    with pytest.raises(ShapeError):
        shapes(specification)


def test_nodes_are_named_after_their_shape() -> None:
    names = [node["metadata"]["name"] for node in node_documents("2x8xH100,1xcpu,1x8xH100")]

    assert names == ["gpu-h100-0", "gpu-h100-1", "cpu-0", "gpu-h100-2"]


def test_a_gpu_node_carries_what_feature_discovery_writes() -> None:
    (node,) = node_documents("1x8xH100")

    labels = node["metadata"]["labels"]
    assert labels["nvidia.com/gpu.product"] == "NVIDIA-H100-80GB-HBM3"
    assert (labels["nvidia.com/gpu.memory"], labels["nvidia.com/gpu.count"]) == ("81559", "8")
    assert "nvidia.com/gpu.clique" not in labels
    assert node["status"]["allocatable"]["nvidia.com/gpu"] == "8"


def test_nodes_of_one_nvlink_rack_share_a_clique() -> None:
    nodes = node_documents("19x4xGB200")

    cliques = [node["metadata"]["labels"]["nvidia.com/gpu.clique"] for node in nodes]
    assert len(set(cliques[:18])) == 1
    assert cliques[18] != cliques[0]


def test_a_cpu_node_has_no_gpu_labels() -> None:
    (node,) = node_documents("1xcpu")

    assert not [label for label in node["metadata"]["labels"] if label.startswith("nvidia.com/")]
    assert "nvidia.com/gpu" not in node["status"]["capacity"]


def test_every_node_has_an_address_of_its_own() -> None:
    addresses = [node["status"]["addresses"][0]["address"] for node in node_documents("300x8xH100")]

    assert len(set(addresses)) == 300
