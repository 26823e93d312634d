"""The diary of one run on fakes: records in the order in which things happened, by the driven clock."""

from __future__ import annotations

from dataclasses import dataclass, field

from shared.contracts.etcd_keys import EtcdKeys
from shared.contracts.keys import keys, partition_of
from shared.core.json import Manifest, integer
from shared.core.objects import generation_of, is_deleting, uid_of, version_of
from shared.core.resources import Ref
from shared.ports.store import KeyDropped, KeyPut, Store
from shared.testing.clock import FakeClock
from shared.testing.cluster_objects import Change
from tests.chaos.ownership.keyspaces import records_of
from tests.chaos.ownership.records import ObjectSeen, Record, StateWritten


@dataclass(slots=True)
class Diary:
    """What was seen so far."""

    clock: FakeClock
    records: list[Record] = field(default_factory=list)

    @property
    def now(self) -> float:
        """Return the time of the observer."""
        return self.clock.elapsed()

    def add(self, record: Record) -> None:
        """Note what happened."""
        self.records.append(record)

    async def follow(self, store: Store, keys: EtcdKeys) -> None:
        """Note every claim and every fenced write, in the store's order, for ever."""
        async for change in store.follow(keys.root):
            if isinstance(change, KeyPut | KeyDropped):
                found = records_of(change, keys, at=self.now)
                self.records += [each for each in found if not _is_of_free_watcher(each)]

    def see(self, change: Change, partitions: int) -> None:
        """Note a state of a primary."""
        manifest = change.after or change.gone
        is_gone = change.after is None or is_deleting(change.after)
        unit = str(partition_of(keys(change.ref.resource, manifest).own, partitions))
        self.add(object_seen(change.ref, manifest, unit, at=self.now, is_gone=is_gone))


def _is_of_free_watcher(record: Record) -> bool:
    """Return whether the simulation's watcher wrote it, which holds no claims."""
    return isinstance(record, StateWritten) and record.service == "watcher"


def object_seen(ref: Ref, manifest: Manifest, unit: str, *, at: float, is_gone: bool) -> ObjectSeen:
    """Return what a state says of its generations."""
    return ObjectSeen(
        at=at,
        version=version_of(manifest),
        ref=ref,
        uid=uid_of(manifest),
        unit=unit,
        generation=generation_of(manifest),
        observed=integer(manifest, "status", "observedGeneration"),
        is_gone=is_gone,
    )
