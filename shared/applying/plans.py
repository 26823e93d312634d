"""What differs between the desired children of a primary and what is there: pure, no request.

Applied is what is missing, was desired differently before, was changed by somebody in fields of ours (another
ownership digest), or was written after what is recorded (another generation). Deleted is what this primary controls, in
the view or in the inventory, and no longer wants. What another owner controls is never touched, and what is being
deleted is waited for.

A seed is a whole object that is given to the cluster once and then belongs to others: a volume claim, or the replicas
of a scaling adapter. It is created where nothing has its name, and what exists is left as it is.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from shared.applying.inventories import Applied, Hold, Inputs, Inventory
from shared.core.json import Manifest, digest
from shared.core.objects import ref_of
from shared.core.resources import Ref, Resource
from shared.ports.passes import Entry, View

REPAIRED = "repaired"  # why something is written that was desired alike before


@dataclass(frozen=True, slots=True)
class Change:
    """One child that is written, and why: created from its seed if it has one, then applied if it is kept up."""

    ref: Ref
    manifest: Manifest | None
    digest: str
    reason: str  # `created`, `updated` or `repaired`
    seed: Manifest | None = None
    hold: Hold = Hold.WHOLE
    after: Ref | None = None  # another change that has to be answered before


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

    def without(self, refs: Collection[Ref], inventory: Inventory) -> Plan:
        """Return the plan that leaves some changes for later, and what is recorded of them as it is."""
        if not refs:
            return self
        changes = tuple(change for change in self.changes if change.ref not in refs)
        left = {ref: inventory.children[ref] for ref in refs if ref in inventory.children}
        return replace(self, changes=changes, kept={**(self.kept or {}), **left})


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
    """The children that a primary should have.

    A seed of a name that is also among the manifests holds what is given at creation only: the manifest leaves it out.
    """

    manifests: Sequence[Manifest] = ()
    seeds: Sequence[Manifest] = ()  # whole objects, for where there is none
    keeps_unwanted: bool = False  # what the primary asks for is not understood in full, so nothing may be deleted
    after: Mapping[Ref, Ref] = field(default_factory=dict)  # what is written only when something else has been
    held: Collection[Ref] = ()  # left as it is for now, wanted or not: a later pass has its turn
    inherits: frozenset[str] = frozenset()  # uids of owners that give way to this one: wanted things of theirs pass on
    renewed: Collection[Ref] = ()  # cannot be changed into what is wanted: it goes, and a later pass makes it anew

    @property
    def is_for_now(self) -> bool:
        """Return whether more than this is to be done once it is done."""
        return self.keeps_unwanted or bool(self.held) or bool(self.renewed)


def plan(desired: Wanted, *, owner_uid: str, inventory: Inventory, view: View, managed: Sequence[Resource]) -> Plan:
    """Return what has to be written so that the children are as desired.

    `managed` are the resources that this handler writes for its primary: a child of another resource (made by some
    other controller) is left alone.
    """
    found = _Found(desired, desired.inherits | {owner_uid}, inventory, view)
    seeds = {ref_of(seed): seed for seed in desired.seeds}
    for manifest in desired.manifests:
        found.take(ref_of(manifest), manifest, seeds.pop(ref_of(manifest), None))
    for ref, seed in seeds.items():
        found.take_seed(ref, seed)
    found.put_off()
    unwanted = _unwanted(found.wanted, owner_uid=owner_uid, inventory=inventory, view=view, managed=managed)
    if desired.keeps_unwanted:
        found.keep(unwanted)
        unwanted = {}
    found.keep(ref for ref in unwanted if ref in desired.held)
    going = found.renewed | {ref: uid for ref, uid in unwanted.items() if ref not in desired.held}
    removals = tuple(Removal(ref, uid, inventory.children.get(ref)) for ref, uid in sorted(going.items()))
    return Plan(tuple(found.changes), removals, tuple(found.foreign), tuple(found.waiting), found.kept)


@dataclass(slots=True)
class _Found:
    """What becomes of the wanted children."""

    desired: Wanted
    owners: frozenset[str]  # whose children may be applied to
    inventory: Inventory
    view: View
    wanted: set[Ref] = field(default_factory=set)
    renewed: dict[Ref, str] = field(default_factory=dict)
    changes: list[Change] = field(default_factory=list)
    foreign: list[Ref] = field(default_factory=list)
    waiting: list[Ref] = field(default_factory=list)
    kept: dict[Ref, Applied] = field(default_factory=dict)

    def take(self, ref: Ref, manifest: Manifest, seed: Manifest | None) -> None:
        """Compare a child that is kept as it is desired."""
        self.wanted.add(ref)
        entry, applied = self.view.get(ref), self.inventory.children.get(ref)
        wanted = digest(manifest)
        hold = Hold.WHOLE if seed is None else Hold.SHARED
        if entry is not None and entry.is_deleting:
            self.waiting.append(ref)
        elif entry is not None and entry.owner is not None and entry.owner.uid not in self.owners:
            self.foreign.append(ref)
        elif ref in self.desired.held:
            self.keep([ref])
        elif entry is not None and ref in self.desired.renewed:
            self.renewed[ref] = entry.uid
        elif applied is not None and applied.desired == wanted and _is_as_applied(entry, applied):
            self.kept[ref] = replace(applied, hold=hold)
        else:
            reason, planted = _reason(entry, applied, wanted), seed if entry is None else None
            after = self.desired.after.get(ref)
            self.changes.append(Change(ref, manifest, wanted, reason, planted, hold, after))

    def put_off(self) -> None:
        """Let wait what comes after something that cannot be written in this pass."""
        blocked = {*self.foreign, *self.waiting}
        late = [change.ref for change in self.changes if change.after in blocked]
        self.changes = [change for change in self.changes if change.after not in blocked]
        self.waiting += late
        self.keep(late)

    def keep(self, refs: Iterable[Ref]) -> None:
        """Keep what is recorded of some children."""
        self.kept |= {ref: self.inventory.children[ref] for ref in refs if ref in self.inventory.children}

    def take_seed(self, ref: Ref, seed: Manifest) -> None:
        """Look whether something is there; whoever made it, and whatever it is like, it stays."""
        self.wanted.add(ref)
        entry = self.view.get(ref)
        if entry is None:
            self.changes.append(Change(ref, None, "", "created", seed, Hold.PRESENCE))
        else:
            self.kept[ref] = Applied(entry.uid, entry.version, entry.generation, "", "", Hold.PRESENCE)


def _unwanted(
    wanted: Collection[Ref],
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
        if applied.hold is not Hold.PRESENCE and _is_left(view.get(ref), applied, owner_uid)
    }
    return {ref: uid for ref, uid in (recorded | seen).items() if ref not in wanted}


def _is_left(entry: Entry | None, applied: Applied, owner_uid: str) -> bool:
    """Return whether something recorded is still there and ours; what another owner has taken over is not."""
    if entry is None:
        return True
    passed_on = entry.owner is not None and entry.owner.uid != owner_uid
    return entry.uid == applied.uid and not entry.is_deleting and not passed_on


def _is_as_applied(entry: Entry | None, applied: Applied) -> bool:
    if entry is None or applied.hold is Hold.PRESENCE:
        return entry is not None
    return (
        not entry.is_deleting
        and entry.uid == applied.uid
        and entry.ownership_digest == applied.ownership
        and not (applied.hold is Hold.WHOLE and _is_beyond(entry, applied))
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
    return REPAIRED if applied is not None and applied.desired == wanted else "updated"
