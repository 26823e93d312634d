"""Owner references are followed; property: no orphan is left whose owners are all gone."""

import asyncio

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lab.apiserver.cluster import Cluster
from lab.apiserver.documents import Document, dumps
from lab.apiserver.lifecycle.garbage import GarbageCollector
from lab.apiserver.verbs.creating import create
from tests.unit.lab.apiserver.clusters import a_call, a_cluster, a_widget, delete_widget, merge, parsed


async def _create(cluster: Cluster, name: str, *owners: Document) -> Document:
    document = a_widget(name)
    references = [
        {"apiVersion": "lab.example.com/v1", "kind": "Widget", "blockOwnerDeletion": True}
        | {key: owner["metadata"][key] for key in ("name", "uid")}
        for owner in owners
    ]
    document["metadata"]["ownerReferences"] = references
    return parsed(await create(cluster, a_call(cluster), document, []))


def _left(cluster: Cluster) -> list[str]:
    return [record.name for record in cluster.collection(a_call(cluster).resource).all()]


@pytest.mark.asyncio
async def test_an_object_goes_with_its_last_owner() -> None:
    cluster = await a_cluster()
    collector = GarbageCollector(cluster)
    first, second = await _create(cluster, "first"), await _create(cluster, "second")
    await _create(cluster, "child", first, second)

    await delete_widget(cluster, "first")
    await collector.settle_all()
    one_owner_left = _left(cluster)
    await delete_widget(cluster, "second")
    await collector.settle_all()

    assert one_owner_left == ["child", "second"]
    assert _left(cluster) == []


@pytest.mark.asyncio
async def test_a_foreground_owner_outlives_what_blocks_it() -> None:
    cluster = await a_cluster()
    collector = GarbageCollector(cluster)
    owner = await _create(cluster, "owner")
    await _create(cluster, "child", owner)

    await delete_widget(cluster, "owner", propagation="Foreground")
    while_waiting = _left(cluster)
    await collector.settle_all()

    assert while_waiting == ["child", "owner"]
    assert _left(cluster) == []


@pytest.mark.asyncio
async def test_orphans_lose_only_the_reference() -> None:
    cluster = await a_cluster()
    collector = GarbageCollector(cluster)
    owner = await _create(cluster, "owner")
    await _create(cluster, "child", owner)

    await delete_widget(cluster, "owner", propagation="Orphan")
    await collector.settle_all()

    child = cluster.collection(a_call(cluster).resource).get("default/child")
    assert _left(cluster) == ["child"]
    assert child is not None
    assert "ownerReferences" not in child.document()["metadata"]


@settings(max_examples=20, deadline=None)
@given(st.lists(st.integers(0, 5), min_size=1, max_size=6), st.sampled_from(["Background", "Foreground"]))
def test_a_deleted_root_leaves_nothing_below(parents: list[int], propagation: str) -> None:
    async def story() -> list[str]:
        cluster = await a_cluster()
        collector = GarbageCollector(cluster)
        known = [await _create(cluster, "w0")]
        for number, parent in enumerate(parents, 1):
            known.append(await _create(cluster, f"w{number}", known[parent % len(known)]))
        await delete_widget(cluster, "w0", propagation=propagation)
        await collector.settle_all()
        return _left(cluster)

    assert asyncio.run(story()) == []


@pytest.mark.asyncio
async def test_an_owner_that_is_gone_already_when_it_is_named_takes_its_dependent_along() -> None:
    cluster = await a_cluster()
    collector = GarbageCollector(cluster)
    owner = await _create(cluster, "owner")
    await _create(cluster, "child")
    await delete_widget(cluster, "owner")
    await collector.settle_all()
    reference = {"apiVersion": "lab.example.com/v1", "kind": "Widget", "name": "owner", "uid": owner["metadata"]["uid"]}

    await merge(cluster, "child", dumps({"metadata": {"ownerReferences": [reference]}}))
    await collector.settle_all()

    assert _left(cluster) == []
