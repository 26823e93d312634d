"""Writing facts: what concerns all keys, in etcd, by one writer each (design: keys, ownership, passes).

A fact is written only when its bytes differ, so that nothing is told at rest, and only under the claim of its writer.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from shared.contracts.etcd_keys import EtcdKeys
from shared.core.errors import ConflictError, LeaseLostError
from shared.ports.passes import Fence
from shared.ports.store import CreatedAt, Drop, Put, Store, Write


@dataclass(frozen=True, slots=True)
class FactRecord:
    """The facts as one writer records them; `on_change` hears the name of each that it changed."""

    store: Store
    keys: EtcdKeys
    on_change: Callable[[str], None]

    async def recorded(self, prefix: str) -> Mapping[str, bytes]:
        """Return the facts whose names begin with a prefix."""
        found = await self.store.list(self.keys.fact(prefix))
        return {pair.key.removeprefix(self.keys.facts): pair.value for pair in found.pairs}

    async def write(self, name: str, value: bytes, fence: Fence) -> bool:
        """Write a fact if it differs from what is recorded; return whether it did."""
        pair = await self.store.get(self.keys.fact(name))
        if pair is not None and pair.value == value:
            return False
        await self._commit(name, Put(self.keys.fact(name), value), fence)
        return True

    async def drop(self, name: str, fence: Fence) -> None:
        """Remove a fact."""
        await self._commit(name, Drop(self.keys.fact(name)), fence)

    async def _commit(self, name: str, write: Write, fence: Fence) -> None:
        fence.check()
        try:
            await self.store.commit([write], [CreatedAt(fence.claim, fence.token)])
        except ConflictError as error:
            raise LeaseLostError(f"claim {fence.claim} is not held any more") from error
        self.on_change(name)
