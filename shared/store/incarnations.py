"""Which store is behind the address: the one we knew, or another one after a disk was lost?

Separate because everything that outlives a connection depends on the answer: watches begin anew, leases are lost, and
no fence of the old store may be believed by the new one. etcd's own `cluster_id` does not tell (it is computed from
the member list), and a watch resumed beyond a new store's end is silently deaf. So a random value is written once and
compared whenever a call went unanswered, and in every transaction.
"""

from __future__ import annotations

import asyncio
from uuid import uuid4

import structlog

from shared.store import messages
from shared.store.wire import Wire

log = structlog.get_logger(__name__)


class Incarnation:
    """What we know about the store's identity."""

    def __init__(self, wire: Wire, key: str) -> None:
        """Know nothing yet."""
        self._wire = wire
        self._checking = asyncio.Lock()
        self._failures_seen = -1
        self.key = key
        self.value = b""
        self.number = 0  # grows with each wiped store

    async def check(self) -> int:
        """Return the number of the incarnation, looking at the store if a call has failed since the last look."""
        if self._failures_seen != self._wire.failures:
            async with self._checking:
                if self._failures_seen != self._wire.failures:
                    await self._look()
        return self.number

    def expire(self) -> None:
        """Look again before the next use."""
        self._failures_seen = -1

    async def _look(self) -> None:
        failures = self._wire.failures
        pairs = messages.pairs_of(await self._wire.read(messages.get_request(self.key)))
        if not pairs:
            # Two clients of an empty store both come here; the value read back is that of the first.
            await self._wire.commit(messages.first_write(self.key, uuid4().hex.encode()))
            pairs = messages.pairs_of(await self._wire.read(messages.get_request(self.key)))
        if pairs and pairs[0].value != self.value:
            if self.value:
                log.warning("store is another one", key=self.key, revision=pairs[0].create_revision)
            self.value = pairs[0].value
            self.number += 1
        self._failures_seen = failures
