"""The graph that every case applies: frontend, decode and prefill worker, as the reference was measured with."""

from __future__ import annotations

from shared.core.json import Manifest
from shared.core.resources import GRAPHS

SERVICES = 3


def graph(number: int, namespace: str) -> Manifest:
    """Return one graph of three components."""
    return {
        "apiVersion": GRAPHS.api_version,
        "kind": GRAPHS.kind,
        "metadata": {"name": f"bench-{number}", "namespace": namespace},
        "spec": {
            "backendFramework": "vllm",
            "services": {
                "Frontend": _service("frontend", "python3 -m dynamo.frontend"),
                "Decode": _service("decode", "python3 -m dynamo.vllm --model Qwen/Qwen3-0.6B"),
                "Prefill": _service("prefill", "python3 -m dynamo.vllm --model Qwen/Qwen3-0.6B --is-prefill-worker"),
            },
        },
    }


def _service(kind: str, command: str) -> Manifest:
    container = {"image": "registry.example/dynamo-vllm:1.0", "command": ["/bin/sh", "-c"], "args": [command]}
    return {"componentType": kind, "replicas": 1, "extraPodSpec": {"mainContainer": container}}
