"""Which of the recorded manifests hold only what single-node components need."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import yaml

from tests.conformance import Conformance

SINGLE_NODE = (
    "deploy/discovery/dgd.yaml",
    "examples/backends/mocker/deploy/agg.yaml",
    "examples/backends/mocker/deploy/disagg.yaml",
    "examples/backends/sglang/deploy/agg.yaml",
    "examples/backends/sglang/deploy/agg_logging.yaml",
    "examples/backends/sglang/deploy/agg_router.yaml",
    "examples/backends/sglang/deploy/disagg.yaml",
    "examples/backends/sglang/deploy/disagg_planner.yaml",
    "examples/backends/trtllm/deploy/agg-with-config.yaml",
    "examples/backends/trtllm/deploy/agg.yaml",
    "examples/backends/trtllm/deploy/agg_router.yaml",
    "examples/backends/trtllm/deploy/disagg.yaml",
    "examples/backends/trtllm/deploy/disagg_planner.yaml",
    "examples/backends/trtllm/deploy/disagg_router.yaml",
    "examples/backends/vllm/deploy/agg.yaml",
    "examples/backends/vllm/deploy/agg_kvbm.yaml",
    "examples/backends/vllm/deploy/agg_router.yaml",
    "examples/backends/vllm/deploy/agg_router_kv_approx.yaml",
    "examples/backends/vllm/deploy/disagg.yaml",
    "examples/backends/vllm/deploy/disagg_kvbm.yaml",
    "examples/backends/vllm/deploy/disagg_kvbm_2p2d.yaml",
    "examples/backends/vllm/deploy/disagg_kvbm_tp2.yaml",
    "examples/backends/vllm/deploy/disagg_planner.yaml",
    "examples/backends/vllm/deploy/disagg_router.yaml",
    "examples/basics/kubernetes/Distributed_Inference/agg_router.yaml",
    "examples/basics/kubernetes/Distributed_Inference/disagg_router.yaml",
    "examples/custom_backend/hello_world/deploy/hello_world.yaml",
    "examples/multimodal/deploy/agg_llava.yaml",
    "examples/multimodal/deploy/agg_qwen.yaml",
)

MULTINODE = (
    "examples/backends/sglang/deploy/disagg-multinode.yaml",
    "examples/backends/trtllm/deploy/disagg-multinode.yaml",
    "examples/backends/vllm/deploy/disagg-multinode.yaml",
)


# Those of the above that were also recorded with every option set, and with etcd as the discovery back end.
WITH_OPTIONS = WITH_ETCD = (
    "examples/backends/trtllm/deploy/agg.yaml",
    "examples/backends/vllm/deploy/agg.yaml",
    "examples/backends/vllm/deploy/disagg.yaml",
    "examples/backends/vllm/deploy/disagg_planner.yaml",
    "examples/custom_backend/hello_world/deploy/hello_world.yaml",
)


def found(conformance: Conformance) -> Iterator[str]:
    """Yield the manifests that are in scope by what they hold."""
    folder = conformance.data / "manifests"
    for path in sorted(folder.rglob("*.yaml")):
        documents = [document for document in yaml.safe_load_all(path.read_text()) if document]
        if any(map(_is_graph, documents)) and all(map(_is_in_scope, documents)):
            yield path.relative_to(folder).as_posix()


def _is_graph(document: dict[str, Any]) -> bool:
    return bool(document["kind"] == "DynamoGraphDeployment")


def _is_in_scope(document: dict[str, Any]) -> bool:
    if not _is_graph(document):
        return bool(document["kind"] == "ConfigMap")
    services = document["spec"]["services"].values()
    is_single = not any("multinode" in service or "modelRef" in service for service in services)
    return is_single and "pvcs" not in document["spec"]
