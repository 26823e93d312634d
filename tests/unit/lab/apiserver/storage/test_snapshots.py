"""A cluster comes back from its file as it was, or the file is refused by name."""

from pathlib import Path

import pytest

from lab.apiserver.registry.resources import field_reader
from lab.apiserver.storage.collections import Collection
from lab.apiserver.storage.snapshots import DamagedSnapshotError, Snapshot, write_snapshot
from lab.apiserver.storage.store import Store


def _open() -> tuple[Store, Collection]:
    store = Store()
    return store, store.open("", "configmaps", field_reader({}))


def _put(store: Store, collection: Collection, name: str) -> None:
    metadata = {"name": name, "namespace": "n", "uid": f"uid-{name}"}
    store.put(collection, {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata}, collection.get(f"n/{name}"))


def test_objects_come_back_in_the_versions_that_they_had(tmp_path: Path) -> None:
    store, collection = _open()
    _put(store, collection, "a")
    _put(store, collection, "b")
    write_snapshot(store, tmp_path / "cluster.json")
    restored, again = _open()

    snapshot = Snapshot(tmp_path / "cluster.json")
    snapshot.restore_definitions(restored)
    snapshot.restore_objects(restored)

    assert [record.body for record in again.all()] == [record.body for record in collection.all()]
    assert restored.version == store.version


def test_nobody_can_resume_from_before_a_restart(tmp_path: Path) -> None:
    store, collection = _open()
    _put(store, collection, "a")
    write_snapshot(store, tmp_path / "cluster.json")
    restored, again = _open()

    snapshot = Snapshot(tmp_path / "cluster.json")
    snapshot.restore_definitions(restored)
    snapshot.restore_objects(restored)

    assert again.history.position_after(store.version - 1) is None
    assert again.history.position_after(store.version) is not None


def test_a_file_that_only_its_owner_reads(tmp_path: Path) -> None:
    store, _ = _open()

    write_snapshot(store, tmp_path / "cluster.json")

    assert (tmp_path / "cluster.json").stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("content", ["", "{", "[]", '{"format": 2}', '{"format": 1, "version": "x"}'])
def test_a_damaged_file_is_refused(tmp_path: Path, content: str) -> None:
    file = tmp_path / "cluster.json"
    file.write_text(content)

    with pytest.raises(DamagedSnapshotError):
        Snapshot(file)
