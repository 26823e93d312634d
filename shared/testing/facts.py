"""The facts of a cluster that everybody has looked at, for tests in which nobody writes facts."""

from __future__ import annotations

from collections.abc import Iterable

from shared.api.platform import Capability
from shared.contracts.etcd_keys import EtcdKeys
from shared.contracts.facts import ACCOUNTS, ALL_SEEN, ORCHESTRATORS, REGISTRIES, encode_orchestrators
from shared.ports.store import Put


def facts_of_a_cluster(capabilities: Iterable[Capability] = ()) -> dict[str, bytes]:
    """Return what a pass needs to know, in a cluster whose namespaces offer nothing to pods."""
    return {ORCHESTRATORS: encode_orchestrators(capabilities), REGISTRIES: ALL_SEEN, ACCOUNTS: ALL_SEEN}


def recorded(keys: EtcdKeys, facts: dict[str, bytes]) -> list[Put]:
    """Return the writes that record facts."""
    return [Put(keys.fact(name), value) for name, value in facts.items()]
