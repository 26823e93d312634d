"""Decides the order of all writes: one counter for every object of the server, as in etcd.

Separate from collections, because versions, owner links and subscribers span all of them. Invariant: nothing
here awaits, so between reading a record and replacing it no other write can happen.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TypeAlias

from lab.apiserver.documents import Document
from lab.apiserver.storage.collections import Collection
from lab.apiserver.storage.records import Change, Record, Selectable, make_record

CollectionKey: TypeAlias = tuple[str, str]
Subscriber: TypeAlias = Callable[[Collection, Change], None]

FIRST_VERSION = 1


class Store:
    """Every object, and who owns whom."""

    def __init__(self) -> None:
        self.version = FIRST_VERSION
        self._collections: dict[CollectionKey, Collection] = {}
        self._subscribers: list[Subscriber] = []
        self._homes: dict[str, tuple[Collection, str]] = {}
        self._dependents: dict[str, dict[tuple[CollectionKey, str], None]] = {}

    def subscribe(self, subscriber: Subscriber) -> None:
        """Call back after every change, in order."""
        self._subscribers.append(subscriber)

    def collections(self) -> Iterator[Collection]:
        """Iterate over all collections."""
        return iter(list(self._collections.values()))

    def collection(self, group: str, plural: str) -> Collection | None:
        """Return a collection if the resource is served."""
        return self._collections.get((group, plural))

    def open(self, group: str, plural: str, selectable: Selectable) -> Collection:
        """Return the collection of a resource, made if it is new."""
        found = self._collections.get((group, plural))
        if found is None:
            found = Collection(group, plural, selectable=selectable, floor=self.version)
            self._collections[(group, plural)] = found
        return found

    def close(self, group: str, plural: str) -> None:
        """Forget a resource; its watches end."""
        collection = self._collections.pop((group, plural), None)
        if collection is not None:
            collection.history.close()

    def end_watches(self) -> None:
        """End every watch in order: its client sees the end of the stream, not a broken one."""
        for collection in self._collections.values():
            collection.history.close()

    def put(self, collection: Collection, document: Document, previous: Record | None) -> Record:
        """Store a new state of an object."""
        self.version += 1
        record = make_record(document, self.version, collection.selectable)
        if previous is not None and previous.owners != record.owners:
            self._unlink(collection, previous)
        if previous is None:
            self._homes[record.uid] = (collection, record.key)
        self._link(collection, record)
        self._publish(collection, collection.store("MODIFIED" if previous else "ADDED", record, previous))
        return record

    def restore(self, collection: Collection, document: Document) -> None:
        """Take back an object in the version that it has, before anybody is served."""
        record = make_record(document, int(document["metadata"]["resourceVersion"]), collection.selectable)
        self._homes[record.uid] = (collection, record.key)
        self._link(collection, record)
        self._publish(collection, collection.store("ADDED", record, None))

    def remove(self, collection: Collection, record: Record) -> Record:
        """Delete an object; the answered record is its last state under the version of the deletion."""
        self.version += 1
        last = make_record(record.document(), self.version, collection.selectable)
        self._homes.pop(record.uid, None)
        self._unlink(collection, record)
        self._publish(collection, collection.store("DELETED", last, record))
        return last

    def find(self, uid: str) -> tuple[Collection, Record] | None:
        """Return where the object with this uid is."""
        home = self._homes.get(uid)
        if home is None:
            return None
        record = home[0].get(home[1])
        return (home[0], record) if record is not None else None

    def dependents(self, uid: str) -> list[tuple[Collection, Record]]:
        """Return the objects that name this uid as an owner."""
        found: list[tuple[Collection, Record]] = []
        for (group, plural), key in list(self._dependents.get(uid, ())):
            collection = self._collections.get((group, plural))
            record = collection.get(key) if collection is not None else None
            if collection is not None and record is not None:
                found.append((collection, record))
        return found

    def compact(self, version: int) -> None:
        """Forget history up to a version everywhere."""
        for collection in self._collections.values():
            collection.history.compact(version)

    def _link(self, collection: Collection, record: Record) -> None:
        for owner in record.owners:
            self._dependents.setdefault(owner, {})[((collection.group, collection.plural), record.key)] = None

    def _unlink(self, collection: Collection, record: Record) -> None:
        for owner in record.owners:
            links = self._dependents.get(owner)
            if links is not None:
                links.pop(((collection.group, collection.plural), record.key), None)
                if not links:
                    del self._dependents[owner]

    def _publish(self, collection: Collection, change: Change) -> None:
        for subscriber in self._subscribers:
            subscriber(collection, change)
