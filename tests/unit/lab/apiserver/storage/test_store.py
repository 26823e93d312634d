"""One counter orders all writes, and the past can be read back from the history."""

import asyncio
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lab.apiserver.documents import Document
from lab.apiserver.registry.resources import field_reader
from lab.apiserver.storage.collections import Collection
from lab.apiserver.storage.store import Store

NAMES = ("a", "b", "c")
WRITES = st.lists(st.tuples(st.sampled_from(["put", "remove"]), st.sampled_from(NAMES)), max_size=30)


def _document(name: str, *, owner: str = "") -> Document:
    metadata: Document = {"name": name, "namespace": "n", "uid": f"uid-{name}"}
    if owner:
        metadata["ownerReferences"] = [{"uid": owner}]
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata}


def _open() -> tuple[Store, Collection]:
    store = Store()
    return store, store.open("", "configmaps", field_reader({}))


def _write(store: Store, collection: Collection, action: str, name: str) -> None:
    found = collection.get(f"n/{name}")
    actions: dict[tuple[str, bool], Callable[[], object]] = {
        ("put", True): lambda: store.put(collection, _document(name), found),
        ("put", False): lambda: store.put(collection, _document(name), None),
        ("remove", True): lambda: store.remove(collection, found) if found else None,
        ("remove", False): lambda: None,
    }
    actions[(action, found is not None)]()


@settings(max_examples=30)
@given(WRITES)
def test_every_earlier_version_can_be_listed_as_it_was(writes: list[tuple[str, str]]) -> None:
    store, collection = _open()
    seen = {store.version: collection.all()}

    for action, name in writes:
        _write(store, collection, action, name)
        seen[store.version] = collection.all()

    assert {version: collection.at(version) for version in seen} == seen


@settings(max_examples=30)
@given(WRITES, st.integers(0, 29))
def test_a_list_and_the_changes_after_it_lead_to_the_present(writes: list[tuple[str, str]], cut: int) -> None:
    store, collection = _open()
    for action, name in writes[:cut]:
        _write(store, collection, action, name)
    known = {record.key: record for record in collection.all()}
    position = collection.history.position_after(store.version)
    assert position is not None

    for action, name in writes[cut:]:
        _write(store, collection, action, name)
    for change in collection.history.since(position) or []:
        known = {key: record for key, record in known.items() if key != change.record.key}
        known |= {} if change.kind == "DELETED" else {change.record.key: change.record}

    assert sorted(known) == [record.key for record in collection.all()]


def test_a_deletion_has_a_version_of_its_own_and_shows_the_last_state() -> None:
    store, collection = _open()
    record = store.put(collection, _document("a"), None)

    last = store.remove(collection, record)

    assert last.version == record.version + 1
    assert last.document()["metadata"]["resourceVersion"] == str(last.version)


def test_dependents_are_found_by_the_uid_of_their_owner() -> None:
    store, collection = _open()
    record = store.put(collection, _document("child", owner="uid-owner"), None)

    assert [found.key for _home, found in store.dependents("uid-owner")] == ["n/child"]
    store.remove(collection, record)
    assert store.dependents("uid-owner") == []


def test_a_version_before_the_compaction_is_gone() -> None:
    store, collection = _open()
    first = store.put(collection, _document("a"), None)
    second = store.put(collection, _document("a"), first)

    store.compact(second.version)

    assert collection.at(first.version) is None
    assert collection.history.position_after(first.version) is None
    assert collection.history.position_after(second.version) is not None


@pytest.mark.asyncio
async def test_who_waits_for_history_wakes_with_the_next_change() -> None:
    store, collection = _open()
    waiting = asyncio.ensure_future(collection.history.wait())
    await asyncio.sleep(0)

    store.put(collection, _document("a"), None)

    await asyncio.wait_for(waiting, timeout=1)
