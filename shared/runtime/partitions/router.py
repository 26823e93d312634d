"""Which primaries a change concerns (design: queue). Pure.

What changed may have belonged to other keys before, so both its old and its new state are routed. The default router
serves every service whose primaries are objects with names; a service with other primaries gives its own.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace

from shared.contracts.keys import Key
from shared.core.resources import Ref, Resource, resource_by_plural
from shared.ports.passes import Entry, Queued, Router
from shared.runtime.partitions.views.indexes import Placed
from shared.runtime.partitions.views.view import Effect


@dataclass(frozen=True, slots=True)
class DefaultRouter:
    """Queue the object itself, its controller, and for copies the primary of the other key."""

    primaries: Collection[Resource]

    def __call__(self, entry: Entry, *, copy_of: Key | None) -> Iterable[Queued]:
        """Return the primaries to queue."""
        if copy_of is not None:
            resource = resource_by_plural(copy_of.kind)
            if resource in self.primaries and resource is not None:
                return [Queued(Ref(resource, copy_of.namespace, copy_of.name), "child")]
            return []
        found = [Queued(entry.ref, "edit")] if entry.ref.resource in self.primaries else []
        owner = entry.owner.resource if entry.owner else None
        if entry.owner is not None and owner is not None and owner in self.primaries:
            found.append(Queued(Ref(owner, entry.ref.namespace, entry.owner.name), "child"))
        return found


def default_router(primaries: Collection[Resource]) -> Router:
    """Return the router for primaries that are objects."""
    return DefaultRouter(frozenset(primaries))


def routes(placed: Placed, router: Router) -> Iterable[Queued]:
    """Return the primaries that an object concerns, by all its keys in this partition."""
    if placed.place.own is not None:
        yield from router(placed.entry, copy_of=None)
    for key in placed.place.also:
        yield from router(placed.entry, copy_of=key)


def concerned(effect: Effect, router: Router, *, heeds_progress: bool = True) -> list[Queued]:
    """Return the primaries that a change concerns; only what a user can edit counts as an edit.

    What a primary's own status says concerns it as a child's change would, or (`heeds_progress`) not at all.
    """
    found: dict[Ref, Queued] = {}
    is_edit = _is_edit(effect)
    for placed in (effect.before, effect.after):
        for queued in routes(placed, router) if placed else ():
            if queued.trigger == "edit" and not is_edit:
                if not heeds_progress:
                    continue
                queued = replace(queued, trigger="child")
            if queued.primary not in found or queued.trigger == "edit":
                found[queued.primary] = queued
    return list(found.values())


def _is_edit(effect: Effect) -> bool:
    if effect.before is None or effect.after is None:
        return True
    before, after = effect.before.entry, effect.after.entry
    return (before.uid, before.generation, before.is_deleting, before.labels, before.annotations) != (
        after.uid,
        after.generation,
        after.is_deleting,
        after.labels,
        after.annotations,
    )
