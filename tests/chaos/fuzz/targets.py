"""The parsers that take what others wrote: what a good input looks like, and which error a bad one may end in.

Each target reads one input and says what became of it. Any exception but the target's own error is a crash of the
service that reads it, and fails the test.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import orjson

from services.reconciler.desired.rendering import render
from services.watcher import checkpoints
from services.webhook.reviews.answers import Answer, encode
from services.webhook.reviews.audits import audit
from services.webhook.reviews.graphs import review_graph
from services.webhook.reviews.questions import read_question
from shared.api.platform import PlatformContext
from shared.api.validation.identities import Policy
from shared.applying import inventories
from shared.contracts.capacity import Capacity, GpuCount, NodeCapacity, decode_capacity
from shared.contracts.envelope import ChangeHeaders, decode_change
from shared.contracts.facts import decode_orchestrators
from shared.contracts.keys import PARTITIONS, keys, partition_of
from shared.contracts.markers import SyncedMarker, decode_marker
from shared.contracts.subjects import change_subject, decode_token, parse_change_subject
from shared.contracts.summaries import summary
from shared.core.errors import InvalidObjectError, PlatformError
from shared.core.json import Manifest
from shared.core.objects import ref_of
from shared.core.resources import COMPONENTS, DEPLOYMENTS, GRAPHS, NODES, PODS, Ref, Resource
from shared.kube.answers import decode as decode_answer
from shared.ports.bus import StoredMessage
from shared.runtime.dead_letters import DeadLetter, decode_dead_letter
from shared.runtime.partitions.views.entries import decode_event, entry_of_change
from tests.chaos.fuzz.mutations import damaged_bytes, damaged_json, damaged_text
from tests.chaos.simulation import a_graph

NOW = datetime(2025, 1, 1, tzinfo=UTC)
GRAPH = a_graph("chat", services=("Frontend", "Worker"))
DEPLOYMENT = {
    "apiVersion": "apps/v1",
    "kind": "Deployment",
    "metadata": {
        "name": "chat-worker",
        "namespace": "default",
        "uid": "u-2",
        "resourceVersion": "7",
        "generation": 2,
        "labels": {"nvidia.com/dynamo-graph-deployment-name": "chat"},
        "annotations": {"example.com/team": "a"},
        "ownerReferences": [
            {
                "apiVersion": COMPONENTS.api_version,
                "kind": COMPONENTS.kind,
                "name": "chat",
                "uid": "u",
                "controller": True,
            }
        ],
        "managedFields": [{"manager": "dynamo-reconciler-children", "operation": "Apply", "fieldsV1": {"f:spec": {}}}],
    },
    "spec": {"replicas": 1, "template": {"spec": {"containers": [{"name": "main", "image": "registry.example/r:1"}]}}},
    "status": {"readyReplicas": 1, "observedGeneration": 2, "conditions": [{"type": "Available", "status": "True"}]},
}
POD = {
    "apiVersion": "v1",
    "kind": "Pod",
    "metadata": {"name": "p.0", "namespace": "default", "uid": "u-3", "resourceVersion": "9", "labels": {"a": "b"}},
    "spec": {"nodeName": "n", "containers": [{"name": "main", "resources": {"limits": {"nvidia.com/gpu": "1"}}}]},
    "status": {"phase": "Running", "containerStatuses": [{"name": "main", "state": {"waiting": {"reason": "x"}}}]},
}
NODE = {
    "apiVersion": "v1",
    "kind": "Node",
    "metadata": {"name": "gpu-0", "uid": "u-4", "resourceVersion": "3", "labels": {"nvidia.com/gpu.product": "H100"}},
    "spec": {"taints": [{"key": "nvidia.com/gpu", "effect": "NoSchedule"}]},
    "status": {"allocatable": {"nvidia.com/gpu": "8"}, "conditions": [{"type": "Ready", "status": "True"}]},
}
OBJECTS: dict[Resource, Manifest] = {DEPLOYMENTS: DEPLOYMENT, PODS: POD, NODES: NODE, GRAPHS: GRAPH}
HEADERS = ChangeHeaders(
    id="e-1",
    type="modified",
    source="/dynamo/demo/watcher?epoch=e.0",
    subject="default/chat",
    time=NOW,
    plural=DEPLOYMENTS.plural,
    uid="u-2",
    version=7,
    epoch="e.0",
    partition=3,
    generation=2,
    correlation="c",
).encode()


@dataclass(frozen=True, slots=True)
class Target:
    """One parser."""

    name: str
    reads: str  # where its input comes from
    attempt: Callable[[random.Random], Any]  # damages a good input and reads it; raises one of `refusals`
    is_refusal: Callable[[Any], bool] = lambda answer: answer is None
    refusals: tuple[type[Exception], ...] = (InvalidObjectError,)


def _of_bytes(read: Callable[[bytes], Any], *good: bytes) -> Callable[[random.Random], Any]:
    return lambda dice: read(damaged_bytes(dice, dice.choice(good)))


def _of_text(read: Callable[[str], Any], *good: str) -> Callable[[random.Random], Any]:
    return lambda dice: read(damaged_text(dice, dice.choice(good)))


def _event(dice: random.Random) -> None:
    """Read a whole change event, as a view does, with damage anywhere in it."""
    resource = dice.choice(sorted(OBJECTS))
    manifest = OBJECTS[resource]
    subject, headers = str(change_subject(3, ref_of(manifest))), dict(HEADERS)
    body = orjson.dumps(summary(resource, manifest))
    match dice.randrange(3):
        case 0:
            subject = damaged_text(dice, subject)
        case 1:
            name = dice.choice(sorted(headers))
            headers[name] = damaged_text(dice, headers[name])
        case _:
            body = damaged_bytes(dice, body)
    entry_of_change(decode_event(StoredMessage(subject, 1, NOW, headers, body)))


def _object(dice: random.Random) -> None:
    """Make of an odd object what the watcher makes of it: its address, its keys and its summary."""
    resource = dice.choice(sorted(OBJECTS))
    good = OBJECTS[resource]
    odd: Manifest = {part: damaged_json(dice, good[part]) for part in ("spec", "status") if part in good}
    manifest = {**good, **odd}  # the server sees to the rest: what it stores has an identity
    found = keys(resource, manifest)
    assert all(0 <= partition_of(key) < PARTITIONS for key in (found.own, *found.also))
    orjson.dumps(summary(resource, manifest))


def _inventory(value: bytes) -> inventories.Inventory | None:
    found = inventories.decode(value)
    assert inventories.decode(found.encode()) == found, "what was read can be written"
    assert all(isinstance(each.version, int) and isinstance(each.uid, str) for each in found.children.values())
    return None if found == inventories.EMPTY else found


def _review(body: bytes) -> Answer:
    question = read_question(body, "application/json")
    if isinstance(question, Answer):
        return question
    answer = review_graph(question, Policy())
    audit(question, answer, GRAPHS)
    encode(answer, question.uid)
    return answer


def _render(dice: random.Random) -> None:
    graph = damaged_json(dice, GRAPH)
    render(graph if isinstance(graph, dict) else {}, PlatformContext())


def _question(operation: str, old: object) -> bytes:
    request = {"uid": "r-1", "operation": operation, "namespace": "default", "object": GRAPH, "oldObject": old}
    return orjson.dumps({"kind": "AdmissionReview", "request": {**request, "userInfo": {"username": "someone"}}})


_APPLIED = inventories.Applied("u", 7, 2, "d", "o")
_INVENTORY = inventories.Inventory(
    inventories.Inputs("u", 1, "m", "c", "e"), {Ref(DEPLOYMENTS, "default", "chat"): _APPLIED}, "e"
)
_LETTER = DeadLetter(
    service="rbac", resource="pods", namespace="default", name="p", reason="because", attempts=3, time=NOW
)
_CAPACITY = Capacity(nodes=(NodeCapacity(name="n", gpus={"nvidia.com/gpu": GpuCount(allocatable=8, requested=1)}),))

TARGETS: Sequence[Target] = (
    Target("change event", "NATS", _event, is_refusal=lambda _: False),
    Target("headers of a change", "NATS", lambda dice: decode_change(_damaged_headers(dice))),
    Target(
        "change subject", "NATS", _of_text(lambda text: parse_change_subject(text).ref, "dynamo.changes.3.pods.a.p")
    ),
    Target("subject token", "NATS", _of_text(decode_token, "plain", "a=2Eb", "-")),
    Target("synced marker", "NATS", _of_bytes(decode_marker, SyncedMarker("e.0", NOW, 7).encode())),
    Target("dead letter", "NATS", _of_bytes(decode_dead_letter, _LETTER.model_dump_json().encode())),
    Target("inventory", "etcd", _of_bytes(_inventory, _INVENTORY.encode())),
    Target(
        "checkpoint",
        "etcd",
        _of_bytes(checkpoints.decode, checkpoints.encode(checkpoints.Checkpoint(7, "e.0", NOW))),
    ),
    Target("fact orchestrators", "etcd", _of_bytes(decode_orchestrators, b'{"v":1,"capabilities":["grove","lws"]}')),
    Target("fact gpu", "etcd", _of_bytes(decode_capacity, _CAPACITY.encode())),
    Target("object", "Kubernetes", _object, is_refusal=lambda _: False),
    Target(
        "answer of the API server",
        "Kubernetes",
        _of_bytes(decode_answer, orjson.dumps(DEPLOYMENT)),
        is_refusal=lambda _: False,
        refusals=(PlatformError,),
    ),
    Target(
        "admission review",
        "Kubernetes",
        _of_bytes(_review, _question("CREATE", None), _question("UPDATE", GRAPH)),
        is_refusal=lambda answer: not answer.allowed,
    ),
    Target("graph, rendered", "user", _render, is_refusal=lambda _: False),
)


def _damaged_headers(dice: random.Random) -> dict[str, str]:
    headers = dict(HEADERS)
    for name in dice.sample(sorted(headers), dice.randint(1, 3)):
        if dice.random() < 0.3:
            del headers[name]
        else:
            headers[name] = damaged_text(dice, headers[name])
    return headers
