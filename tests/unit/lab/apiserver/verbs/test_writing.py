"""Writes keep the promises that clients build on: one winner, growing versions, no event for nothing."""

import asyncio
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lab.apiserver.cluster import Cluster
from lab.apiserver.documents import Document, dumps
from lab.apiserver.errors import ApiError
from lab.apiserver.storage.collections import Collection
from lab.apiserver.verbs.creating import create
from lab.apiserver.verbs.patching import APPLY_PATCH, JSON_PATCH, patch
from lab.apiserver.verbs.updating import replace
from tests.unit.lab.apiserver.clusters import a_call, a_cluster, a_widget, create_widget, delete_widget, merge, parsed


def _widgets(cluster: Cluster) -> Collection:
    collection = cluster.store.collection("lab.example.com", "widgets")
    assert collection is not None
    return collection


async def _apply(cluster: Cluster, document: Document, **options: Any) -> Document:
    call = a_call(cluster, document["metadata"]["name"], **options)
    return parsed(await patch(cluster, call, dumps(document), APPLY_PATCH))


@pytest.mark.asyncio
async def test_a_new_object_has_identity_version_and_generation() -> None:
    created = await create_widget(await a_cluster())

    assert {"uid", "creationTimestamp", "resourceVersion"} <= created["metadata"].keys()
    assert created["metadata"]["generation"] == 1


@pytest.mark.asyncio
async def test_what_only_the_server_says_is_ignored_in_a_create() -> None:
    cluster = await a_cluster()
    document = a_widget()
    document["metadata"] |= {"uid": "mine", "generation": 7, "deletionTimestamp": "2001-01-01T00:00:00Z"}

    created = parsed(await create(cluster, a_call(cluster), document, []))

    assert created["metadata"]["uid"] != "mine"
    assert created["metadata"]["generation"] == 1
    assert "deletionTimestamp" not in created["metadata"]


@pytest.mark.asyncio
async def test_a_create_in_a_namespace_that_is_missing_is_refused() -> None:
    cluster = await a_cluster()
    call = a_call(cluster)
    call.target = type(call.target)(call.resource, "nowhere")

    with pytest.raises(ApiError, match='namespaces "nowhere" not found'):
        await create(cluster, call, a_widget(), [])


@pytest.mark.asyncio
async def test_a_write_that_changes_nothing_makes_no_version() -> None:
    cluster = await a_cluster()
    created = await create_widget(cluster)

    again = await merge(cluster, "one", b'{"spec": {"size": 1}}')

    assert again == created


@pytest.mark.asyncio
async def test_a_dry_run_answers_and_stores_nothing() -> None:
    cluster = await a_cluster()
    before = cluster.store.version

    answered = parsed(await create(cluster, a_call(cluster, dry_run=True), a_widget(), []))

    assert answered["metadata"]["name"] == "one"
    assert "resourceVersion" not in answered["metadata"]
    assert cluster.store.version == before


@pytest.mark.asyncio
async def test_status_is_written_only_through_its_subresource() -> None:
    cluster = await a_cluster()
    await create_widget(cluster)

    ignored = await merge(cluster, "one", b'{"status": {"phase": "x"}}')
    written = await merge(cluster, "one", b'{"spec": {"size": 9}, "status": {"phase": "x"}}', subresource="status")

    assert "status" not in ignored
    assert (written["spec"]["size"], written["status"]["phase"]) == (1, "x")
    assert written["metadata"]["generation"] == 1


@pytest.mark.asyncio
async def test_an_update_with_an_old_version_is_a_conflict() -> None:
    cluster = await a_cluster()
    created = await create_widget(cluster)
    await merge(cluster, "one", b'{"spec": {"size": 2}}')

    with pytest.raises(ApiError) as refused:
        await replace(cluster, a_call(cluster, "one"), created, [])

    assert (refused.value.code, refused.value.reason) == (409, "Conflict")


@pytest.mark.asyncio
async def test_an_apply_with_the_uid_of_a_missing_object_creates_nothing() -> None:
    cluster = await a_cluster()
    document = a_widget()
    document["metadata"]["uid"] = "00000000-0000-0000-0000-000000000001"

    with pytest.raises(ApiError) as refused:
        await _apply(cluster, document)

    assert refused.value.code == 409
    assert len(_widgets(cluster)) == 0


@pytest.mark.asyncio
async def test_an_apply_takes_a_field_from_its_manager_only_by_force() -> None:
    cluster = await a_cluster()
    await _apply(cluster, a_widget(size=2), manager="first")

    with pytest.raises(ApiError, match=r'conflict with "first": \.spec\.size'):
        await _apply(cluster, a_widget(size=3), manager="second")
    forced = await _apply(cluster, a_widget(size=3), manager="second", force=True)

    assert forced["spec"]["size"] == 3


@pytest.mark.asyncio
async def test_a_json_patch_whose_test_fails_is_refused() -> None:
    cluster = await a_cluster()
    await create_widget(cluster)
    operations = [{"op": "test", "path": "/spec/size", "value": 2}, {"op": "remove", "path": "/spec/size"}]

    with pytest.raises(ApiError) as refused:
        await patch(cluster, a_call(cluster, "one"), dumps(operations), JSON_PATCH)

    assert refused.value.code == 422


@pytest.mark.asyncio
async def test_an_object_with_a_finalizer_waits_and_then_goes() -> None:
    cluster = await a_cluster()
    await create_widget(cluster)
    await merge(cluster, "one", b'{"metadata": {"finalizers": ["a.b/c"]}}')

    marked = await delete_widget(cluster)
    held = len(_widgets(cluster))
    await merge(cluster, "one", b'{"metadata": {"finalizers": null}}')

    assert marked["metadata"]["deletionTimestamp"]
    assert (held, len(_widgets(cluster))) == (1, 0)


@pytest.mark.asyncio
@pytest.mark.parametrize("options", [{"uid": "other"}, {"version": "1"}])
async def test_a_delete_with_a_precondition_that_does_not_hold_is_a_conflict(options: dict[str, str]) -> None:
    cluster = await a_cluster()
    await create_widget(cluster)

    with pytest.raises(ApiError) as refused:
        await delete_widget(cluster, **options)

    assert refused.value.code == 409


@settings(max_examples=25, deadline=None)
@given(st.lists(st.tuples(st.booleans(), st.sampled_from("ab"), st.integers(0, 3)), max_size=15))
def test_versions_grow_and_history_tells_every_write(writes: list[tuple[bool, str, int]]) -> None:
    async def both_clients() -> tuple[list[int], list[int]]:
        cluster = await a_cluster()
        await create_widget(cluster, "a")
        await create_widget(cluster, "b")
        history = _widgets(cluster).history
        start = history.end

        async def write(is_status: bool, name: str, value: int) -> int:
            body = {"status": {"phase": str(value)}} if is_status else {"spec": {"size": value}}
            written = await merge(cluster, name, dumps(body), subresource="status" if is_status else "")
            return int(written["metadata"]["resourceVersion"])

        answered = await asyncio.gather(*(write(*one) for one in writes))
        return answered, [change.version for change in history.since(start) or []]

    answered, told = asyncio.run(both_clients())

    assert told == sorted(set(told))
    assert set(told) <= set(answered)
