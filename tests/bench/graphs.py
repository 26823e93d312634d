"""The graphs that the cases apply: frontend, decode and prefill worker, as the reference was measured with, or more."""

from __future__ import annotations

from itertools import islice

from shared.core.json import Manifest
from shared.core.resources import GRAPHS

NAMESPACE = "bench"
TICK = "bench.example/tick"  # an annotation that nothing reads: changing it is a change without consequences
EDITED = "decode"  # the component whose replicas the edits change


def name_of_graph(number: int) -> str:
    """Return the name of the graph with this number."""
    return f"bench-{number}"


def graph(number: int, components: int = 3) -> Manifest:
    """Return one graph of so many components: a frontend, a decode worker, and prefill workers."""
    return {
        "apiVersion": GRAPHS.api_version,
        "kind": GRAPHS.kind,
        "metadata": {"name": name_of_graph(number), "namespace": NAMESPACE, "annotations": {TICK: "0"}},
        "spec": {"backendFramework": "vllm", "services": dict(islice(_services(components), components))},
    }


def gang(number: int) -> Manifest:
    """Return one graph of three components whose decode worker spans two nodes."""
    found = graph(number)
    found["spec"]["services"]["Decode"] |= {"multinode": {"nodeCount": 2}, "resources": {"limits": {"gpu": "8"}}}
    return found


def _services(components: int) -> list[tuple[str, Manifest]]:
    worker = "python3 -m dynamo.vllm --model Qwen/Qwen3-0.6B"
    prefill = _service("prefill", f"{worker} --is-prefill-worker")
    return [
        ("Frontend", _service("frontend", "python3 -m dynamo.frontend")),
        ("Decode", _service("decode", worker)),
        ("Prefill", prefill),
        *((f"Prefill{number}", prefill) for number in range(2, components - 1)),
    ]


def _service(kind: str, command: str) -> Manifest:
    container = {"image": "registry.example/dynamo-vllm:1.0", "command": ["/bin/sh", "-c"], "args": [command]}
    return {"componentType": kind, "replicas": 1, "extraPodSpec": {"mainContainer": container}}
