"""The two passes of the room: one graph's instance view, in etcd, and one model's Service."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from services.discovery.endpoints.instances import Instance, instances, record
from services.discovery.models import services as models
from shared.applying.children import Children
from shared.applying.inventories import Inputs, Inventories
from shared.applying.plans import Wanted
from shared.contracts.etcd_keys import EtcdKeys
from shared.contracts.keys import Key, graph_key
from shared.core import labels
from shared.core.errors import ConflictError, LeaseLostError
from shared.core.json import digest
from shared.core.outcomes import Done, Outcome, Retry
from shared.core.resources import COMPONENTS, ENDPOINT_SLICES, GRAPHS, MODELS, SERVICES, Ref
from shared.ports.cluster import Cluster
from shared.ports.passes import Decision, Decisions, Entry, Queued, Work
from shared.ports.store import CreatedAt, Drop, Put, Store, Write

READS = frozenset({GRAPHS, COMPONENTS, ENDPOINT_SLICES, SERVICES})
MANAGED = (SERVICES,)
RENDERING = 1  # raised when the Service of a model is rendered differently, so that every inventory is compared again
GATHER = timedelta(milliseconds=250)  # the pods of a graph become ready one after the other, and one write tells of all


def route(entry: Entry, *, copy_of: Key | None) -> Iterable[Queued]:
    """Queue the graph that an object or a slice belongs to, and the models that a graph or a component uses."""
    if copy_of is not None:
        yield from _of_model(entry, copy_of) if copy_of.kind == MODELS.plural else ()
    elif entry.ref.resource is GRAPHS:
        yield Queued(entry.ref, "edit")
    elif entry.ref.resource is ENDPOINT_SLICES and entry.labels.get(labels.GRAPH_NAME):
        yield Queued(Ref(GRAPHS, entry.ref.namespace, entry.labels[labels.GRAPH_NAME]), "child", GATHER)


def _of_model(entry: Entry, model: Key) -> Iterable[Queued]:
    service = models.primary(model)
    if entry.ref.resource in (GRAPHS, COMPONENTS):
        yield Queued(service, "edit", GATHER)  # a graph and its components come one after the other
    elif entry.ref == service:
        yield Queued(service, "child")


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


@dataclass(frozen=True, slots=True)
class ModelServiceHandler:
    """Keep the Service of one model for as long as anybody uses the model."""

    cluster: Cluster
    children: Children
    inventories: Inventories
    decisions: Decisions

    async def __call__(self, work: Work) -> Outcome:
        """Bring the Service about, owned by all users and by nobody else; without a user it goes (W-37)."""
        used_by = models.users(models.key_of(work.primary), work.view)
        if not used_by:
            return await self._let_go(work)
        desired = models.model_service(work.primary, used_by)
        await self._adopt(work, used_by)
        inputs = Inputs("", 0, "", digest([RENDERING, desired]))
        result = await self.children.bring_about(work, inputs, lambda: Wanted([desired]))
        result.raise_error()
        if result.plan is not None and result.plan.foreign:
            return Retry(f"another owner controls {work.primary}: remove it, or the model cannot be reached by it")
        return Done()

    async def _adopt(self, work: Work, used_by: Sequence[models.User]) -> None:
        """End the control of one user over what all use: the reference gives the Service to the first that comes.

        That one may use another model by now: it is named once more, as an owner without control.
        """
        service = work.view.get(work.primary)
        former = models.controlling_user(service, used_by[0].model) if service is not None else None
        if service is None or service.is_deleting or former is None:
            return
        work.fence.check()
        released = models.model_service(work.primary, [*used_by, former])
        work.view.was_written(await self.cluster.apply(released, manager=self.children.writer.manager))

    async def _let_go(self, work: Work) -> Outcome:
        service = work.view.get(work.primary)
        if service is None:
            await self.inventories.forget(work.primary, work.fence)
        elif not service.is_deleting and models.is_ours(service):
            work.fence.check()
            await self.cluster.delete(service.ref, uid=service.uid)
            work.view.was_deleted(service.ref, service.uid)
            message = f"deleted Service {service.ref.name}: nothing uses the model any more"
            self.decisions.record(
                Decision(work.primary, "deleted", message, correlation=work.correlation, causation=work.cause)
            )
        return Done()
