"""What is read for an explanation: by name and label, at once, and without what does not answer."""

from __future__ import annotations

import asyncio
from typing import Any

import orjson
import pytest

from cli.explanations.evidence import Unread
from cli.inquiries.cluster import TRIAL_MANAGER, read_circumstances, read_objects
from cli.inquiries.log import read_log
from cli.inquiries.ownership import read_ownership
from cli.inquiries.sources import asked, knock, part
from shared.contracts.etcd_keys import EtcdKeys
from shared.contracts.keys import graph_key, partition_of
from shared.contracts.markers import SyncedMarker
from shared.contracts.streams import stream_specs
from shared.contracts.subjects import synced_subject
from shared.contracts.watched import WATCHED
from shared.core import labels
from shared.core.errors import ForbiddenError, PlatformError, TemporaryError, UnreachableError
from shared.core.json import Manifest
from shared.core.objects import ref_of, uid_of
from shared.core.resources import (
    COMPONENTS,
    DEPLOYMENTS,
    EVENTS,
    GRAPHS,
    NODES,
    PODS,
    REPLICA_SETS,
    SERVICE_ACCOUNTS,
    VALIDATING_WEBHOOKS,
    Resource,
)
from shared.ports.store import Put
from shared.testing.bus import FakeBus
from shared.testing.clock import FakeClock
from shared.testing.cluster import FakeCluster
from shared.testing.cluster_faults import Fault, Refuse, Request
from shared.testing.store import FakeStore
from tests.unit.cli.events import messages

NAMESPACE = "demo"
PARTITION = partition_of(graph_key(NAMESPACE, "chat"))


def an_object(resource: Resource, name: str, graph: str = "chat", **content: Any) -> Manifest:
    """Return an object of a graph."""
    metadata: Manifest = {"name": name, "labels": {labels.GRAPH_NAME: graph}}
    if resource.namespaced:
        metadata["namespace"] = NAMESPACE
    return {"apiVersion": resource.api_version, "kind": resource.kind, "metadata": metadata, **content}


def a_cluster() -> FakeCluster:
    """Return a cluster with a graph whose pod has no node, and with another graph."""
    cluster = FakeCluster(namespaces=("default", "kube-system", NAMESPACE))
    unplaced = {"conditions": [{"type": "PodScheduled", "status": "False"}]}
    account = {"template": {"spec": {"serviceAccountName": "missing"}}}
    for graph in ("chat", "other"):
        cluster.put(an_object(GRAPHS, graph, graph))
        cluster.put(an_object(COMPONENTS, f"{graph}-web", graph))
        cluster.put(an_object(DEPLOYMENTS, f"{graph}-web", graph, spec={"replicas": 1, **account}))
        cluster.put(an_object(REPLICA_SETS, f"{graph}-web-1", graph, spec={"replicas": 1}))
        pod = cluster.put(an_object(PODS, f"{graph}-pod", graph, spec={}))
        cluster.set_status(ref_of(pod), unplaced)
        event = {"involvedObject": {"uid": uid_of(pod)}, "reason": "FailedScheduling"}
        cluster.put(an_object(EVENTS, f"{graph}-event", graph, **event))
    cluster.put(an_object(NODES, "node"))
    return cluster


def with_webhook(cluster: FakeCluster) -> FakeCluster:
    """Return a cluster with a webhook over graphs."""
    rules = [{"apiGroups": [GRAPHS.group], "resources": [GRAPHS.plural]}]
    cluster.put(an_object(VALIDATING_WEBHOOKS, "hook", webhooks=[{"name": "w", "rules": rules}]))
    return cluster


@pytest.mark.asyncio
async def test_reads_what_belongs_to_the_graph_and_what_concerns_it() -> None:
    cluster = a_cluster()

    own = await read_objects(cluster, NAMESPACE, "chat")
    seen = await read_circumstances(cluster, NAMESPACE, "chat", own)

    assert [len(each) for each in (seen.components, seen.deployments, seen.replica_sets, seen.pods)] == [1, 1, 1, 1]
    assert [each["metadata"]["name"] for each in seen.events] == ["chat-event"]
    assert seen.accounts == {"missing": False}
    assert [each["metadata"]["name"] for each in seen.fleet or ()] == ["node"]
    assert (seen.gaps, seen.admission) == ({}, "")


@pytest.mark.asyncio
async def test_a_graph_that_is_ready_costs_the_first_round_only() -> None:
    cluster = FakeCluster(namespaces=("default", "kube-system", NAMESPACE))
    cluster.put(an_object(GRAPHS, "chat"))

    own = await read_objects(cluster, NAMESPACE, "chat")
    asked_before = len(cluster.requests)
    await read_circumstances(cluster, NAMESPACE, "chat", own)

    assert len(cluster.requests) == asked_before == 10


@pytest.mark.asyncio
async def test_what_may_not_be_read_is_a_gap_and_nothing_is_concluded_from_it() -> None:
    cluster = a_cluster()
    refused = {NODES, SERVICE_ACCOUNTS}

    def intercept(request: Request) -> Fault | None:
        return Refuse(ForbiddenError("may not")) if request.resource in refused else None

    cluster.intercept = intercept

    own = await read_objects(cluster, NAMESPACE, "chat")
    seen = await read_circumstances(cluster, NAMESPACE, "chat", own)

    assert (seen.fleet, seen.accounts) == (None, {})
    assert seen.gaps == {"nodes": "may not", "ServiceAccount missing": "may not"}


@pytest.mark.asyncio
async def test_a_graph_that_does_not_exist_has_the_nearest_names() -> None:
    cluster = a_cluster()

    own = await read_objects(cluster, NAMESPACE, "chta")
    seen = await read_circumstances(cluster, NAMESPACE, "chta", own)

    assert (seen.graph, seen.similar) == (None, ("demo/chat",))


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("refusal", "expected"),
    [
        pytest.param(None, "", id="comes through"),
        pytest.param(ForbiddenError("may not write"), "", id="who may not write has met admission"),
        pytest.param(
            UnreachableError('apply: Internal error: failed calling webhook "w": refused'),
            'failed calling webhook "w": refused',
            id="nobody answers",
        ),
    ],
)
async def test_a_trial_write_tells_whether_admission_answers(refusal: PlatformError | None, expected: str) -> None:
    cluster = with_webhook(a_cluster())

    def intercept(request: Request) -> Fault | None:
        return Refuse(refusal) if refusal is not None and request.verb == "apply" else None

    cluster.intercept = intercept
    before = cluster.all(GRAPHS)

    own = await read_objects(cluster, NAMESPACE, "chat")
    seen = await read_circumstances(cluster, NAMESPACE, "chat", own)

    assert seen.admission == expected
    assert [each.manager for each in cluster.requests if each.verb == "apply"] == [TRIAL_MANAGER]
    assert cluster.all(GRAPHS) == before


async def a_bus(*incomplete: Resource) -> FakeBus:
    """Return a log with a graph, and with the markers of all resources but some."""
    bus = FakeBus(FakeClock())
    await bus.provision(stream_specs(), install="demo")
    graph = an_object(GRAPHS, "chat", status={"state": "pending"})
    graph["metadata"] |= {"uid": "uid-chat", "resourceVersion": "5", "generation": 1}
    for message in messages(graph):
        await bus.publish(message.subject, message.body, message.headers)
    created = (await bus.state("DYNAMO_CHANGES")).created
    for resource in WATCHED:
        if resource not in incomplete:
            marker = SyncedMarker(epoch="e", stream_created=created, version=1)
            await bus.publish(synced_subject(resource), marker.encode(), {})
    for name in ("chat", "other"):
        for log in ("decisions", "dlq"):
            subject = f"dynamo.{log}.rbac.dynamographdeployments.{NAMESPACE}.{name}"
            body = orjson.dumps({"message": name, "reason": name})
            await bus.publish(subject, body, {"ce-type": "com.nvidia.dynamo.rbac.created.v1"})
    return bus


@pytest.mark.asyncio
async def test_reads_the_graphs_own_subjects_of_the_log() -> None:
    bus = await a_bus(PODS)

    found = await read_log(bus, NAMESPACE, "chat", components=["chat-web"], version=5)

    assert found.change is not None
    assert (found.change.version, found.change.state) == (5, "pending")
    assert found.incomplete == ("pods",)
    assert [(step.service, step.decision, step.message) for step in found.steps] == [("rbac", "created", "chat")]
    assert [(letter.kind, letter.reason) for letter in found.letters] == [("DynamoGraphDeployment", "chat")]


@pytest.mark.asyncio
async def test_a_stream_that_is_missing_is_named() -> None:
    found = await read_log(FakeBus(FakeClock()), NAMESPACE, "chat", components=[], version=0)

    assert found.missing_stream == "DYNAMO_CHANGES"


@pytest.mark.asyncio
async def test_reads_who_lives_and_who_owns_what() -> None:
    store, keys = FakeStore(FakeClock()), EtcdKeys("demo")
    await store.commit(
        [
            Put(f"{keys.members('reconciler')}r-1", b'{"since": "2025-01-01T00:00:00+00:00"}'),
            Put(f"{keys.members('rbac')}a-1", b"damaged"),
            Put(keys.claim("reconciler", str(PARTITION)), b"r-1"),
            Put(keys.claim("watcher", GRAPHS.group_resource), b"w-1"),
            Put(keys.fact("gpu"), b"damaged"),
        ]
    )

    found = await read_ownership(store, "demo", NAMESPACE, "chat")

    assert (found.partition, dict(found.owners)) == (PARTITION, {"reconciler": "r-1"})
    assert found.replicas["reconciler"]["r-1"] is not None
    assert found.replicas["rbac"] == {"a-1": None}
    assert GRAPHS.plural not in found.unwatched
    assert PODS.plural in found.unwatched
    assert (found.capacity, found.has_orchestrators, found.is_capacity_fresh) == (None, False, False)


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("error", "reason"),
    [
        pytest.param(UnreachableError("away"), "away", id="away"),
        pytest.param(OSError("refused"), "refused", id="of the system"),
        pytest.param(
            ExceptionGroup("several", [ExceptionGroup("", [TemporaryError("deep")])]), "deep", id="in a group"
        ),
        pytest.param(TimeoutError(), "no answer within 5 s", id="silent"),
    ],
)
async def test_a_source_that_does_not_answer_is_unread(error: Exception, reason: str) -> None:
    async def ask() -> str:
        raise error

    assert await asked(ask, "there") == Unread("there", reason)


@pytest.mark.asyncio
async def test_a_bug_is_not_taken_for_a_source_that_is_away() -> None:
    async def ask() -> str:
        raise ExceptionGroup("both", [UnreachableError("away"), LookupError("a bug")])

    with pytest.raises(ExceptionGroup, match="both"):
        await asked(ask, "there")


@pytest.mark.asyncio
async def test_one_failed_answer_among_several_is_noted() -> None:
    gaps: dict[str, str] = {}

    async def fail() -> int:
        await asyncio.sleep(0)
        raise UnreachableError("away")

    assert (await part(gaps, "this", fail(), 7), gaps) == (7, {"this": "away"})


@pytest.mark.asyncio
async def test_without_an_address_nobody_can_be_asked() -> None:
    with pytest.raises(UnreachableError, match="no address is known"):
        await knock([], 1)
