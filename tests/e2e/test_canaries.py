"""What users write in confidence stays in the Kubernetes API: no event, log, key, metric or condition repeats it.

A graph is applied with kubectl, so that its last-applied annotation holds everything once more, then edited; another
one is refused. Each place for free text holds a canary of its own.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import grpc
import pytest
import yaml
from etcd3.etcdrpc import rpc_pb2, rpc_pb2_grpc

from lab.launcher.bringup import SERVICES
from shared.contracts.streams import CHANGES, DEAD_LETTERS, DECISIONS
from shared.core.json import Manifest
from tests.e2e.stacks import LiveStack, stored_messages

NAMESPACE = "canaries"
PLACES = (
    "secret-data",
    "config-data",
    "graph-env",
    "component-env",
    "container-env",
    "command",
    "arguments",
    "graph-annotation",
    "component-annotation",
    "pod-annotation",
    "edited-env",
    "refused-env",
    "refused-arguments",
)
CANARIES = {place: f"canary-{place}-7f3a" for place in PLACES}
EVERY_KEY = rpc_pb2.RangeRequest(key=b"\0", range_end=b"\0")


def graph(name: str, env: str, arguments: str, **more: object) -> Manifest:
    container = {
        "image": "registry.example/dynamo-vllm:1.0",
        "command": ["/bin/sh", "-c", CANARIES["command"]],
        "args": [CANARIES[arguments]],
        "env": [{"name": "TOKEN", "value": CANARIES["container-env"]}],
    }
    frontend = {
        "componentType": "frontend",
        "replicas": 1,
        "envs": [{"name": "KEY", "value": CANARIES[env]}],
        "envFromSecret": "confidential",
        "annotations": {"example.com/note": CANARIES["component-annotation"]},
        "extraPodMetadata": {"annotations": {"example.com/note": CANARIES["pod-annotation"]}},
        "extraPodSpec": {
            "mainContainer": container,
            "volumes": [{"name": "settings", "configMap": {"name": "confidential"}}],
        },
        **more,
    }
    spec = {"envs": [{"name": "ALL", "value": CANARIES["graph-env"]}], "services": {"Frontend": frontend}}
    annotations = {"example.com/note": CANARIES["graph-annotation"]}
    return {
        "apiVersion": "nvidia.com/v1alpha1",
        "kind": "DynamoGraphDeployment",
        "metadata": {"name": name, "namespace": NAMESPACE, "annotations": annotations},
        "spec": spec,
    }


@dataclass(frozen=True, slots=True)
class Traces:
    """Everything that could repeat what a user wrote, as text by where it was found."""

    texts: Mapping[str, str]

    def canaries(self, where: str) -> list[str]:
        """Return which canaries a place holds."""
        return [place for place, canary in CANARIES.items() if canary in self.texts[where]]


async def events_of(stack: LiveStack) -> str:
    streams = [await stored_messages(stack.target, stream) for stream in (CHANGES, DECISIONS, DEAD_LETTERS)]
    return "\n".join(
        f"{message.subject} {dict(message.headers)} {message.body.decode()}" for found in streams for message in found
    )


def keys_of(stack: LiveStack) -> str:
    with grpc.insecure_channel(stack.record.etcd_endpoints.removeprefix("http://")) as channel:
        answer = rpc_pb2_grpc.KVStub(channel).Range(EVERY_KEY, timeout=5)
    return "\n".join(f"{pair.key.decode()} {pair.value.decode(errors='replace')}" for pair in answer.kvs)


def statuses_of(stack: LiveStack) -> str:
    kinds = "dynamographdeployments,dynamocomponentdeployments"
    items: list[dict[str, Any]] = json.loads(stack.kubectl("get", kinds, "-n", NAMESPACE, "-o", "json").stdout)["items"]
    return json.dumps([item["status"] for item in items])


def logs_of(folder: Path) -> str:
    return "\n".join(file.read_text(errors="replace") for file in folder.glob("*.log"))


@pytest.fixture(scope="module")
def traces(stack: LiveStack) -> Iterator[Traces]:
    """What is found everywhere after a graph was applied, became ready and was edited, and another one was refused."""
    data = {"apiVersion": "v1", "metadata": {"name": "confidential"}}
    stack.create_namespaces(
        [NAMESPACE],
        {**data, "kind": "Secret", "stringData": {"PASSWORD": CANARIES["secret-data"]}},
        {**data, "kind": "ConfigMap", "data": {"settings": CANARIES["config-data"]}},
    )
    for generation, env in enumerate(("component-env", "edited-env"), start=1):
        stack.kubectl("apply", "-f", "-", given=yaml.safe_dump(graph("chat", env, "arguments")))
        for path, value in (("observedGeneration", str(generation)), ("state", "successful")):
            stack.kubectl("wait", "dgd/chat", "-n", NAMESPACE, f"--for=jsonpath={{.status.{path}}}={value}")
    refused = graph("refused", "refused-env", "refused-arguments", ingress={"enabled": True})  # without a host
    stack.kubectl("apply", "-f", "-", given=yaml.safe_dump(refused), check=False)
    look: dict[str, Callable[[], str]] = {
        "deployments": lambda: stack.kubectl("get", "deployments", "-n", NAMESPACE, "-o", "json").stdout,
        "events of the log": lambda: asyncio.run(events_of(stack)),
        "log files": lambda: logs_of(stack.record.logs_folder),
        "etcd": lambda: keys_of(stack),
        "metrics": lambda: "\n".join(stack.metrics(service) for service in SERVICES),
        "statuses": lambda: statuses_of(stack),
        "Kubernetes Events": lambda: stack.kubectl("get", "events", "-n", NAMESPACE, "-o", "json").stdout,
    }
    yield Traces({where: read() for where, read in look.items()})
    stack.kubectl("delete", "namespace", NAMESPACE)


def test_the_canaries_are_where_they_belong(traces: Traces) -> None:
    expected = {"graph-env", "edited-env", "container-env", "command", "arguments", "pod-annotation"}

    assert expected <= set(traces.canaries("deployments"))


@pytest.mark.rule("P-13")
@pytest.mark.parametrize(
    "where", ["events of the log", "log files", "etcd", "metrics", "statuses", "Kubernetes Events"]
)
def test_no_canary_gets_out(traces: Traces, where: str) -> None:
    assert traces.texts[where]
    assert traces.canaries(where) == []


def test_the_log_tells_of_the_graph_all_the_same(traces: Traces) -> None:
    assert f"dynamographdeployments.{NAMESPACE}.chat" in traces.texts["events of the log"]
    assert f"{NAMESPACE}/chat" in traces.texts["etcd"]
    assert f"dynamographdeployments.{NAMESPACE}.refused" in traces.texts["events of the log"]
