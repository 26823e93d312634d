"""The fake cluster: the hooks that tests perturb it with, and what it does only on command."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from shared.core.errors import (
    ConflictError,
    ForbiddenError,
    InvalidObjectError,
    NotFoundError,
    UnknownResultError,
    UnreachableError,
)
from shared.core.json import Manifest
from shared.core.objects import generation_of, is_deleting, name_of, uid_of, version_of
from shared.core.resources import (
    ADD_ONS,
    CONFIG_MAPS,
    DEPLOYMENTS,
    GRAPHS,
    LEADER_WORKER_SETS,
    NAMESPACES,
    POD_CLIQUE_SETS,
    SCALING_ADAPTERS,
    Ref,
    Resource,
)
from shared.ports.cluster import Absent, Bookmark, Interrupted, Observation, Observed, Selection, Snapshot
from shared.testing.clock import FakeClock
from shared.testing.cluster import FakeCluster
from shared.testing.cluster_faults import Delay, Fault, LoseAnswer, LoseRequest, Refuse, Request

pytestmark = pytest.mark.asyncio

CHAT = Ref(GRAPHS, "default", "chat")
SETTINGS = Ref(CONFIG_MAPS, "default", "settings")


def a_graph(**spec: object) -> Manifest:
    """Return a graph."""
    metadata = {"name": "chat", "namespace": "default"}
    return {"apiVersion": "nvidia.com/v1alpha1", "kind": "DynamoGraphDeployment", "metadata": metadata, "spec": spec}


def a_child(owner: Manifest, name: str = "settings") -> Manifest:
    """Return a ConfigMap that an object controls."""
    reference = {"apiVersion": owner["apiVersion"], "kind": owner["kind"], "name": name_of(owner)}
    owners = [{**reference, "uid": uid_of(owner), "controller": True}]
    metadata = {"name": name, "namespace": "default", "ownerReferences": owners}
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata}


async def taken(seen: AsyncIterator[Observation], count: int) -> list[Observation]:
    """Return the next observations."""
    async with asyncio.timeout(5):
        return [await anext(seen) for _ in range(count)]


@pytest.mark.parametrize(
    ("fault", "error", "is_done"),
    [
        pytest.param(Refuse(ForbiddenError("no")), ForbiddenError, False, id="refused"),
        pytest.param(LoseAnswer(), UnknownResultError, True, id="done and lost"),
        pytest.param(LoseRequest(), UnknownResultError, False, id="lost on the way"),
    ],
)
async def test_a_write_can_fail_in_three_ways(fault: Fault, error: type[Exception], is_done: bool) -> None:
    cluster = FakeCluster()
    cluster.intercept = lambda request: fault if request.verb == "apply" else None

    with pytest.raises(error):
        await cluster.apply(a_graph(), manager="ours")

    assert (cluster.peek(CHAT) is not None) == is_done


async def test_a_lost_read_leaves_nothing_unknown() -> None:
    cluster = FakeCluster()
    cluster.intercept = lambda _: LoseAnswer()

    with pytest.raises(UnreachableError) as raised:
        await cluster.get(CHAT)

    assert not isinstance(raised.value, UnknownResultError)


async def test_a_delayed_write_meets_what_happened_meanwhile() -> None:
    clock = FakeClock()
    cluster = FakeCluster(clock)
    created = cluster.put(a_graph())
    cluster.intercept = lambda _: Delay(timedelta(seconds=2))

    async with asyncio.TaskGroup() as tasks:
        guarded = a_graph(backend="vllm")
        guarded["metadata"]["uid"] = uid_of(created)
        writing = tasks.create_task(_refused(cluster, guarded))
        await clock.advance(timedelta(seconds=1))
        cluster.remove(CHAT)
        await clock.advance(timedelta(seconds=1))

    assert writing.result()
    assert cluster.peek(CHAT) is None


async def _refused(cluster: FakeCluster, manifest: Manifest) -> bool:
    with pytest.raises(ConflictError):
        await cluster.apply(manifest, manager="ours")
    return True


async def test_something_can_happen_between_any_two_requests() -> None:
    cluster = FakeCluster()
    cluster.put(a_graph())

    def delete_before_the_second(request: Request) -> None:
        if request.number == 2:
            cluster.remove(CHAT)

    cluster.intercept = delete_before_the_second

    assert await cluster.get(CHAT) is not None
    assert await cluster.get(CHAT) is None


async def test_requests_are_remembered_and_writes_told_apart() -> None:
    cluster = FakeCluster()

    await cluster.apply(a_graph(), manager="ours")
    await cluster.get(CHAT)

    assert [(request.verb, request.name, request.manager) for request in cluster.requests] == [
        ("apply", "chat", "ours"),
        ("get", "chat", ""),
    ]
    assert [request.verb for request in cluster.writes] == ["apply"]


async def test_nobody_can_change_what_is_stored_through_an_answer() -> None:
    cluster = FakeCluster()
    answer = await cluster.apply(a_graph(backend="vllm"), manager="ours")

    answer["spec"]["backend"] = "other"

    assert (cluster.peek(CHAT) or {})["spec"] == {"backend": "vllm"}


async def test_children_go_with_their_owner() -> None:
    cluster = FakeCluster()
    owner = cluster.put(a_graph())
    cluster.put(a_child(owner))

    cluster.remove(CHAT)

    assert cluster.peek(SETTINGS) is None


async def test_the_garbage_collector_can_be_late() -> None:
    cluster = FakeCluster(collects_at_once=False)
    owner = cluster.put(a_graph())
    cluster.put(a_child(owner))
    cluster.remove(CHAT)

    before = cluster.peek(SETTINGS)
    cluster.objects.collect_garbage()

    assert before is not None
    assert cluster.peek(SETTINGS) is None


async def test_orphans_stay_without_their_owner() -> None:
    cluster = FakeCluster()
    owner = cluster.put(a_graph())
    cluster.put(a_child(owner))

    await cluster.delete(CHAT, uid=uid_of(owner), propagation="Orphan")

    left = cluster.peek(SETTINGS)
    assert left is not None
    assert not left["metadata"].get("ownerReferences")


async def test_a_namespace_ends_when_the_last_finalizer_in_it_is_gone() -> None:
    cluster = FakeCluster(namespaces=("default", "demo"))
    held = a_graph()
    held["metadata"] |= {"namespace": "demo", "finalizers": ["nvidia.com/finalizer"]}
    cluster.put(held)
    ref, home = Ref(GRAPHS, "demo", "chat"), Ref(NAMESPACES, "", "demo")

    cluster.remove(home)
    waiting = cluster.peek(home)
    with pytest.raises(ForbiddenError):
        cluster.put({**a_child(held, "late"), "metadata": {"name": "late", "namespace": "demo"}})
    await cluster.patch(ref, [{"op": "remove", "path": "/metadata/finalizers"}], manager="ours")

    assert waiting is not None
    assert is_deleting(waiting)
    assert (cluster.peek(ref), cluster.peek(home)) == (None, None)


async def test_no_finalizer_joins_an_object_that_is_deleted() -> None:
    cluster = FakeCluster()
    held = a_graph()
    held["metadata"]["finalizers"] = ["nvidia.com/finalizer"]
    cluster.put(held)
    cluster.remove(CHAT)
    held["metadata"]["finalizers"] = ["nvidia.com/finalizer", "example.com/late"]

    with pytest.raises(InvalidObjectError, match="no new finalizers"):
        await cluster.apply(held, manager="ours")


async def test_other_actors_edit_and_report() -> None:
    cluster = FakeCluster()
    created = cluster.put(a_graph(backend="vllm"))

    edited = cluster.edit(CHAT, lambda graph: graph["spec"].update(backend="sglang"))
    reported = cluster.set_status(CHAT, {"state": "successful"})
    replaced = cluster.put(a_graph(backend="trtllm"))

    assert [generation_of(item) for item in (created, edited, reported, replaced)] == [1, 2, 2, 3]
    assert replaced["status"] == {"state": "successful"}
    assert [name_of(item) for item in cluster.all(GRAPHS)] == ["chat"]


async def test_watch_events_can_be_late_and_stay_in_order() -> None:
    clock = FakeClock()
    cluster = FakeCluster(clock)
    seen = cluster.follow(GRAPHS)
    await anext(seen)
    cluster.watches.delay = lambda _, version: timedelta(seconds=2 if version % 2 else 1)

    async with asyncio.TaskGroup() as tasks:
        taking = tasks.create_task(taken(seen, 3))
        for backend in ("vllm", "sglang", "trtllm"):
            cluster.put(a_graph(backend=backend))
        await clock.advance(timedelta(milliseconds=900))
        too_early = taking.done()
        await clock.advance(timedelta(seconds=2))

    versions = [version_of(item.manifest) for item in taking.result() if isinstance(item, Observed)]
    assert not too_early
    assert versions == sorted(versions)


async def test_a_lost_history_replaces_what_was_not_delivered() -> None:
    cluster = FakeCluster()
    seen = cluster.follow(GRAPHS)
    await anext(seen)
    cluster.put(a_graph(backend="vllm"))

    cluster.watches.relist(CONFIG_MAPS)
    cluster.watches.relist(GRAPHS)
    (snapshot,) = await taken(seen, 1)

    assert isinstance(snapshot, Snapshot)
    assert [name_of(item) for item in snapshot.items] == ["chat"]


async def test_an_expired_history_cannot_be_resumed() -> None:
    cluster = FakeCluster()
    version = version_of(cluster.put(a_graph()))
    cluster.put(a_graph(backend="vllm"))
    resumed = await anext(cluster.follow(GRAPHS, resume_from=version))
    cluster.expire_history()

    listed = await anext(cluster.follow(GRAPHS, resume_from=version))

    assert isinstance(resumed, Observed)
    assert isinstance(listed, Snapshot)


async def test_bookmarks_and_breaks_come_on_command() -> None:
    cluster = FakeCluster()
    seen = cluster.follow(GRAPHS)
    await anext(seen)

    cluster.watches.bookmark()
    cluster.watches.interrupt()
    observations = await taken(seen, 2)

    assert observations == [Bookmark(cluster.objects.version), Interrupted()]


async def test_a_kind_can_come_and_go() -> None:
    cluster = FakeCluster()
    cluster.put(a_graph())
    seen = cluster.follow(GRAPHS)
    await anext(seen)

    cluster.stop_serving(GRAPHS)
    (absent,) = await taken(seen, 1)
    with pytest.raises(NotFoundError):
        await cluster.list(GRAPHS)
    with pytest.raises(NotFoundError):
        await cluster.apply(a_graph(), manager="ours")
    cluster.serve(GRAPHS)
    (listed,) = await taken(seen, 1)

    assert isinstance(absent, Absent)
    assert isinstance(listed, Snapshot)
    assert listed.items == ()


async def test_a_closed_follower_is_forgotten() -> None:
    cluster = FakeCluster()
    seen = cluster.follow(GRAPHS)
    await anext(seen)
    opened = cluster.watches.count
    await seen.aclose()

    cluster.put(a_graph())

    assert (opened, cluster.watches.count, cluster.watches.undelivered) == (1, 0, 0)


@pytest.mark.parametrize(
    ("selector", "names"),
    [
        pytest.param("app=a", ["a"], id="equal"),
        pytest.param("app==a", ["a"], id="twice equal"),
        pytest.param("app!=a", ["b", "c"], id="unequal"),
        pytest.param("app in (a, b)", ["a", "b"], id="in"),
        pytest.param("app notin (a,b)", ["c"], id="not in"),
        pytest.param("app", ["a", "b"], id="present"),
        pytest.param("!app", ["c"], id="absent"),
        pytest.param("app,app!=b", ["a"], id="both"),
    ],
)
async def test_labels_select(selector: str, names: list[str]) -> None:
    cluster = FakeCluster()
    for name, labels in (("a", {"app": "a"}), ("b", {"app": "b"}), ("c", {})):
        metadata = {"name": name, "namespace": "default", "labels": labels}
        cluster.put({"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata})

    listed = await cluster.list(CONFIG_MAPS, Selection(label_selector=selector))

    assert [name_of(item) for item in listed.items] == names


@pytest.mark.parametrize(("selector", "count"), [("metadata.name=a", 1), ("metadata.name!=a", 1), ("spec.x=y", 0)])
async def test_fields_select(selector: str, count: int) -> None:
    cluster = FakeCluster()
    for name in ("a", "b"):
        cluster.put({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name, "namespace": "default"}})

    listed = await cluster.list(CONFIG_MAPS, Selection(field_selector=selector))

    assert len(listed.items) == count


@pytest.mark.parametrize(
    ("operations", "expected"),
    [
        pytest.param([{"op": "add", "path": "/items/-", "value": 3}], [1, 2, 3], id="append"),
        pytest.param([{"op": "add", "path": "/items/0", "value": 0}], [0, 1, 2], id="insert"),
        pytest.param([{"op": "replace", "path": "/items/1", "value": 9}], [1, 9], id="replace"),
        pytest.param([{"op": "remove", "path": "/items/0"}], [2], id="remove"),
    ],
)
async def test_patches_reach_into_lists(operations: list[dict[str, object]], expected: list[int]) -> None:
    cluster = FakeCluster()
    cluster.put(a_graph(items=[1, 2]))
    at_spec = [{**operation, "path": f"/spec{operation['path']}"} for operation in operations]

    patched = await cluster.patch(CHAT, at_spec, manager="ours")

    assert patched["spec"]["items"] == expected


@pytest.mark.parametrize(
    ("manifest", "error"),
    [
        pytest.param({**a_graph(), "metadata": {"name": "chat"}}, InvalidObjectError, id="no namespace"),
        pytest.param({"apiVersion": "v1", "kind": "Unknown", "metadata": {"name": "x"}}, InvalidObjectError, id="kind"),
        pytest.param(
            {**a_graph(), "metadata": {**a_graph()["metadata"], "managedFields": [{}]}}, InvalidObjectError, id="fields"
        ),
    ],
)
async def test_what_a_server_refuses_is_refused(manifest: Manifest, error: type[Exception]) -> None:
    cluster = FakeCluster()
    cluster.put(a_graph())

    with pytest.raises(error):
        await cluster.apply(manifest, manager="ours")


async def test_groups_are_those_of_the_kinds_served() -> None:
    cluster = FakeCluster()
    cluster.serve(Resource("grove.io", "v1alpha1", "podcliquesets", "PodCliqueSet"))
    cluster.stop_serving(DEPLOYMENTS)

    groups = await cluster.served_groups()

    assert groups["grove.io"] == {"podcliquesets"}
    assert "deployments" not in groups["apps"]


ADD_ON_CHANGES = [
    pytest.param(LEADER_WORKER_SETS, "leaderWorkerTemplate", {"size": 2}, {"size": 3}, id="size of a group"),
    pytest.param(
        POD_CLIQUE_SETS,
        "template",
        {"cliques": [{"name": "a", "spec": {"roleName": "a", "minAvailable": 1}}]},
        {"cliques": [{"name": "a", "spec": {"roleName": "a", "minAvailable": 2}}]},
        id="minimum of a clique",
    ),
    pytest.param(
        POD_CLIQUE_SETS,
        "template",
        {"cliqueStartupType": "CliqueStartupTypeExplicit", "cliques": [{"name": "a"}, {"name": "b"}]},
        {"cliqueStartupType": "CliqueStartupTypeExplicit", "cliques": [{"name": "b"}, {"name": "a"}]},
        id="order of cliques that start in order",
    ),
]


@pytest.mark.parametrize(("resource", "member", "before", "after"), ADD_ON_CHANGES)
async def test_what_add_ons_never_let_change_is_refused(
    resource: Resource, member: str, before: Manifest, after: Manifest
) -> None:
    cluster = FakeCluster()
    cluster.serve(resource)
    identity = {"apiVersion": resource.api_version, "kind": resource.kind}
    metadata = {"name": "chat", "namespace": "default"}
    await cluster.apply({**identity, "metadata": metadata, "spec": {member: before}}, manager="ours")

    with pytest.raises(InvalidObjectError, match="immutable"):
        await cluster.apply({**identity, "metadata": metadata, "spec": {member: after}}, manager="ours")


async def test_cliques_without_an_order_may_be_listed_in_any() -> None:
    cluster = FakeCluster()
    cluster.serve(POD_CLIQUE_SETS)
    identity = {"apiVersion": POD_CLIQUE_SETS.api_version, "kind": "PodCliqueSet"}
    metadata = {"name": "chat", "namespace": "default"}
    cliques = [{"name": "a"}, {"name": "b"}]
    await cluster.apply({**identity, "metadata": metadata, "spec": {"template": {"cliques": cliques}}}, manager="ours")

    again = {**identity, "metadata": metadata, "spec": {"template": {"cliques": cliques[::-1]}}}
    answer = await cluster.apply(again, manager="ours")

    assert generation_of(answer) == 2


async def test_add_ons_are_not_served_until_a_test_serves_them() -> None:
    cluster = FakeCluster()

    groups = await cluster.served_groups()

    assert not {each.group for each in ADD_ONS} & groups.keys()


async def test_a_scale_shows_the_selector_of_the_status() -> None:
    cluster = FakeCluster()
    ref = Ref(SCALING_ADAPTERS, "default", "chat-w")
    metadata = {"name": "chat-w", "namespace": "default"}
    spec = {"replicas": 1, "dgdRef": {"name": "chat", "serviceName": "w"}}
    cluster.put({"apiVersion": ref.resource.api_version, "kind": ref.resource.kind, "metadata": metadata, "spec": spec})
    cluster.set_status(ref, {"replicas": 1, "selector": "a=b"})

    scale = await cluster.patch(
        ref, [{"op": "replace", "path": "/spec/replicas", "value": 2}], manager="hpa", subresource="scale"
    )

    assert (scale["spec"], scale["status"]) == ({"replicas": 2}, {"replicas": 1, "selector": "a=b"})
