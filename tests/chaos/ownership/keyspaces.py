"""What a change in etcd says of ownership: the same for a fake store and for the history of a real one."""

from __future__ import annotations

import orjson

from shared.contracts.etcd_keys import EtcdKeys
from shared.ports.store import KeyDropped, KeyPut
from tests.chaos.ownership.records import Claimed, Freed, Record, StateWritten


def records_of(change: KeyPut | KeyDropped, keys: EtcdKeys, *, at: float) -> list[Record]:
    """Return the record of a change to a claim or to state that names its token; nothing for other keys."""
    key = change.pair.key if isinstance(change, KeyPut) else change.key
    folder, _, rest = key.removeprefix(keys.root).partition("/")
    service, _, unit = rest.partition("/")
    if folder == "claims":
        if isinstance(change, KeyDropped):
            return [Freed(at, change.revision, service, unit)]
        pair = change.pair
        member = pair.value.decode()
        return [Claimed(at, pair.mod_revision, service, unit, member, pair.create_revision, pair.lease)]
    if isinstance(change, KeyDropped) or folder not in ("inventories", "checkpoints"):
        return []
    token = int(orjson.loads(change.pair.value)["token"])
    owner = service if folder == "inventories" else "watcher"
    return [StateWritten(at, change.pair.mod_revision, owner, key, token)]
