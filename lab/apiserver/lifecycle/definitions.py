"""Decides when a CustomResourceDefinition is served, and what its deletion takes along.

Separate from how a definition becomes resources, which is pure. Invariant: a definition is served before its
Established condition says so, and is gone only after its last object is.
"""

from __future__ import annotations

from typing import Any

from lab.apiserver.cluster import Cluster
from lab.apiserver.documents import Document, timestamp
from lab.apiserver.lifecycle.queue import WorkQueue
from lab.apiserver.registry.custom import all_selectable, custom_resources
from lab.apiserver.registry.resources import field_reader
from lab.apiserver.requests.options import DeleteOptions, WriteOptions
from lab.apiserver.requests.paths import Target
from lab.apiserver.storage.collections import Collection
from lab.apiserver.storage.records import Change, Record
from lab.apiserver.verbs.calls import SYSTEM, Call
from lab.apiserver.verbs.deleting import delete_record

CLEANUP = "customresourcecleanup.apiextensions.k8s.io"
GROUP, PLURAL = "apiextensions.k8s.io", "customresourcedefinitions"


class Definitions:
    """Keeps what is served in step with the stored definitions."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster
        self._queue: WorkQueue[str] = WorkQueue()
        self._served: dict[str, tuple[int, bool]] = {}  # generation, and whether it is ending
        self._ending: set[str] = set()
        cluster.store.subscribe(self._changed)

    def _changed(self, collection: Collection, change: Change) -> None:
        if (collection.group, collection.plural) == (GROUP, PLURAL):
            if change.kind == "DELETED":
                self._withdraw(change.record)
            else:
                self._queue.add(change.record.key)
        elif change.kind == "DELETED" and self._ending:
            name = f"{collection.plural}.{collection.group}"
            if name in self._ending:
                self._queue.add(name)

    async def run(self) -> None:
        """Follow changes until cancelled."""
        while True:
            self.settle(await self._queue.next())

    def settle_all(self) -> None:
        """Serve everything that is stored, at once: what is loaded at the start is there with the first answer."""
        for key in self._queue.drain():
            self.settle(key)

    def settle(self, key: str) -> None:
        """Bring what is served in step with one definition."""
        collection = self._cluster.store.collection(GROUP, PLURAL)
        record = collection.get(key) if collection is not None else None
        if collection is None or record is None:
            return
        definition = record.document()
        is_ending = bool(definition["metadata"].get("deletionTimestamp"))
        state = (definition["metadata"].get("generation", 0), is_ending)
        if self._served.get(key) != state:
            self._serve(definition)
            self._served[key] = state
        if is_ending:
            self._ending.add(key)
            self._clean_up(collection, record, definition)
            return
        if _establish(definition):
            self._cluster.store.put(collection, definition, record)

    def _serve(self, definition: Document) -> None:
        spec = definition["spec"]
        group, plural = spec["group"], spec["names"]["plural"]
        resources = custom_resources(definition)
        reader = field_reader(all_selectable(definition))
        known = self._cluster.store.collection(group, plural)
        stored_before = self._cluster.catalog.stored(group, plural)
        if known is None:
            self._cluster.store.open(group, plural, reader)
        else:
            known.reindex(reader)
            if (
                stored_before is not None
                and resources
                and stored_before.stored_api_version != resources[0].stored_api_version
            ):
                known.rewrite_type(resources[0].stored_api_version)
        self._cluster.catalog.remove(group, plural)
        self._cluster.catalog.add(resources)

    def _clean_up(self, collection: Collection, record: Record, definition: Document) -> None:
        spec = definition["spec"]
        group, plural = spec["group"], spec["names"]["plural"]
        instances = self._cluster.store.collection(group, plural)
        resource = self._cluster.catalog.stored(group, plural)
        if instances is not None and resource is not None:
            for instance in instances.all():
                target = Target(resource, instance.namespace, instance.name)
                call = Call(target, SYSTEM, WriteOptions(manager="kube-apiserver"))
                delete_record(self._cluster, call, instance, DeleteOptions())
            if len(instances):
                return
        finalizers = [name for name in definition["metadata"].get("finalizers") or () if name != CLEANUP]
        if finalizers:
            definition["metadata"]["finalizers"] = finalizers
            self._cluster.store.put(collection, definition, record)
        else:
            self._cluster.store.remove(collection, record)

    def _withdraw(self, record: Record) -> None:
        self._ending.discard(record.key)
        self._served.pop(record.key, None)
        spec = record.document()["spec"]
        self._cluster.catalog.remove(spec["group"], spec["names"]["plural"])
        self._cluster.store.close(spec["group"], spec["names"]["plural"])


def _condition(kind: str, reason: str, message: str) -> Document:
    return {
        "type": kind,
        "status": "True",
        "lastTransitionTime": timestamp(),
        "reason": reason,
        "message": message,
    }


def _establish(definition: Document) -> bool:
    """Write accepted names and conditions into the status; the answer says whether anything changed."""
    status: Document = definition.setdefault("status", {})
    spec = definition["spec"]
    changed = False
    conditions: list[Any] = list(status.get("conditions") or ())
    known = {condition["type"] for condition in conditions}
    if "NamesAccepted" not in known:
        conditions.append(_condition("NamesAccepted", "NoConflicts", "no conflicts found"))
        changed = True
    if "Established" not in known:
        text = "the initial names have been accepted"
        conditions.append(_condition("Established", "InitialNamesAccepted", text))
        changed = True
    storage = next(version["name"] for version in spec["versions"] if version.get("storage"))
    if storage not in (status.get("storedVersions") or ()):
        status["storedVersions"] = [*(status.get("storedVersions") or ()), storage]
        changed = True
    if status.get("acceptedNames") != spec["names"]:
        status["acceptedNames"] = spec["names"]
        changed = True
    status["conditions"] = conditions
    return changed
