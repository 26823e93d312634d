"""The pass of the room: one graph's instance view, from its EndpointSlices to etcd."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import timedelta

from services.discovery.endpoints.instances import Instance, instances, record
from shared.contracts.etcd_keys import EtcdKeys
from shared.contracts.keys import Key, graph_key
from shared.core import labels
from shared.core.errors import ConflictError, LeaseLostError
from shared.core.outcomes import Done, Outcome
from shared.core.resources import ENDPOINT_SLICES, GRAPHS, Ref
from shared.ports.passes import Decision, Decisions, Entry, Queued, Work
from shared.ports.store import CreatedAt, Drop, Put, Store, Write

READS = frozenset({GRAPHS, ENDPOINT_SLICES})
GATHER = timedelta(milliseconds=250)  # the pods of a graph become ready one after the other, and one write tells of all


def route(entry: Entry, *, copy_of: Key | None) -> Iterable[Queued]:
    """Queue the graph that an object is or belongs to."""
    if copy_of is not None:
        return
    if entry.ref.resource is GRAPHS:
        yield Queued(entry.ref, "edit")
    elif entry.labels.get(labels.GRAPH_NAME):
        yield Queued(Ref(GRAPHS, entry.ref.namespace, entry.labels[labels.GRAPH_NAME]), "child", GATHER)


@dataclass(slots=True)
class InstancesHandler:
    """Record which pods serve which component of one graph."""

    store: Store
    keys: EtcdKeys
    decisions: Decisions
    _written: dict[Ref, tuple[int, bytes]] = field(default_factory=dict)  # by fencing token

    async def __call__(self, work: Work) -> Outcome:
        """Write the view if it differs from the recorded one; remove it when nobody serves."""
        namespace, name = work.primary.namespace, work.primary.name
        slices = [
            entry
            for entry in work.view.of_key(graph_key(namespace, name), ENDPOINT_SLICES)
            if not entry.is_deleting and entry.labels.get(labels.GRAPH_NAME) == name
        ]
        found = instances(slices)
        value = record(found) if found else b""
        key = self.keys.instances(namespace, name)
        if await self._recorded(work, key) != value:
            await self._commit(work, Put(key, value) if found else Drop(key))
            self._written[work.primary] = (work.fence.token, value)
            self._tell(work, found)
        if work.view.get(work.primary) is None and not found:
            self._written.pop(work.primary, None)
        return Done()

    async def _recorded(self, work: Work, key: str) -> bytes:
        known = self._written.get(work.primary)
        if known is not None and known[0] == work.fence.token:
            return known[1]
        pair = await self.store.get(key)
        value = pair.value if pair else b""
        self._written[work.primary] = (work.fence.token, value)
        return value

    async def _commit(self, work: Work, write: Write) -> None:
        work.fence.check()
        self._written.pop(work.primary, None)
        try:
            await self.store.commit([write], [CreatedAt(work.fence.claim, work.fence.token)])
        except ConflictError as error:
            raise LeaseLostError(f"claim {work.fence.claim} is not held any more") from error

    def _tell(self, work: Work, found: list[Instance]) -> None:
        ready = sum(1 for each in found if each.is_ready)
        message = f"{ready} of {len(found)} instances ready"
        self.decisions.record(
            Decision(work.primary, "instances", message, correlation=work.correlation, causation=work.cause)
        )
