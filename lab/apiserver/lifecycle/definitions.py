"""Decides when a CustomResourceDefinition is served, and what its deletion takes along.

Separate from how a definition becomes resources, which is pure. Invariant: a definition is served before its
Established condition says so, and is gone only after its last object is.
"""

from __future__ import annotations

from lab.apiserver.cluster import Cluster
from lab.apiserver.documents import Document
from lab.apiserver.errors import ApiError
from lab.apiserver.lifecycle.queue import WorkQueue
from lab.apiserver.registry.custom import all_selectable, custom_resources
from lab.apiserver.registry.resources import field_reader
from lab.apiserver.requests.options import DeleteOptions, WriteOptions
from lab.apiserver.requests.paths import Target
from lab.apiserver.schemas.defaults import apply_defaults
from lab.apiserver.schemas.prune import prune
from lab.apiserver.storage.collections import Collection
from lab.apiserver.storage.records import Change, Record
from lab.apiserver.strategies.naming import CLEANUP, accepted_status, is_accepted, terminating_status
from lab.apiserver.verbs.calls import SYSTEM, Call
from lab.apiserver.verbs.deleting import delete_record
from lab.apiserver.verbs.updating import Change as Edit
from lab.apiserver.verbs.updating import Update, Wanted

GROUP, PLURAL = "apiextensions.k8s.io", "customresourcedefinitions"
_OPTIONS = WriteOptions(manager="kube-apiserver")


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
            await self.settle(await self._queue.next())

    async def settle_all(self) -> None:
        """Serve everything that is stored, at once: what is loaded at the start is there with the first answer."""
        for key in self._queue.drain():
            await self.settle(key)

    async def settle(self, key: str) -> None:
        """Bring what is served in step with one definition."""
        collection = self._cluster.store.collection(GROUP, PLURAL)
        record = collection.get(key) if collection is not None else None
        if record is None:
            return
        definition = record.document()
        try:
            if definition["metadata"].get("deletionTimestamp"):
                self._ending.add(key)
                self._serve(key, definition, is_ending=True)
                await self._end(key, definition)
                return
            status = accepted_status(definition, self._others(definition))
            if is_accepted(status):
                self._serve(key, definition, is_ending=False)
            if status != definition.get("status"):
                await self._write_status(key, status)
        except ApiError as error:
            if error.code not in (404, 409):  # gone or changed meanwhile: its next change queues it again
                raise

    def _others(self, definition: Document) -> list[Document]:
        """Return the accepted names of the other definitions of the group."""
        collection = self._cluster.store.collection(GROUP, PLURAL)
        found = [record.document() for record in collection.all()] if collection is not None else []
        return [
            (other.get("status") or {}).get("acceptedNames") or {}
            for other in found
            if other["spec"]["group"] == definition["spec"]["group"]
            and other["metadata"]["name"] != definition["metadata"]["name"]
        ]

    def _serve(self, key: str, definition: Document, *, is_ending: bool) -> None:
        state = (definition["metadata"].get("generation", 0), is_ending)
        if self._served.get(key) == state:
            return
        self._served[key] = state
        spec = definition["spec"]
        group, plural = spec["group"], spec["names"]["plural"]
        resources = custom_resources(definition)
        reader = field_reader(all_selectable(definition))
        known = self._cluster.store.collection(group, plural)
        self._cluster.catalog.remove(group, plural)
        self._cluster.catalog.add(resources)
        if known is None:
            self._cluster.store.open(group, plural, reader)
        elif resources and resources[0].storage_schema is not None:
            schema, api_version = resources[0].storage_schema(), resources[0].stored_api_version

            def convert(document: Document) -> Document:
                return apply_defaults(prune({**document, "apiVersion": api_version}, schema)[0], schema)

            known.rewrite(reader, convert)

    async def _end(self, key: str, definition: Document) -> None:
        """Delete the objects of an ending definition; once none is left, let it go."""
        spec = definition["spec"]
        group, plural = spec["group"], spec["names"]["plural"]
        instances = self._cluster.store.collection(group, plural)
        resource = self._cluster.catalog.stored(group, plural)
        if instances is not None and resource is not None:
            for instance in instances.all():
                call = Call(Target(resource, instance.namespace, instance.name), SYSTEM, _OPTIONS)
                delete_record(self._cluster, call, instance, DeleteOptions())
            if len(instances):
                status = terminating_status(definition)
                if status != definition.get("status"):
                    await self._write_status(key, status)
                return
        await self._update(key, "", _without_cleanup)

    async def _write_status(self, key: str, status: Document) -> None:
        await self._update(key, "status", lambda live: Wanted({**live, "status": status}))

    async def _update(self, key: str, subresource: str, change: Edit) -> None:
        resource = self._cluster.catalog.find(GROUP, "v1", PLURAL)
        if resource is not None:
            call = Call(Target(resource, "", key, subresource), SYSTEM, _OPTIONS)
            await Update(self._cluster, call, change).run()

    def _withdraw(self, record: Record) -> None:
        self._ending.discard(record.key)
        self._served.pop(record.key, None)
        spec = record.document()["spec"]
        self._cluster.catalog.remove(spec["group"], spec["names"]["plural"])
        self._cluster.store.close(spec["group"], spec["names"]["plural"])


def _without_cleanup(live: Document) -> Wanted:
    kept = [name for name in live["metadata"].get("finalizers") or () if name != CLEANUP]
    metadata = {key: value for key, value in live["metadata"].items() if key != "finalizers"}
    return Wanted({**live, "metadata": {**metadata, "finalizers": kept} if kept else metadata})
