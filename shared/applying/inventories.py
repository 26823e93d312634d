"""The inventory of one primary: what was applied for it, and from which inputs (design: writing to the cluster).

While inputs and children are as recorded, a pass asks nothing and writes nothing. The record lives in etcd, guarded by
the claim, so that the next owner of the partition can say the same without a request.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import astuple, dataclass, field, replace
from enum import StrEnum

import orjson

from shared.contracts.etcd_keys import EtcdKeys
from shared.core.errors import ConflictError, LeaseLostError
from shared.core.json import digest
from shared.core.resources import Ref, resource_by_plural
from shared.ports.passes import Fence
from shared.ports.store import CreatedAt, Drop, Put, Store, Write

RECORD_VERSION = 1


@dataclass(frozen=True, slots=True)
class Inputs:
    """Everything that a rendering depended on."""

    uid: str
    generation: int
    metadata: str  # digest of the primary's labels and annotations
    context: str  # digest of facts, settings and the renderer's version
    epoch: str = ""  # of the cluster's history: in another one, the same generation may be another spec


class Hold(StrEnum):
    """What of a child stays ours for as long as it is wanted."""

    WHOLE = "whole"  # all of it: whatever was written after us is looked into
    SHARED = "shared"  # what we apply; the rest of its spec is somebody else's, so its generation says nothing
    PRESENCE = "presence"  # that it exists; what is in it, and when it ends, is decided by others


@dataclass(frozen=True, slots=True)
class Applied:
    """One child as it was applied and answered."""

    uid: str
    version: int
    generation: int
    desired: str  # digest of what was sent
    ownership: str  # ownership digest of what was answered
    hold: Hold = Hold.WHOLE


@dataclass(frozen=True, slots=True)
class Inventory:
    """What was applied for one primary."""

    inputs: Inputs | None = None
    children: Mapping[Ref, Applied] = field(default_factory=dict)
    epoch: str = ""  # in which the children were answered

    def in_epoch(self, epoch: str) -> Inventory:
        """Return what holds in an epoch: of another one only which objects are ours, not what is in them."""
        if epoch == self.epoch:
            return self
        children = {ref: replace(applied, desired="", ownership="") for ref, applied in self.children.items()}
        return Inventory(None, children, epoch)

    def encode(self, token: int = 0) -> bytes:
        """Return the record as stored; the fencing token under which it is written says later who wrote it."""
        inputs = self.inputs
        return orjson.dumps(
            {
                "v": RECORD_VERSION,
                "token": token,
                "epoch": self.epoch,
                "inputs": inputs and astuple(inputs),
                "children": [
                    [ref.resource.plural, ref.namespace, ref.name, *astuple(each)]
                    for ref, each in sorted(self.children.items())
                ],
            }
        )


EMPTY = Inventory()


def decode(value: bytes) -> Inventory:
    """Return a stored inventory; a damaged record, or one of another version, is an empty one and is rebuilt."""
    try:
        record = orjson.loads(value)
        if record["v"] != RECORD_VERSION:
            return EMPTY
        children = {}
        for plural, namespace, name, *applied in record["children"]:
            resource = resource_by_plural(plural)
            if resource is not None:
                children[Ref(resource, str(namespace), str(name))] = _applied(*applied)
        inputs = Inputs(*record["inputs"]) if record["inputs"] else None  # only ever compared as a whole
        return Inventory(inputs, children, str(record.get("epoch", "")))
    except (KeyError, TypeError, ValueError):
        return EMPTY


def _applied(uid: object, version: object, generation: object, *rest: object) -> Applied:
    if not isinstance(version, int) or not isinstance(generation, int):
        raise ValueError("versions are numbers")
    desired, ownership, *hold = map(str, rest)
    return Applied(str(uid), version, generation, desired, ownership, *map(Hold, hold))


@dataclass(slots=True)
class Inventories:
    """The inventories of one service. What this process wrote is remembered, so a pass at rest reads nothing."""

    store: Store
    keys: EtcdKeys
    service: str
    _known: dict[Ref, tuple[int, Inventory]] = field(default_factory=dict)  # by fencing token

    async def read(self, primary: Ref, fence: Fence) -> Inventory:
        """Return the inventory of a primary, empty where none is recorded."""
        known = self._known.get(primary)
        if known is not None and known[0] == fence.token:
            return known[1]
        pair = await self.store.get(self.keys.inventory(self.service, primary))
        inventory = decode(pair.value) if pair else EMPTY
        self._known[primary] = (fence.token, inventory)
        return inventory

    async def record(self, primary: Ref, inventory: Inventory, fence: Fence) -> None:
        """Write an inventory, if it differs from the one known; raise LeaseLostError when the claim has gone."""
        known = self._known.get(primary)
        if known == (fence.token, inventory):
            return
        await self._commit(
            Put(self.keys.inventory(self.service, primary), inventory.encode(fence.token)), primary, fence
        )
        self._known[primary] = (fence.token, inventory)

    async def forget(self, primary: Ref, fence: Fence) -> None:
        """Remove the inventory of a primary that is gone."""
        known = await self.read(primary, fence)
        if known != EMPTY:
            await self._commit(Drop(self.keys.inventory(self.service, primary)), primary, fence)
        self._known.pop(primary, None)

    async def _commit(self, write: Write, primary: Ref, fence: Fence) -> None:
        fence.check()
        self._known.pop(primary, None)  # until the answer is there, nothing is known
        try:
            await self.store.commit([write], [CreatedAt(fence.claim, fence.token)])
        except ConflictError as error:
            raise LeaseLostError(f"claim {fence.claim} is not held with token {fence.token} any more") from error


def metadata_digest(labels: Mapping[str, str], annotations: Mapping[str, str]) -> str:
    """Return the digest of what a rendering may read of a primary's metadata."""
    return digest([dict(labels), dict(annotations)])
