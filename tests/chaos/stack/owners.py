"""Which replica owns which partition, as etcd says."""

from __future__ import annotations

from shared.contracts.etcd_keys import EtcdKeys
from tests.e2e.stacks import LiveStack

PARTITIONS = 32


async def claims(stack: LiveStack, service: str) -> dict[str, str]:
    """Return which replica owns each partition."""
    prefix = EtcdKeys(stack.record.name).claims(service)
    async with stack.target.store() as store:
        return {pair.key.removeprefix(prefix): pair.value.decode() for pair in (await store.list(prefix)).pairs}
