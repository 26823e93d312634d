"""A watch sends what its client does not know yet, and says when it cannot."""

from collections.abc import AsyncIterator

import pytest

from lab.apiserver.cluster import Cluster
from lab.apiserver.documents import Document, loads
from lab.apiserver.requests.options import ListOptions
from lab.apiserver.requests.selectors import selector
from lab.apiserver.verbs.watching import Watch
from lab.apiserver.views.events import Lens
from tests.unit.lab.apiserver.clusters import NAMESPACE, a_call, a_cluster, create_widget, delete_widget, merge

TIME_LIMIT = 5.0


def _watch(cluster: Cluster, *, labels: str = "", **options: object) -> AsyncIterator[bytes]:
    resource = a_call(cluster).resource
    lens = Lens(resource, NAMESPACE, selector(labels, "", resource))
    return Watch(cluster, lens, ListOptions(**options), TIME_LIMIT).chunks()  # type: ignore[arg-type]  # options of several types


def _events(chunk: bytes) -> list[tuple[str, str]]:
    lines: list[Document] = [loads(line) for line in chunk.splitlines()]
    return [(line["type"], line["object"]["metadata"].get("name", "")) for line in lines]


@pytest.mark.asyncio
async def test_begins_with_what_exists_and_goes_on_with_changes() -> None:
    cluster = await a_cluster()
    await create_widget(cluster, "a")
    watch = _watch(cluster)

    first = await anext(watch)
    await merge(cluster, "a", b'{"spec": {"size": 2}}')
    await delete_widget(cluster, "a")
    second = await anext(watch)

    assert _events(first) == [("ADDED", "a")]
    assert _events(second) == [("MODIFIED", "a"), ("DELETED", "a")]


@pytest.mark.asyncio
async def test_resumes_after_a_version_exactly() -> None:
    cluster = await a_cluster()
    await create_widget(cluster, "a")
    version = cluster.store.version
    await create_widget(cluster, "b")

    assert _events(await anext(_watch(cluster, version=str(version)))) == [("ADDED", "b")]


@pytest.mark.asyncio
async def test_a_version_that_is_forgotten_is_one_error_and_the_end() -> None:
    cluster = await a_cluster()
    await create_widget(cluster, "a")
    version = cluster.store.version
    await create_widget(cluster, "b")
    cluster.store.compact(cluster.store.version)

    chunks = [chunk async for chunk in _watch(cluster, version=str(version))]

    error = loads(chunks[0])
    assert len(chunks) == 1
    assert (error["type"], error["object"]["code"], error["object"]["reason"]) == ("ERROR", 410, "Expired")


@pytest.mark.asyncio
async def test_an_object_that_leaves_the_selection_is_deleted_for_the_watcher() -> None:
    cluster = await a_cluster()
    await create_widget(cluster, "a")
    watch = _watch(cluster, labels="on=yes", version=str(cluster.store.version))

    await merge(cluster, "a", b'{"metadata": {"labels": {"on": "yes"}}}')
    await merge(cluster, "a", b'{"metadata": {"labels": {"on": "no"}}}')
    await merge(cluster, "a", b'{"spec": {"size": 7}}')

    assert _events(await anext(watch)) == [("ADDED", "a"), ("DELETED", "a")]


@pytest.mark.asyncio
async def test_a_streaming_list_ends_with_a_bookmark() -> None:
    cluster = await a_cluster()
    await create_widget(cluster, "a")

    watch = _watch(cluster, initial_events=True, match="NotOlderThan", bookmarks=True)

    state, end = await anext(watch), await anext(watch)

    bookmark = loads(end)
    assert (_events(state), bookmark["type"]) == ([("ADDED", "a")], "BOOKMARK")
    assert bookmark["object"]["metadata"]["annotations"] == {"k8s.io/initial-events-end": "true"}


@pytest.mark.asyncio
async def test_a_watcher_that_fell_behind_is_cut_off() -> None:
    cluster = await a_cluster()
    await create_widget(cluster, "a")
    watch = _watch(cluster)
    await anext(watch)
    await merge(cluster, "a", b'{"spec": {"size": 2}}')
    cluster.store.compact(cluster.store.version)

    assert await anext(watch, None) is None


@pytest.mark.asyncio
async def test_a_watch_ends_with_its_resource() -> None:
    cluster = await a_cluster()
    await create_widget(cluster, "a")
    watch = _watch(cluster)
    await anext(watch)

    cluster.store.close("lab.example.com", "widgets")

    assert await anext(watch, None) is None


@pytest.mark.asyncio
async def test_an_event_is_serialised_once_for_all_watchers() -> None:
    cluster = await a_cluster()
    await create_widget(cluster, "a")
    version = str(cluster.store.version)
    await merge(cluster, "a", b'{"spec": {"size": 2}}')
    change = (cluster.collection(a_call(cluster).resource).history.since(0) or [])[-1]

    await anext(_watch(cluster, version=version))
    await anext(_watch(cluster, version=version))

    assert len(change.lines) == 1
