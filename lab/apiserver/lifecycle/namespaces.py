"""Decides what a namespace gets when it begins, and takes along when it ends.

Separate from the delete verb, which only marks it. Invariant: a namespace is removed after everything in it is.
"""

from __future__ import annotations

from lab.apiserver.cluster import Cluster
from lab.apiserver.documents import Document
from lab.apiserver.errors import ApiError
from lab.apiserver.lifecycle.queue import WorkQueue
from lab.apiserver.requests.options import DeleteOptions, WriteOptions
from lab.apiserver.requests.paths import Target
from lab.apiserver.storage.collections import Collection
from lab.apiserver.storage.records import Change, Record
from lab.apiserver.verbs.calls import SYSTEM, Call
from lab.apiserver.verbs.creating import create
from lab.apiserver.verbs.deleting import delete_record

_ACCOUNT = "default"
_OPTIONS = WriteOptions(manager="kube-controller-manager")


class Namespaces:
    """Follows namespaces and what is in those that end."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster
        self._queue: WorkQueue[str] = WorkQueue()
        self._ending: set[str] = set()
        cluster.store.subscribe(self._changed)

    def _changed(self, collection: Collection, change: Change) -> None:
        record = change.record
        if (collection.group, collection.plural) == ("", "namespaces"):
            self._queue.add(record.name)
        elif change.kind == "DELETED" and (record.namespace in self._ending or record.name == _ACCOUNT):
            self._queue.add(record.namespace)

    async def run(self) -> None:
        """Follow changes until cancelled."""
        while True:
            await self.settle(await self._queue.next())

    async def settle_all(self) -> None:
        """Settle everything that waits now."""
        for name in self._queue.drain():
            await self.settle(name)

    async def settle(self, name: str) -> None:
        """Give a living namespace its account, and take an ending one apart."""
        namespaces = self._cluster.store.collection("", "namespaces")
        record = namespaces.get(name) if namespaces is not None else None
        if namespaces is None or record is None:
            self._ending.discard(name)
        elif record.fields.get("status.phase") == "Terminating":
            self._ending.add(name)
            self._end(namespaces, record)
        else:
            await self._give_account(name)

    async def _give_account(self, namespace: str) -> None:
        resource = self._cluster.catalog.find("", "v1", "serviceaccounts")
        if resource is None or self._cluster.collection(resource).get(f"{namespace}/{_ACCOUNT}") is not None:
            return
        account: Document = {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": _ACCOUNT}}
        call = Call(Target(resource, namespace), SYSTEM, _OPTIONS)
        try:
            await create(self._cluster, call, account, [])
        except ApiError as error:
            if error.code not in (403, 404, 409):  # gone, ending, or somebody was faster
                raise

    def _end(self, namespaces: Collection, record: Record) -> None:
        """Delete what is in the namespace; once nothing is left, the namespace itself."""
        remaining = False
        for collection in self._cluster.store.collections():
            resource = self._cluster.catalog.stored(collection.group, collection.plural)
            if resource is None or not resource.namespaced:
                continue
            for inner in collection.all(record.name):
                call = Call(Target(resource, record.name, inner.name), SYSTEM, _OPTIONS)
                delete_record(self._cluster, call, inner, DeleteOptions(propagation="Background"))
            remaining = remaining or not collection.namespace_is_empty(record.name)
        if remaining:
            return
        newest = namespaces.get(record.key)
        if newest is None:
            return
        document = newest.document()
        if document["metadata"].get("finalizers"):
            if document.get("spec"):
                document["spec"] = {}
                self._cluster.store.put(namespaces, document, newest)
            return
        self._cluster.store.remove(namespaces, newest)
