"""What differs between the desired children of a primary and what is there: pure, no request.

Applied is what is missing, was desired differently before, was changed by somebody in fields of ours (another
ownership digest), or was written after what is recorded (another generation). Deleted is what this primary controls, in
the view or in the inventory, and no longer wants. What another owner controls is never touched, and what is being
deleted is waited for.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from shared.applying.inventories import Applied, Inputs, Inventory
from shared.core.json import Manifest, digest
from shared.core.objects import ref_of
from shared.core.resources import Ref, Resource
from shared.ports.passes import Entry, View


@dataclass(frozen=True, slots=True)
class Change:
    """One child that is applied, and why."""

    ref: Ref
    manifest: Manifest
    digest: str
    reason: str  # `created`, `updated` or `repaired`


@dataclass(frozen=True, slots=True)
class Removal:
    """One child that is deleted; until that is answered its record stays."""

    ref: Ref
    uid: str
    applied: Applied | None = None


@dataclass(frozen=True, slots=True)
class Plan:
    """Everything that one pass does to the children."""

    changes: tuple[Change, ...] = ()
    removals: tuple[Removal, ...] = ()
    foreign: tuple[Ref, ...] = ()  # wanted names that another owner controls
    waiting: tuple[Ref, ...] = ()  # wanted names whose former object is still going away
    kept: Mapping[Ref, Applied] | None = None  # unchanged children, as recorded

    @property
    def is_empty(self) -> bool:
        """Return whether nothing has to be written."""
        return not self.changes and not self.removals


def is_settled(inputs: Inputs, inventory: Inventory, view: View, managed: Sequence[Resource]) -> bool:
    """Return whether inputs and children are exactly as recorded, so that a pass has nothing to do to them."""
    if inventory.inputs != inputs:
        return False
    if any(not _is_as_applied(view.get(ref), applied) for ref, applied in inventory.children.items()):
        return False
    return all(
        entry.ref in inventory.children or entry.is_deleting
        for entry in view.children(inputs.uid)
        if entry.ref.resource in managed
    )


@dataclass(frozen=True, slots=True)
class Wanted:
    """The children that a primary should have."""

    manifests: Sequence[Manifest] = ()
    keeps_unwanted: bool = False  # what the primary asks for is not understood in full, so nothing may be deleted


def plan(desired: Wanted, *, owner_uid: str, inventory: Inventory, view: View, managed: Sequence[Resource]) -> Plan:
    """Return what has to be written so that the children are as desired.

    `managed` are the resources that this handler writes for its primary: a child of another resource (made by some
    other controller) is left alone.
    """
    changes: list[Change] = []
    foreign: list[Ref] = []
    waiting: list[Ref] = []
    kept: dict[Ref, Applied] = {}
    wanted = {ref_of(manifest): manifest for manifest in desired.manifests}
    for ref, manifest in wanted.items():
        entry, applied = view.get(ref), inventory.children.get(ref)
        wanted_digest = digest(manifest)
        if entry is not None and entry.is_deleting:
            waiting.append(ref)
        elif entry is not None and entry.owner is not None and entry.owner.uid != owner_uid:
            foreign.append(ref)
        elif applied is not None and applied.desired == wanted_digest and _is_as_applied(entry, applied):
            kept[ref] = applied
        else:
            changes.append(Change(ref, manifest, wanted_digest, _reason(entry, applied, wanted_digest)))
    unwanted = _unwanted(wanted, owner_uid=owner_uid, inventory=inventory, view=view, managed=managed)
    if desired.keeps_unwanted:
        kept |= {ref: inventory.children[ref] for ref in unwanted if ref in inventory.children}
        unwanted = {}
    removals = tuple(Removal(ref, uid, inventory.children.get(ref)) for ref, uid in sorted(unwanted.items()))
    return Plan(tuple(changes), removals, tuple(foreign), tuple(waiting), kept)


def _unwanted(
    wanted: Mapping[Ref, Manifest],
    *,
    owner_uid: str,
    inventory: Inventory,
    view: View,
    managed: Sequence[Resource],
) -> dict[Ref, str]:
    seen = {
        entry.ref: entry.uid
        for entry in view.children(owner_uid)
        if entry.ref.resource in managed and not entry.is_deleting
    }
    recorded = {
        ref: applied.uid
        for ref, applied in inventory.children.items()
        if (entry := view.get(ref)) is None or (entry.uid == applied.uid and not entry.is_deleting)
    }
    return {ref: uid for ref, uid in (recorded | seen).items() if ref not in wanted}


def _is_as_applied(entry: Entry | None, applied: Applied) -> bool:
    return (
        entry is not None
        and not entry.is_deleting
        and entry.uid == applied.uid
        and entry.ownership_digest == applied.ownership
        and not _is_beyond(entry, applied)
    )


def _is_beyond(entry: Entry, applied: Applied) -> bool:
    """Return whether a child was written after what is recorded, in fields that are ours as before.

    Either somebody else changed fields of theirs, or it was ourselves: a write whose record was lost, or one that came
    late, of an owner that had lost its claim. The digest of ownership holds no values, so it cannot tell the two apart.
    """
    if entry.generation:
        return entry.generation > applied.generation
    return entry.version > applied.version  # of a kind whose objects hardly change without one


def _reason(entry: Entry | None, applied: Applied | None, wanted: str) -> str:
    if entry is None:
        return "created"
    return "repaired" if applied is not None and applied.desired == wanted else "updated"
