"""The objects of a view with the ways to find them: by address, owner, key and resource.

Separate from the rules of the view so that one place keeps the indexes equal to the entries: whatever enters here is
found in every index, whatever leaves is found in none.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import TypeVar

from shared.contracts.keys import Key
from shared.core.resources import Ref, Resource
from shared.ports.passes import Entry
from shared.runtime.partitions.views.entries import Place

_Key = TypeVar("_Key", Key, str, Resource)
_Refs = dict[Ref, None]  # an ordered set


@dataclass(frozen=True, slots=True)
class Placed:
    """An entry and the keys of this partition that it belongs to."""

    entry: Entry
    place: Place


@dataclass(slots=True)
class Indexes:
    """Entries by address, with indexes."""

    _by_ref: dict[Ref, Placed] = field(default_factory=dict)
    _by_owner: dict[str, _Refs] = field(default_factory=dict)
    _by_key: dict[Key, _Refs] = field(default_factory=dict)
    _by_resource: dict[Resource, _Refs] = field(default_factory=dict)

    def __len__(self) -> int:
        """Return the number of entries."""
        return len(self._by_ref)

    def __iter__(self) -> Iterator[Placed]:
        """Yield all entries; the view must not change meanwhile."""
        return iter(self._by_ref.values())

    def get(self, ref: Ref) -> Placed | None:
        """Return one entry."""
        return self._by_ref.get(ref)

    def put(self, placed: Placed) -> None:
        """Add an entry, or replace the one of its address."""
        ref = placed.entry.ref
        self.drop(ref)
        self._by_ref[ref] = placed
        self._by_resource.setdefault(ref.resource, {})[ref] = None
        if placed.entry.owner is not None:
            self._by_owner.setdefault(placed.entry.owner.uid, {})[ref] = None
        for key in placed.place.keys:
            self._by_key.setdefault(key, {})[ref] = None

    def replace(self, placed: Placed) -> None:
        """Put another entry in the place of one with the same owner and keys."""
        self._by_ref[placed.entry.ref] = placed

    def drop(self, ref: Ref) -> Placed | None:
        """Remove and return an entry."""
        placed = self._by_ref.pop(ref, None)
        if placed is None:
            return None
        _discard(self._by_resource, ref.resource, ref)
        if placed.entry.owner is not None:
            _discard(self._by_owner, placed.entry.owner.uid, ref)
        for key in placed.place.keys:
            _discard(self._by_key, key, ref)
        return placed

    def owned(self, uid: str) -> list[Entry]:
        """Return what an object controls."""
        return self._entries(self._by_owner.get(uid, ()))

    def of_key(self, key: Key) -> list[Entry]:
        """Return what belongs to a key."""
        return self._entries(self._by_key.get(key, ()))

    def of_resource(self, resource: Resource) -> list[Entry]:
        """Return the objects of a resource."""
        return self._entries(self._by_resource.get(resource, ()))

    def _entries(self, refs: Iterable[Ref]) -> list[Entry]:
        return [self._by_ref[ref].entry for ref in refs]


def _discard(index: dict[_Key, _Refs], key: _Key, ref: Ref) -> None:
    refs = index[key]
    del refs[ref]
    if not refs:
        del index[key]
