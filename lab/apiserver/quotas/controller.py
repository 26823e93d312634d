"""Keeps the status of quotas: what they limit, and what is used of it.

A create is charged when it is admitted; here it is counted again when an object goes, a pod ends, or a quota changes.
Invariant: a status that says the right thing already is not written.
"""

from __future__ import annotations

from lab.apiserver.cluster import Cluster
from lab.apiserver.documents import Document
from lab.apiserver.errors import ApiError
from lab.apiserver.lifecycle.queue import WorkQueue
from lab.apiserver.quotas.ledger import PLURAL
from lab.apiserver.quotas.usage import Amount, Usage, amounts, is_under, total, usage_of
from lab.apiserver.registry.resources import Resource
from lab.apiserver.requests.options import WriteOptions
from lab.apiserver.requests.paths import Target
from lab.apiserver.storage.collections import Collection
from lab.apiserver.storage.records import Change, Record
from lab.apiserver.verbs.calls import SYSTEM, Call
from lab.apiserver.verbs.updating import Update, Wanted

_OPTIONS = WriteOptions(manager="kube-controller-manager")
_ENDED = ("Succeeded", "Failed")


class Quotas:
    """Follows quotas, and what goes in namespaces that have any."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster
        self._queue: WorkQueue[str] = WorkQueue()
        cluster.store.subscribe(self._changed)

    def _changed(self, collection: Collection, change: Change) -> None:
        namespace = change.record.namespace
        if (collection.group, collection.plural) == ("", PLURAL):
            if change.kind == "ADDED" or (change.kind == "MODIFIED" and _is_respecified(change)):
                self._queue.add(namespace)
        elif namespace and self._quotas(namespace) and (change.kind == "DELETED" or _has_ended(collection, change)):
            self._queue.add(namespace)

    async def run(self) -> None:
        """Follow changes until cancelled."""
        while True:
            await self.settle(await self._queue.next())

    async def settle_all(self) -> None:
        """Settle everything that waits, and what that leads to."""
        while waiting := self._queue.drain():
            for namespace in waiting:
                await self.settle(namespace)

    async def settle(self, namespace: str) -> None:
        """Bring the status of the quotas of one namespace about."""
        resource = self._cluster.catalog.find("", "v1", PLURAL)
        for record in self._quotas(namespace):
            if resource is not None:
                await self._write(resource, record)

    def _quotas(self, namespace: str) -> list[Record]:
        quotas = self._cluster.store.collection("", PLURAL)
        return [] if quotas is None or quotas.namespace_is_empty(namespace) else quotas.all(namespace)

    async def _write(self, resource: Resource, record: Record) -> None:
        if self._counted(record.document()) == record.document().get("status"):
            return
        call = Call(Target(resource, record.namespace, record.name, "status"), SYSTEM, _OPTIONS)
        try:
            # Counted again on each try: what was charged meanwhile must not be forgotten.
            await Update(self._cluster, call, lambda live: Wanted({**live, "status": self._counted(live)})).run()
        except ApiError as error:
            if error.code not in (404, 409):  # gone or changed meanwhile: its next change queues it again
                raise

    def _counted(self, quota: Document) -> Document:
        """Return the status that a quota should have."""
        hard = (quota.get("spec") or {}).get("hard") or {}
        used = total(self._usages(quota, set(hard)))
        limits = amounts(hard)
        return {
            "hard": {name: str(limits[name]) for name in hard},
            "used": {name: str(used.get(name, Amount())) for name in hard},
        }

    def _usages(self, quota: Document, limited: set[str]) -> list[Usage]:
        """Return what the objects of a quota's namespace use; kinds that it does not limit are not read."""
        namespace, found = quota["metadata"]["namespace"], []
        for collection in self._cluster.store.collections():
            group, plural = collection.group, collection.plural
            if collection.namespace_is_empty(namespace) or not limited & _countable(group, plural, limited):
                continue
            for record in collection.all(namespace):
                document = record.document()
                if is_under(quota, group, plural, document):
                    found.append(usage_of(group, plural, document))
        return found


def _countable(group: str, plural: str, limited: set[str]) -> set[str]:
    """Return which limited names objects of a resource may use."""
    own = {f"count/{plural}.{group}" if group else f"count/{plural}"}
    if group:
        return own
    if plural == "pods":
        return own | {name for name in limited if not name.startswith(("count/", "services"))}
    return own | {name for name in limited if name.partition(".")[0] == plural or name == "requests.storage"}


def _is_respecified(change: Change) -> bool:
    """Return whether somebody changed what a quota says, or its status; a charge only adds to what is used."""
    if change.previous is None:
        return True
    before, after = change.previous.document(), change.record.document()
    limits = [(each.get("spec"), (each.get("status") or {}).get("hard")) for each in (before, after)]
    return limits[0] != limits[1]


def _has_ended(collection: Collection, change: Change) -> bool:
    is_pod = (collection.group, collection.plural) == ("", "pods")
    return is_pod and change.record.fields.get("status.phase") in _ENDED
