"""The partition view: the last known state of every object of the resources that a service reads.

It takes in events and the answers of own writes by the same rules: only what is newer counts, a tombstone removes, an
answered delete marks. Taking in returns the effect, so that routing stays outside. Invariant: whatever the order in
which the states of an object arrive, doubled or late, the newest one is what a pass sees.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace

from shared.contracts.keys import PARTITIONS, Key
from shared.core.json import Manifest
from shared.core.resources import Ref, Resource
from shared.ports.passes import Entry
from shared.runtime.partitions.views.entries import Change, entry_of_change, entry_of_manifest, place_of
from shared.runtime.partitions.views.indexes import Indexes, Placed
from shared.runtime.partitions.views.ordering import Epochs, Stamp, is_newer
from shared.runtime.partitions.views.packed import Packed, packed


@dataclass(frozen=True, slots=True)
class Effect:
    """What taking in one state changed."""

    before: Placed | None
    after: Placed | None
    cause: str = ""  # id of the event


@dataclass(slots=True)
class PartitionView:
    """All known objects of one partition."""

    partition: int
    partitions: int = PARTITIONS
    epochs: Epochs = field(default_factory=Epochs)
    is_filling: bool = True  # what was stored before the view was built mostly rests
    _objects: Indexes = field(default_factory=Indexes)
    _gone: dict[Ref, Stamp] = field(default_factory=dict)
    _deleted: dict[Ref, str] = field(default_factory=dict)  # uid whose deletion was answered, until it is gone

    def __len__(self) -> int:
        """Return the number of objects."""
        return len(self._objects)

    def __iter__(self) -> Iterator[Placed]:
        """Yield all objects with their keys."""
        return iter(self._objects)

    def placed(self, ref: Ref) -> Placed | None:
        """Return an object with its keys."""
        return self._objects.get(ref)

    # What a pass may read

    def get(self, ref: Ref) -> Entry | None:
        """Return an object of the view."""
        placed = self._objects.get(ref)
        return placed.entry if placed else None

    def children(self, uid: str) -> tuple[Entry, ...]:
        """Return what an object controls, sorted by resource and name."""
        return tuple(sorted(self._objects.owned(uid), key=_address))

    def of_key(self, key: Key, resource: Resource) -> tuple[Entry, ...]:
        """Return the objects of a resource that belong to a key (also as copies), sorted by name."""
        found = (entry for entry in self._objects.of_key(key) if entry.ref.resource == resource)
        return tuple(sorted(found, key=_address))

    def all(self, resource: Resource) -> tuple[Entry, ...]:
        """Return all objects of a resource in the partition, sorted by namespace and name."""
        return tuple(sorted(self._objects.of_resource(resource), key=_address))

    # What comes in

    def take(self, change: Change) -> Effect | None:
        """Take in an event; return None when something newer is known already."""
        headers, ref = change.headers, change.ref
        stamp = Stamp(headers.epoch, headers.version, is_gone=headers.is_tombstone)
        if not is_newer(stamp, self._stamp(ref), self.epochs):
            return None
        placed = self._placed(change)
        if not headers.is_tombstone:
            return self._put(placed, cause=headers.id)
        before = self._objects.drop(ref)
        self._gone[ref] = stamp
        self._deleted.pop(ref, None)
        return Effect(before or placed, None, headers.id)

    def take_object(self, manifest: Manifest, *, epoch: str = "", cause: str = "") -> Effect | None:
        """Take in an object that the API server answered, as its event would be taken in."""
        entry, redacted = entry_of_manifest(manifest, epoch=epoch or self.epochs.current)
        place = place_of(entry.ref, redacted, partition=self.partition, partitions=self.partitions)
        stamp = Stamp(entry.epoch, entry.version)
        if not place.keys or not is_newer(stamp, self._stamp(entry.ref), self.epochs):
            return None
        return self._put(Placed(replace(entry, event_id=cause), place), cause=cause)

    def mark_deleted(self, ref: Ref, uid: str) -> None:
        """Mark an object whose deletion the API server has answered; older events do not unmark it."""
        placed = self._objects.get(ref)
        if placed is not None and placed.entry.uid == uid:
            self._deleted[ref] = uid
            self._objects.put(Placed(replace(placed.entry, is_deleting=True), placed.place))

    def enter_epoch(self, epoch: str) -> list[Effect]:
        """Begin an epoch whose lists are all in the log: what is left of others does not exist."""
        self.epochs.enter(epoch)
        self.epochs.leave({stamp.epoch for stamp in self._gone.values()})
        left = [placed for placed in self._objects if placed.entry.epoch != epoch]
        return [self._forget(placed) for placed in left]

    def forget_all(self, is_absent: Callable[[Placed], bool]) -> list[Effect]:
        """Remove what the log turned out not to hold."""
        return [self._forget(placed) for placed in [each for each in self._objects if is_absent(each)]]

    def forget_tombstones(self, still_held: set[Ref]) -> None:
        """Drop the marks of objects whose tombstones the log itself has purged."""
        self._gone = {ref: stamp for ref, stamp in self._gone.items() if ref in still_held}

    def pack(self) -> None:
        """Make small what has changed and rests again."""
        for placed in [each for each in self._objects if not isinstance(each.entry.summary, Packed)]:
            self._objects.replace(Placed(packed(placed.entry), placed.place))

    def _forget(self, placed: Placed) -> Effect:
        self._objects.drop(placed.entry.ref)
        self._deleted.pop(placed.entry.ref, None)
        return Effect(placed, None, placed.entry.event_id)

    def _stamp(self, ref: Ref) -> Stamp | None:
        placed = self._objects.get(ref)
        return Stamp(placed.entry.epoch, placed.entry.version) if placed else self._gone.get(ref)

    def _placed(self, change: Change) -> Placed:
        place = place_of(change.ref, change.manifest, partition=self.partition, partitions=self.partitions)
        return Placed(entry_of_change(change), place)

    def _put(self, placed: Placed, *, cause: str) -> Effect:
        ref = placed.entry.ref
        before = self._objects.get(ref)
        if self._deleted.get(ref, placed.entry.uid) != placed.entry.uid:
            del self._deleted[ref]  # another object has the name now
        if ref in self._deleted and not placed.entry.is_deleting:
            placed = Placed(replace(placed.entry, is_deleting=True), placed.place)
        if self.is_filling:
            placed = Placed(packed(placed.entry), placed.place)
        self._gone.pop(ref, None)
        self._objects.put(placed)
        return Effect(before, placed, cause)


@dataclass(frozen=True, slots=True)
class PassView:
    """Implements the port `View` for one pass: its own writes are routed without queueing the pass itself again."""

    view: PartitionView
    on_own: Callable[[Effect], None]

    def get(self, ref: Ref) -> Entry | None:
        """Return an object of the view."""
        return self.view.get(ref)

    def children(self, uid: str) -> tuple[Entry, ...]:
        """Return what an object controls, sorted by resource and name."""
        return self.view.children(uid)

    def of_key(self, key: Key, resource: Resource) -> tuple[Entry, ...]:
        """Return the objects of a resource that belong to a key (also as copies), sorted by name."""
        return self.view.of_key(key, resource)

    def all(self, resource: Resource) -> tuple[Entry, ...]:
        """Return all objects of a resource in the partition, sorted by namespace and name."""
        return self.view.all(resource)

    def was_written(self, manifest: Manifest) -> None:
        """Take in the answer of an own write, as its event would be taken in."""
        effect = self.view.take_object(manifest)
        if effect is not None:
            self.on_own(effect)

    def was_deleted(self, ref: Ref, uid: str) -> None:
        """Mark an object whose deletion the API server has answered."""
        self.view.mark_deleted(ref, uid)


def _address(entry: Entry) -> tuple[Resource, str, str]:
    return (entry.ref.resource, entry.ref.namespace, entry.ref.name)
