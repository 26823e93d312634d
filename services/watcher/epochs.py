"""The epoch: the life of one cluster's history, within which resource versions can be compared.

It is the uid of namespace `kube-system` and a counter. The counter is raised when a list's version is below one that
was stored (a cluster restored from a backup, a restarted lab) and when another cluster takes the place of the one
before. The epoch is recorded in etcd, so that all replicas agree. Invariant: no epoch comes back, since views refuse
one that they left. So a wiped etcd goes on from what the log tells, and a cluster that returns begins a new epoch.
"""

from __future__ import annotations

from contextlib import aclosing
from dataclasses import dataclass

import orjson

from shared.contracts.etcd_keys import EtcdKeys
from shared.core.errors import ConflictError, UnreachableError
from shared.core.objects import uid_of
from shared.core.resources import NAMESPACES, Ref
from shared.ports.cluster import Cluster
from shared.ports.store import Everything, KeyPut, ModifiedAt, Put, Store

SYSTEM_NAMESPACE = Ref(NAMESPACES, "", "kube-system")


@dataclass(frozen=True, slots=True)
class Epoch:
    """One epoch; its text is what events carry."""

    uid: str
    counter: int

    def __str__(self) -> str:
        """Return `uid.counter`."""
        return f"{self.uid}.{self.counter}"


def next_epoch(recorded: Epoch | None, uid: str, *, went_back: bool) -> Epoch:
    """Return the epoch of a cluster with this uid: a further one for another cluster or when versions went back."""
    if recorded is None:
        return Epoch(uid, 0)
    return Epoch(uid, recorded.counter + 1) if went_back or recorded.uid != uid else recorded


def newest(recorded: Epoch | None, logged: str) -> Epoch | None:
    """Return the later of what etcd records and what the log was written in: etcd may have lost the record."""
    uid, _, counter = logged.rpartition(".")
    if not uid or not counter.isdecimal() or (recorded is not None and recorded.counter >= int(counter)):
        return recorded
    return Epoch(uid, int(counter))


@dataclass(frozen=True, slots=True)
class Epochs:
    """Read and advance the installation's epoch."""

    cluster: Cluster
    store: Store
    keys: EtcdKeys

    async def recorded(self) -> str:
        """Return the epoch that etcd records, or an empty text before the first."""
        pair = await self.store.get(self.keys.epoch)
        return _text(pair.value if pair else b"")

    async def until_replaced(self, known: str) -> None:
        """Wait until etcd records another epoch than the known one."""
        async with aclosing(self.store.follow(self.keys.epoch)) as changes:
            async for change in changes:
                match change:
                    case Everything(pairs=(pair, *_)) | KeyPut(pair=pair) if _text(pair.value) not in ("", known):
                        return
                    case _:
                        pass  # a wiped store is written to again by whoever looks next

    async def observe(self, *, went_back_from: str = "", logged: str = "") -> str:
        """Return the epoch after looking at the cluster; record it when it is a new one.

        `logged` is an epoch that the log was written in. `went_back_from` is the epoch in which the caller saw versions
        go back. Many kinds see the same restored cluster: only the first of them begins a new epoch.
        """
        while True:
            namespace = await self.cluster.get(SYSTEM_NAMESPACE)
            if namespace is None:
                raise UnreachableError("namespace kube-system is missing: the API server is not ready")
            pair = await self.store.get(self.keys.epoch)
            recorded = _decode(pair.value) if pair else None
            last = newest(recorded, logged)
            went_back = last is not None and str(last) == went_back_from
            epoch = next_epoch(last, uid_of(namespace), went_back=went_back)
            if epoch == recorded:
                return str(epoch)
            try:
                guard = ModifiedAt(self.keys.epoch, pair.mod_revision if pair else 0)
                await self.store.commit([Put(self.keys.epoch, _encode(epoch))], [guard])
            except ConflictError:
                continue  # another replica saw it too, and was first
            return str(epoch)


def _encode(epoch: Epoch) -> bytes:
    return orjson.dumps({"uid": epoch.uid, "counter": epoch.counter})


def _decode(value: bytes) -> Epoch | None:
    """Return the recorded epoch; a damaged record counts as none, since everything can be published again."""
    try:
        record = orjson.loads(value)
        return Epoch(str(record["uid"]), int(record["counter"]))
    except (KeyError, TypeError, ValueError):
        return None


def _text(value: bytes) -> str:
    epoch = _decode(value)
    return str(epoch) if epoch is not None else ""
