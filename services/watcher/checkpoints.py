"""Checkpoints in etcd: up to which version everything of a resource is in which stream, in which epoch."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import orjson

from shared.contracts.etcd_keys import EtcdKeys
from shared.core.errors import ConflictError, LeaseLostError
from shared.core.resources import Resource
from shared.ports.passes import Fence
from shared.ports.store import CreatedAt, Drop, Put, Store, Write


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A point to resume a watch from."""

    version: int
    epoch: str
    stream_created: datetime


@dataclass(frozen=True, slots=True)
class Checkpoints:
    """Read and write checkpoints; writes are fenced by the claim on the kind."""

    store: Store
    keys: EtcdKeys

    async def read(self, resource: Resource) -> Checkpoint | None:
        """Return the checkpoint of a resource; one that cannot be read counts as none, since a list repairs it."""
        pair = await self.store.get(self.keys.checkpoint(resource))
        return decode(pair.value) if pair else None

    async def write(self, resource: Resource, checkpoint: Checkpoint, fence: Fence) -> None:
        """Record a checkpoint; raise LeaseLostError when the claim is not ours any more."""
        await self._commit(Put(self.keys.checkpoint(resource), encode(checkpoint, fence.token)), fence)

    async def forget(self, resource: Resource, fence: Fence) -> None:
        """Remove a checkpoint, so that the next run lists."""
        await self._commit(Drop(self.keys.checkpoint(resource)), fence)

    async def _commit(self, write: Write, fence: Fence) -> None:
        try:
            await self.store.commit([write], [CreatedAt(fence.claim, fence.token)])
        except ConflictError as error:
            raise LeaseLostError(f"claim {fence.claim} is not held with token {fence.token} any more") from error


def encode(checkpoint: Checkpoint, token: int = 0) -> bytes:
    """Return the record as stored; the fencing token under which it is written says later who wrote it."""
    return orjson.dumps(
        {
            "version": checkpoint.version,
            "token": token,
            "epoch": checkpoint.epoch,
            "streamCreated": checkpoint.stream_created.isoformat(),
        }
    )


def decode(value: bytes) -> Checkpoint | None:
    """Return the stored checkpoint, or None for a record that is damaged or of another form."""
    try:
        record = orjson.loads(value)
        return Checkpoint(
            version=int(record["version"]),
            epoch=str(record["epoch"]),
            stream_created=datetime.fromisoformat(record["streamCreated"]),
        )
    except (KeyError, TypeError, ValueError):
        return None
