"""Decides which objects go because their owners went, and when an owner that waits for its dependents may go.

Separate from the delete verb, which only leaves finalizers behind. Invariants: an object with one living owner is
never deleted; an owner in foreground deletion outlives every dependent that blocks it; orphaned dependents lose only
the reference.
"""

from __future__ import annotations

from lab.apiserver.cluster import Cluster
from lab.apiserver.documents import Document
from lab.apiserver.errors import ApiError
from lab.apiserver.lifecycle.queue import WorkQueue
from lab.apiserver.registry.resources import Resource
from lab.apiserver.requests.options import DeleteOptions, WriteOptions
from lab.apiserver.requests.paths import Target
from lab.apiserver.storage.collections import Collection
from lab.apiserver.storage.records import Change, Record
from lab.apiserver.verbs.calls import SYSTEM, Call
from lab.apiserver.verbs.deleting import FOREGROUND, ORPHAN, delete_record
from lab.apiserver.verbs.updating import Change as Edit
from lab.apiserver.verbs.updating import Update, Wanted

_OPTIONS = WriteOptions(manager="kube-controller-manager")
_WAITS = (b'"foregroundDeletion"', b'"orphan"')


def _has_new_owners(change: Change) -> bool:
    """Whether the owners were never looked at: when one of them goes, its dependents are queued for that."""
    previous = change.previous
    return bool(change.record.owners) and (previous is None or previous.owners != change.record.owners)


class GarbageCollector:
    """Follows owner references."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster
        self._queue: WorkQueue[str] = WorkQueue()
        self._unsettled: set[str] = set()  # changed while they were decided about
        cluster.store.subscribe(self._changed)

    def _changed(self, _collection: Collection, change: Change) -> None:
        record = change.record
        if change.kind == "DELETED":
            self._unsettled.discard(record.uid)
            for _home, dependent in self._cluster.store.dependents(record.uid):
                self._queue.add(dependent.uid)
            for owner in record.owners:
                self._queue.add(owner)
        elif _has_new_owners(change) or record.uid in self._unsettled or any(mark in record.body for mark in _WAITS):
            self._queue.add(record.uid)

    async def run(self) -> None:
        """Follow changes until cancelled."""
        while True:
            await self.settle(await self._queue.next())

    async def settle_all(self) -> None:
        """Decide about everything that waits, and about what that leads to."""
        while waiting := self._queue.drain():
            for uid in waiting:
                await self.settle(uid)

    async def settle(self, uid: str) -> None:
        """Decide about one object."""
        self._unsettled.discard(uid)
        found = self._cluster.store.find(uid)
        if found is None:
            return
        collection, record = found
        resource = self._cluster.catalog.stored(collection.group, collection.plural)
        if resource is None or self._may_stay(record):
            return
        document = record.document()
        finalizers = document["metadata"].get("finalizers") or ()
        try:
            if not document["metadata"].get("deletionTimestamp"):
                await self._check_owners(resource, record, document)
            elif ORPHAN in finalizers:
                await self._orphan(resource, record)
            elif FOREGROUND in finalizers:
                await self._advance_foreground(resource, record)
        except ApiError as error:
            if error.code not in (404, 409):
                raise
            self._unsettled.add(uid)  # gone or changed meanwhile: its next change queues it again

    def _may_stay(self, record: Record) -> bool:
        """Whether the bytes alone tell that there is nothing to do: all owners live, and nobody waits for anybody."""
        if any(mark in record.body for mark in _WAITS):
            return False
        return all(self._lives(owner, record) and not self._waits(owner) for owner in record.owners)

    async def _check_owners(self, resource: Resource, record: Record, document: Document) -> None:
        references = document["metadata"].get("ownerReferences") or []
        if not references:
            return
        living = [reference for reference in references if self._lives(reference["uid"], record)]
        waiting = [reference for reference in living if self._waits(reference["uid"])]
        if len(living) > len(waiting):
            if len(living) < len(references):
                await self._keep_owners(resource, record, {reference["uid"] for reference in living})
            return
        has_dependents = bool(self._cluster.store.dependents(record.uid))
        self._delete(resource, record, "Foreground" if waiting and has_dependents else "Background")

    def _lives(self, uid: str, dependent: Record) -> bool:
        found = self._cluster.store.find(uid)
        return found is not None and found[1].namespace in ("", dependent.namespace)

    def _waits(self, uid: str) -> bool:
        """Whether an owner is in foreground deletion, so that it no longer holds its dependents."""
        found = self._cluster.store.find(uid)
        if found is None or _WAITS[0] not in found[1].body:
            return False
        metadata = found[1].document()["metadata"]
        return bool(metadata.get("deletionTimestamp")) and FOREGROUND in (metadata.get("finalizers") or ())

    def _delete(self, resource: Resource, record: Record, propagation: str) -> None:
        call = Call(Target(resource, record.namespace, record.name), SYSTEM, _OPTIONS)
        delete_record(self._cluster, call, record, DeleteOptions(propagation=propagation))

    async def _orphan(self, resource: Resource, record: Record) -> None:
        for collection, dependent in self._cluster.store.dependents(record.uid):
            kind = self._cluster.catalog.stored(collection.group, collection.plural)
            if kind is not None:
                await self._keep_owners(kind, dependent, set(dependent.owners) - {record.uid})
        await self._drop_finalizer(resource, record, ORPHAN)

    async def _advance_foreground(self, resource: Resource, record: Record) -> None:
        blocking = False
        for _collection, dependent in self._cluster.store.dependents(record.uid):
            self._queue.add(dependent.uid)
            references = dependent.document()["metadata"].get("ownerReferences") or ()
            blocking = blocking or any(
                reference["uid"] == record.uid and reference.get("blockOwnerDeletion") for reference in references
            )
        if not blocking:
            await self._drop_finalizer(resource, record, FOREGROUND)

    async def _keep_owners(self, resource: Resource, record: Record, kept: set[str]) -> None:
        def change(live: Document) -> Wanted:
            owners = [owner for owner in live["metadata"].get("ownerReferences") or () if owner["uid"] in kept]
            metadata = {key: value for key, value in live["metadata"].items() if key != "ownerReferences"}
            return Wanted({**live, "metadata": {**metadata, "ownerReferences": owners} if owners else metadata})

        await self._update(resource, record, change)

    async def _drop_finalizer(self, resource: Resource, record: Record, finalizer: str) -> None:
        def change(live: Document) -> Wanted:
            kept = [name for name in live["metadata"].get("finalizers") or () if name != finalizer]
            metadata = {key: value for key, value in live["metadata"].items() if key != "finalizers"}
            return Wanted({**live, "metadata": {**metadata, "finalizers": kept} if kept else metadata})

        await self._update(resource, record, change)

    async def _update(self, resource: Resource, record: Record, change: Edit) -> None:
        call = Call(Target(resource, record.namespace, record.name), SYSTEM, _OPTIONS)
        await Update(self._cluster, call, change).run()
