"""Observing a stack of real processes: etcd's own history, the watch of the API server, and its audit log.

One process and one clock (monotonic) observe everything, so that what the servers tell can be put in one order. Claims
and fenced writes are judged in etcd's order, which is exact; times are compared with the slack of a busy machine.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from shared.contracts.etcd_keys import EtcdKeys
from shared.contracts.keys import keys, partition_of
from shared.core.json import Manifest
from shared.core.objects import is_deleting, ref_of
from shared.core.resources import COMPONENTS, GRAPHS, Resource
from shared.kube.clusters import KubeCluster
from shared.ports.cluster import Observed, Selection, Snapshot
from shared.ports.store import Everything, KeyDropped, KeyPut, Store
from tests.chaos.ownership.auditing import writes_of
from tests.chaos.ownership.diaries import object_seen
from tests.chaos.ownership.keyspaces import records_of
from tests.chaos.ownership.records import Claimed, Record
from tests.e2e.stacks import LiveStack


@dataclass(slots=True)
class Observer:
    """What was seen of a stack since the observer began to look."""

    keys: EtcdKeys
    audit_log: Path
    records: list[Record] = field(default_factory=list)
    _began: float = field(default_factory=time.monotonic)
    _offset: float = field(default_factory=lambda: time.monotonic() - time.time())

    @property
    def now(self) -> float:
        """Return the time of the observer."""
        return time.monotonic() - self._began

    def add(self, record: Record) -> None:
        """Note what happened."""
        self.records.append(record)

    def history(self) -> list[Record]:
        """Return everything in the order of time, with the writes that the audit log tells since the beginning."""
        offset = self._offset - self._began
        audited = writes_of(self.audit_log.read_bytes().splitlines(), offset=offset)
        writes = [each for each in audited if each.sent >= 0.0]
        return sorted([*self.records, *writes], key=lambda each: each.at)

    async def follow_store(self, store: Store, begun: asyncio.Event) -> None:
        """Note every claim and every fenced write, in etcd's order, for ever."""
        async for change in store.follow(self.keys.root):
            match change:
                case Everything():
                    held = [each for pair in change.pairs for each in records_of(KeyPut(pair), self.keys, at=self.now)]
                    self.records += [each for each in held if isinstance(each, Claimed)]
                    begun.set()
                case KeyPut() | KeyDropped():
                    self.records += records_of(change, self.keys, at=self.now)

    async def follow_objects(self, cluster: KubeCluster, resource: Resource, namespace: str) -> None:
        """Note every state of the primaries of a namespace, for ever."""
        async for each in cluster.follow(resource, Selection(namespace=namespace)):
            if isinstance(each, Snapshot):
                for manifest in each.items:
                    self._see(manifest, resource, is_gone=is_deleting(manifest))
            elif isinstance(each, Observed):
                is_gone = each.change == "deleted" or is_deleting(each.manifest)
                self._see(each.manifest, resource, is_gone=is_gone)

    def _see(self, manifest: Manifest, resource: Resource, *, is_gone: bool) -> None:
        whole = {"apiVersion": resource.api_version, "kind": resource.kind, **manifest}
        unit = str(partition_of(keys(resource, whole).own))
        self.add(object_seen(ref_of(whole), whole, unit, at=self.now, is_gone=is_gone))


@asynccontextmanager
async def observing(stack: LiveStack, audit_log: Path, namespace: str) -> AsyncIterator[Observer]:
    """Observe a stack; everything that happens in the block is seen."""
    observer, begun = Observer(EtcdKeys(stack.record.name), audit_log), asyncio.Event()
    async with stack.target.store() as store, stack.target.cluster() as cluster, asyncio.TaskGroup() as tasks:
        assert isinstance(cluster, KubeCluster)
        following = [tasks.create_task(observer.follow_store(store, begun))]
        for resource in (GRAPHS, COMPONENTS):
            following.append(tasks.create_task(observer.follow_objects(cluster, resource, namespace)))
        async with asyncio.timeout(10):
            await begun.wait()
        yield observer
        for task in following:
            task.cancel()
