"""What the adapter does when the API server, or what lies between, behaves badly."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Protocol

import pytest
from aiohttp import web

from shared.core.errors import (
    ConflictError,
    ForbiddenError,
    InvalidObjectError,
    UnknownResultError,
    UnreachableError,
)
from shared.core.json import Manifest
from shared.core.resources import CONFIG_MAPS, Ref
from shared.kube.answers import ThrottledError
from shared.kube.clusters import KubeCluster, KubeOptions, open_cluster
from shared.kube.informers import InformerOptions
from shared.ports.cluster import Absent, Bookmark, Interrupted, Observation, Observed, Selection, Snapshot
from shared.runtime.clock import SystemClock
from tests.contract.kube import scripted
from tests.contract.kube.clusters import PATIENCE
from tests.contract.kube.scripted import EagerClock, ScriptedApi, event, item, list_answer, status, stream

pytestmark = pytest.mark.asyncio

REF = Ref(CONFIG_MAPS, "demo", "settings")
MANIFEST: Manifest = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "settings", "namespace": "demo"}}
DEADLINE = timedelta(milliseconds=400)


class Open(Protocol):
    """Opens the adapter on a scripted server."""

    def __call__(
        self, api: ScriptedApi, *, clock: EagerClock | None = None, user: dict[str, object] | None = None
    ) -> AbstractAsyncContextManager[KubeCluster]: ...


@pytest.fixture
def opened(tmp_path: Path) -> Open:
    """Opens the adapter, impatient, on a scripted server."""

    @asynccontextmanager
    async def open_on(
        api: ScriptedApi, *, clock: EagerClock | None = None, user: dict[str, object] | None = None
    ) -> AsyncIterator[KubeCluster]:
        informer = InformerOptions(silence=DEADLINE, page=2)
        async with scripted.serve(api, tmp_path, user=user) as kubeconfig:
            options = KubeOptions(kubeconfig, deadline=DEADLINE, connections=1, informer=informer, user_agent="ours/1")
            async with open_cluster(options, clock or SystemClock()) as cluster:
                yield cluster

    return open_on


async def observed(cluster: KubeCluster, count: int, *, resume_from: int | None = None) -> list[Observation]:
    """Return the first observations of the ConfigMaps."""
    found: list[Observation] = []
    async with asyncio.timeout(PATIENCE):
        async for observation in cluster.follow(CONFIG_MAPS, resume_from=resume_from):
            found.append(observation)
            if len(found) == count:
                break
    return found


def in_turn(*answers: Callable[[web.Request], Awaitable[web.StreamResponse]]) -> ScriptedApi:
    """Give one answer after the other, the last one for ever."""
    rest = list(answers)

    async def answer(request: web.Request) -> web.StreamResponse:
        return await (rest.pop(0) if len(rest) > 1 else rest[0])(request)

    return ScriptedApi(answer)


def always(response: Callable[[], web.Response]) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
    """Answer with a new response of the same content."""

    async def answer(_: web.Request) -> web.StreamResponse:
        return response()

    return answer


async def never(_: web.Request) -> web.StreamResponse:
    """Take the request and never answer."""
    await asyncio.Event().wait()
    raise AssertionError("nobody wakes it")


async def hang_up(request: web.Request) -> web.StreamResponse:
    """Take the request and close the connection."""
    assert request.transport is not None
    request.transport.close()
    return web.Response()


async def test_a_lost_answer_to_a_write_is_an_unknown_result(opened: Open) -> None:
    async with opened(in_turn(hang_up)) as cluster:
        with pytest.raises(UnknownResultError):
            await cluster.apply(MANIFEST, manager="ours")


async def test_a_lost_answer_to_a_read_is_only_unreachable(opened: Open) -> None:
    async with opened(in_turn(hang_up)) as cluster:
        with pytest.raises(UnreachableError) as raised:
            await cluster.list(CONFIG_MAPS)

    assert not isinstance(raised.value, UnknownResultError)


async def test_a_write_to_a_hung_server_ends_at_its_deadline(opened: Open) -> None:
    async with opened(in_turn(never)) as cluster:
        async with asyncio.timeout(PATIENCE):
            with pytest.raises(UnknownResultError):
                await cluster.patch(REF, [], manager="ours")


async def test_a_refused_connection_is_unreachable_not_unknown(tmp_path: Path, unused_port: int) -> None:
    kubeconfig = scripted.kubeconfig(tmp_path / "kubeconfig", port=unused_port)

    async with open_cluster(KubeOptions(kubeconfig), SystemClock()) as cluster:
        with pytest.raises(UnreachableError) as raised:
            await cluster.apply(MANIFEST, manager="ours")

    assert not isinstance(raised.value, UnknownResultError)


async def test_a_missing_kubeconfig_is_waited_for(tmp_path: Path) -> None:
    async with open_cluster(KubeOptions(tmp_path / "later"), SystemClock()) as cluster:
        with pytest.raises(UnreachableError, match="does not exist"):
            await cluster.get(REF)


@pytest.mark.parametrize(
    ("code", "reason", "cause", "error"),
    [
        pytest.param(400, "BadRequest", "", InvalidObjectError, id="a bad request is invalid"),
        pytest.param(403, "Forbidden", "", ForbiddenError, id="a missing right is forbidden"),
        pytest.param(403, "Forbidden", "NamespaceTerminating", UnreachableError, id="a terminating namespace passes"),
        pytest.param(409, "Conflict", "", ConflictError, id="a conflict is a conflict"),
        pytest.param(422, "Invalid", "", InvalidObjectError, id="an invalid object is invalid"),
        pytest.param(500, "InternalError", "", UnknownResultError, id="an internal error may have written"),
        pytest.param(503, "ServiceUnavailable", "", UnreachableError, id="an unavailable server wrote nothing"),
        pytest.param(504, "Timeout", "", UnknownResultError, id="a time-out of the server may have written"),
    ],
)
async def test_a_refused_write_is_translated(
    opened: Open, code: int, reason: str, cause: str, error: type[Exception]
) -> None:
    async with opened(in_turn(always(lambda: scripted.status_answer(code, reason, cause=cause)))) as cluster:
        with pytest.raises(error) as raised:
            await cluster.patch(REF, [], manager="ours")

    assert type(raised.value) is error


@pytest.mark.parametrize(
    ("code", "message", "error"),
    [
        pytest.param(
            422,
            "the server rejected our request due to an error in our request",
            ConflictError,
            id="a patch whose guard failed is a conflict",
        ),
        pytest.param(
            500,
            "failed to create typed patch object (demo/a; v1, Kind=ConfigMap): .bogus: field not declared in schema",
            InvalidObjectError,
            id="an apply with an unknown field is invalid",
        ),
    ],
)
async def test_a_refusal_that_only_its_text_explains_is_translated(
    opened: Open, code: int, message: str, error: type[Exception]
) -> None:
    async with opened(in_turn(always(lambda: scripted.status_answer(code, message=message)))) as cluster:
        with pytest.raises(error) as raised:
            await cluster.patch(REF, [], manager="ours")

    assert type(raised.value) is error


async def test_a_throttled_write_is_sent_again_within_its_deadline(opened: Open) -> None:
    busy = always(lambda: scripted.object_answer(status(429), status=429, headers={"Retry-After": "0"}))
    api = in_turn(busy, busy, always(lambda: scripted.object_answer(MANIFEST)))

    async with opened(api) as cluster:
        assert await cluster.apply(MANIFEST, manager="ours") == MANIFEST

    assert len(api.requests) == 3


async def test_a_write_that_is_throttled_past_its_deadline_was_not_done(opened: Open) -> None:
    busy = always(lambda: scripted.object_answer(status(429), status=429, headers={"Retry-After": "30"}))

    async with opened(in_turn(busy)) as cluster:
        with pytest.raises(ThrottledError) as raised:
            await cluster.apply(MANIFEST, manager="ours")

    assert raised.value.after == timedelta(seconds=30)


async def test_a_renewed_token_is_read_when_the_old_one_is_refused(opened: Open, tmp_path: Path) -> None:
    token = tmp_path / "token"
    token.write_text("old", encoding="utf-8")

    async def answer(request: web.Request) -> web.StreamResponse:
        token.write_text("new", encoding="utf-8")
        is_known = request.headers["Authorization"] == "Bearer new"
        return scripted.object_answer(MANIFEST) if is_known else scripted.status_answer(401, "Unauthorized")

    api = ScriptedApi(answer)
    async with opened(api, user={"tokenFile": str(token)}) as cluster:
        assert await cluster.get(REF) == MANIFEST

    assert [request.headers["Authorization"] for request in api.requests] == ["Bearer old", "Bearer new"]


async def test_requests_name_us_their_types_and_their_guards(opened: Open) -> None:
    api = in_turn(always(lambda: scripted.object_answer(MANIFEST)))

    async with opened(api) as cluster:
        await cluster.apply(MANIFEST, manager="ours", dry_run=True)
        await cluster.patch(REF, [], manager="ours", subresource="status")
        await cluster.delete(REF, uid="uid-1", version="7")

    apply, patch, delete = api.requests
    assert apply.headers["User-Agent"] == "ours/1"
    assert apply.headers["Content-Type"] == "application/apply-patch+yaml"
    assert dict(apply.query) == {"fieldManager": "ours", "force": "true", "dryRun": "All"}
    assert (patch.headers["Content-Type"], patch.path) == (
        "application/json-patch+json",
        "/api/v1/namespaces/demo/configmaps/settings/status",
    )
    assert b'"preconditions":{"uid":"uid-1","resourceVersion":"7"}' in api.bodies[2]
    assert delete.method == "DELETE"


@pytest.mark.rule("P-19")
async def test_a_paging_that_expires_in_the_middle_starts_over_without_pages(opened: Open) -> None:
    api = in_turn(
        always(lambda: list_answer(item("a", 1), item("b", 2), version=9, token="page-2")),
        always(lambda: scripted.status_answer(410, "Expired")),
        always(lambda: list_answer(item("a", 1), item("b", 2), item("c", 12), version=12)),
    )

    async with opened(api) as cluster:
        snapshot = await cluster.list(CONFIG_MAPS, Selection(namespace="demo"))

    assert ([found["metadata"]["name"] for found in snapshot.items], snapshot.version) == (["a", "b", "c"], 12)
    assert [dict(request.query) for request in api.lists] == [{"limit": "2"}, {"limit": "2", "continue": "page-2"}, {}]


@pytest.mark.rule("P-19")
async def test_pages_of_different_versions_prove_nothing(opened: Open) -> None:
    api = in_turn(
        always(lambda: list_answer(item("a", 1), version=9, token="page-2")),
        always(lambda: list_answer(item("c", 12), version=12)),
        always(lambda: list_answer(item("a", 1), item("b", 2), item("c", 12), version=12)),
    )

    async with opened(api) as cluster:
        snapshot = await cluster.list(CONFIG_MAPS)

    assert len(snapshot.items) == 3


@pytest.mark.rule("P-19")
async def test_a_list_never_asks_for_an_old_answer(opened: Open) -> None:
    api = in_turn(always(lambda: list_answer(version=9)))

    async with opened(api) as cluster:
        await cluster.list(CONFIG_MAPS)

    assert "resourceVersion" not in api.lists[0].query


def watching(*watches: Callable[[web.Request], Awaitable[web.StreamResponse]]) -> ScriptedApi:
    """Answer lists with one object, and watches in turn."""
    in_order = in_turn(*watches)

    async def answer(request: web.Request) -> web.StreamResponse:
        if "watch" in request.query:
            return await in_order.answer(request)
        return list_answer(item("a", 1), version=10 + len(api.watches))

    api = ScriptedApi(answer)
    return api


async def test_a_watch_that_closes_at_once_does_not_spin(opened: Open) -> None:
    async def close(request: web.Request) -> web.StreamResponse:
        return await stream(request, event("BOOKMARK", item("", 10 + len(api.watches))))

    api, clock = watching(close), EagerClock()

    async with opened(api, clock=clock) as cluster:
        await observed(cluster, 31)

    assert len(api.watches) == 30
    assert len(api.lists) == 1
    assert len(clock.pauses) == 29
    assert min(clock.pauses[8:]) >= 2.5
    assert max(clock.pauses) <= 5.0


async def test_each_watch_resumes_behind_the_last_event(opened: Open) -> None:
    async def one_event(request: web.Request) -> web.StreamResponse:
        version = int(request.query["resourceVersion"])
        return await stream(request, event("MODIFIED", item("a", version + 7)))

    api = watching(one_event)

    async with opened(api, clock=EagerClock()) as cluster:
        await observed(cluster, 4)

    assert [request.query["resourceVersion"] for request in api.watches] == ["10", "17", "24"]
    assert {request.query["allowWatchBookmarks"] for request in api.watches} == {"true"}


@pytest.mark.parametrize(
    "gone",
    [
        pytest.param(always(lambda: scripted.status_answer(410, "Expired")), id="as the answer"),
        pytest.param(lambda request: stream(request, event("ERROR", status(410, "Expired"))), id="as an event"),
        pytest.param(
            always(lambda: scripted.status_answer(504, "Timeout", cause="ResourceVersionTooLarge")),
            id="as a history that is shorter than ours",
        ),
    ],
)
async def test_a_lost_history_gives_a_new_snapshot(
    opened: Open, gone: Callable[[web.Request], Awaitable[web.StreamResponse]]
) -> None:
    api = watching(gone, lambda request: stream(request, stays_open=True))

    async with opened(api, clock=EagerClock()) as cluster:
        seen = await observed(cluster, 2)

    assert [type(observation) for observation in seen] == [Snapshot, Snapshot]


async def test_a_history_that_was_lost_in_an_outage_is_read_at_once(opened: Open) -> None:
    away = always(lambda: scripted.status_answer(503, "ServiceUnavailable"))
    gone = always(lambda: scripted.status_answer(410, "Expired"))
    api, clock = watching(*[away] * 8, gone, lambda request: stream(request, stays_open=True)), EagerClock()

    async with opened(api, clock=clock) as cluster:
        seen = await observed(cluster, 2)

    assert [type(observation) for observation in seen] == [Snapshot, Snapshot]
    assert max(clock.pauses) > 2
    assert clock.pauses[-1] < 0.1


async def test_resuming_behind_a_lost_history_begins_with_a_snapshot(opened: Open) -> None:
    api = watching(
        always(lambda: scripted.status_answer(410, "Expired")), lambda request: stream(request, stays_open=True)
    )

    async with opened(api, clock=EagerClock()) as cluster:
        seen = await observed(cluster, 1, resume_from=3)

    assert isinstance(seen[0], Snapshot)
    assert api.watches[0].query["resourceVersion"] == "3"


async def test_resuming_beyond_the_end_of_the_history_begins_with_a_snapshot(opened: Open) -> None:
    """A server answers such a watch with silence, so nobody would ever hear of a cluster that was restored."""
    api = watching(lambda request: stream(request, stays_open=True))

    async with opened(api, clock=EagerClock()) as cluster:
        seen = await observed(cluster, 1, resume_from=500)

    assert isinstance(seen[0], Snapshot)
    assert api.watches == []


async def test_a_server_that_comes_back_with_a_shorter_history_is_listed(opened: Open) -> None:
    versions = iter([50, 7, 7])

    async def answer(request: web.Request) -> web.StreamResponse:
        return await hang_up(request) if "watch" in request.query else list_answer(version=next(versions))

    async with opened(ScriptedApi(answer), clock=EagerClock()) as cluster:
        seen = await observed(cluster, 2)

    assert [observation.version for observation in seen if isinstance(observation, Snapshot)] == [50, 7]


async def test_a_passing_failure_of_the_server_keeps_the_place(opened: Open) -> None:
    api = watching(
        always(lambda: scripted.status_answer(503, "ServiceUnavailable")),
        lambda request: stream(request, event("ERROR", status(500, "InternalError"))),
        hang_up,
        lambda request: stream(request, event("ADDED", item("b", 11))),
    )

    async with opened(api, clock=EagerClock()) as cluster:
        seen = await observed(cluster, 4)

    assert [type(observation) for observation in seen] == [Snapshot, Interrupted, Interrupted, Observed]
    assert [request.query["resourceVersion"] for request in api.watches] == ["10"] * 4


async def test_a_silent_watch_is_opened_again(opened: Open) -> None:
    api = watching(
        lambda request: stream(request, stays_open=True), lambda request: stream(request, event("ADDED", item("b", 11)))
    )

    async with opened(api, clock=EagerClock()) as cluster:
        seen = await observed(cluster, 3)

    assert [type(observation) for observation in seen] == [Snapshot, Interrupted, Observed]
    assert len(api.watches) == 2


async def test_a_server_that_takes_connections_and_says_nothing_is_tried_again(opened: Open) -> None:
    api = watching(never, lambda request: stream(request, event("ADDED", item("b", 11))))

    async with opened(api, clock=EagerClock()) as cluster:
        seen = await observed(cluster, 3)

    assert [type(observation) for observation in seen] == [Snapshot, Interrupted, Observed]


async def test_a_kind_that_is_not_served_is_absent_until_it_is(opened: Open) -> None:
    missing = always(lambda: scripted.status_answer(404, "NotFound"))
    clock = EagerClock()

    async with opened(in_turn(missing, missing, always(lambda: list_answer(version=3))), clock=clock) as cluster:
        seen = await observed(cluster, 2)

    assert [type(observation) for observation in seen] == [Absent, Snapshot]
    assert min(clock.pauses) >= 150.0


async def test_a_kind_that_was_served_is_looked_for_soon(opened: Open) -> None:
    api, clock = watching(always(lambda: scripted.status_answer(404, "NotFound"))), EagerClock()

    async with opened(api, clock=clock) as cluster:
        seen = await observed(cluster, 3)

    assert [type(observation) for observation in seen] == [Snapshot, Absent, Snapshot]
    assert clock.pauses[0] <= 1.0


async def test_lines_are_put_together_from_any_chunks(opened: Open) -> None:
    raw = event("ADDED", item("b", 11)) + event("MODIFIED", item("b", 12)) + event("DELETED", item("b", 13))
    chunks = [raw[:5], raw[5:70], raw[70:-1], raw[-1:], b"\n", event("BOOKMARK", item("", 20))]
    api = watching(lambda request: stream(request, *chunks, stays_open=True))

    async with opened(api, clock=EagerClock()) as cluster:
        seen = await observed(cluster, 5)

    assert [getattr(observation, "change", "") for observation in seen] == ["", "added", "modified", "deleted", ""]
    assert seen[4] == Bookmark(20)
    assert {observation.manifest["kind"] for observation in seen[1:4] if isinstance(observation, Observed)} == {
        "ConfigMap"
    }


async def test_an_object_of_two_megabytes_passes_through_a_watch(opened: Open) -> None:
    large = {**item("b", 11), "data": {"text": "x" * 2_000_000}}
    api = watching(lambda request: stream(request, event("ADDED", large), stays_open=True))

    async with opened(api, clock=EagerClock()) as cluster:
        seen = await observed(cluster, 2)

    assert isinstance(seen[1], Observed)
    assert len(seen[1].manifest["data"]["text"]) == 2_000_000


async def test_metadata_alone_is_asked_for_and_named_after_its_kind(opened: Open) -> None:
    partial = {"apiVersion": "meta.k8s.io/v1", "kind": "PartialObjectMetadata", **item("b", 11)}
    api = watching(lambda request: stream(request, event("ADDED", partial), stays_open=True))
    found: list[Observation] = []

    async with opened(api, clock=EagerClock()) as cluster, asyncio.timeout(PATIENCE):
        async for observation in cluster.follow(CONFIG_MAPS, Selection(metadata_only=True)):
            found.append(observation)
            if len(found) == 2:
                break

    assert isinstance(found[1], Observed)
    assert (found[1].manifest["apiVersion"], found[1].manifest["kind"]) == ("v1", "ConfigMap")
    assert [request.headers["Accept"].split(";")[1] for request in api.requests] == [
        "as=PartialObjectMetadataList",
        "as=PartialObjectMetadata",
    ]


async def test_groups_are_found_without_aggregated_discovery(opened: Open) -> None:
    documents: dict[str, object] = {
        "/api": {"kind": "APIVersions", "versions": ["v1"]},
        "/apis": {
            "kind": "APIGroupList",
            "groups": [{"name": "apps", "versions": [{"groupVersion": "apps/v1"}, {"groupVersion": "apps/v1beta1"}]}],
        },
        "/api/v1": {"resources": [{"name": "pods"}, {"name": "pods/status"}]},
        "/apis/apps/v1": {"resources": [{"name": "deployments"}]},
    }

    async def answer(request: web.Request) -> web.StreamResponse:
        known = documents.get(request.path)
        return scripted.object_answer(known) if known else scripted.status_answer(404, "NotFound")

    async with opened(ScriptedApi(answer)) as cluster:
        groups = await cluster.served_groups()

    assert groups == {"": frozenset({"pods"}), "apps": frozenset({"deployments"})}
