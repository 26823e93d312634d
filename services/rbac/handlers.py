"""The two passes of the room: one over a namespace's shared accounts, one over a graph's own grants."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import timedelta

from services.rbac import metrics
from services.rbac.grants import discovery, planner
from services.rbac.grants.labels import MANAGED_BY
from shared.applying.children import Children
from shared.applying.inventories import Inputs, Inventories
from shared.applying.plans import Wanted
from shared.contracts.envelope import correlation_id
from shared.contracts.keys import ACCOUNTS, Key, accounts_key
from shared.core import labels
from shared.core.json import digest, mapping
from shared.core.outcomes import Done, Outcome, Retry
from shared.core.resources import CLUSTER_ROLES, GRAPHS, ROLE_BINDINGS, ROLES, SERVICE_ACCOUNTS, Ref
from shared.ports.cluster import Cluster
from shared.ports.passes import Decision, Decisions, Entry, Queued, View, Work

GRANTS_VERSION = 1  # raised when a grant is rendered differently, so that every inventory is compared again

READS = (GRAPHS, SERVICE_ACCOUNTS, ROLES, ROLE_BINDINGS)
MANAGED = (SERVICE_ACCOUNTS, ROLES, ROLE_BINDINGS)

_FIRST_WAIT, _LONGEST_WAIT = timedelta(seconds=5), timedelta(minutes=5)  # D-25


def route(entry: Entry, *, copy_of: Key | None) -> Iterable[Queued]:
    """Queue the graph that an object is or belongs to, and the shared accounts of a namespace with a graph."""
    namespace = entry.ref.namespace
    if copy_of is not None:
        # A copy that another key brought here, such as a model's, is the business of its own partition alone.
        if copy_of.kind == ACCOUNTS and entry.ref.resource is GRAPHS:
            yield Queued(planner.primary(namespace), "edit")
    elif entry.ref.resource is GRAPHS:
        yield Queued(entry.ref, "edit")
    elif entry.owner is not None and entry.owner.resource is GRAPHS:
        yield Queued(Ref(GRAPHS, namespace, entry.owner.name), "child")
    elif entry.ref in planner.refs(namespace):
        yield Queued(planner.primary(namespace), "child")


@dataclass(frozen=True, slots=True)
class GraphGrantsHandler:
    """Give the pods of one graph the rights to discover each other."""

    children: Children
    inventories: Inventories
    default_backend: str

    async def __call__(self, work: Work) -> Outcome:
        """Bring account, Role and binding of the graph about; owner references collect them with the graph."""
        graph = work.view.get(work.primary)
        if graph is None or graph.is_deleting:
            await self.inventories.forget(work.primary, work.fence)
            return Done()
        backend = discovery.effective_backend(graph.annotations, self.default_backend)
        inputs = Inputs(graph.uid, 0, "", digest([GRANTS_VERSION, backend]))
        name, namespace = work.primary.name, work.primary.namespace
        result = await self.children.bring_about(
            work,
            inputs,
            lambda: Wanted(discovery.grants(name, namespace, graph.uid) if backend == discovery.KUBERNETES else ()),
        )
        result.raise_error()
        if result.plan is not None and result.plan.foreign:
            return Retry(taken(result.plan.foreign))
        return Done()


@dataclass(frozen=True, slots=True)
class SharedAccountsHandler:
    """Give each namespace with a graph the planner's account and binding."""

    cluster: Cluster
    children: Children
    decisions: Decisions
    cluster_role: str

    async def __call__(self, work: Work) -> Outcome:
        """Bring the planner's account and binding about; without any graph nothing is done to them."""
        namespace = work.primary.namespace
        users = _users(work.view, namespace)
        if not users:
            return Done()
        work = replace(work, correlation=_edit_behind(work.cause, users))
        inputs = Inputs("", 0, "", digest([GRANTS_VERSION, self.cluster_role]))
        if await self.children.settled(work, inputs) is None:
            if await self.cluster.get(Ref(CLUSTER_ROLES, "", self.cluster_role)) is None:
                return self._without_role(work)
            await self._replace_binding(work)
            desired = [planner.service_account(namespace), planner.role_binding(namespace, self.cluster_role)]
            result = await self.children.bring_about(work, inputs, lambda: Wanted(desired))
            result.raise_error()
            if result.plan is not None and result.plan.foreign:
                return Retry(taken(result.plan.foreign))
        await self._remove_stand_in(work)
        return Done()

    def _without_role(self, work: Work) -> Outcome:
        """No account and no binding is made while the ClusterRole is missing (RB-04)."""
        message = planner.missing_role_message(self.cluster_role)
        metrics.MISSING_ROLES.inc()
        if work.attempt == 1:
            self.decisions.record(
                Decision(work.primary, "waiting", message, correlation=work.correlation, causation=work.cause)
            )
        return Retry(message, after=min(_FIRST_WAIT * 2 ** min(work.attempt - 1, 10), _LONGEST_WAIT))

    async def _replace_binding(self, work: Work) -> None:
        """Make way for a binding to another role: `roleRef` is immutable, and rights are never absent meanwhile (D-20).

        The stand-in goes when the binding is there again, in this pass or, after a crash, in a later one.
        """
        namespace = work.primary.namespace
        binding = work.view.get(planner.binding_ref(namespace))
        if binding is None or binding.is_deleting or _refers_to(binding, self.cluster_role):
            return
        work.fence.check()
        stand_in = planner.stand_in(namespace, self.cluster_role)
        work.view.was_written(await self.cluster.apply(stand_in, manager=self.children.writer.manager))
        work.fence.check()
        await self.cluster.delete(binding.ref, uid=binding.uid)
        work.fence.check()
        again = planner.role_binding(namespace, self.cluster_role)
        work.view.was_written(await self.cluster.apply(again, manager=self.children.writer.manager))

    async def _remove_stand_in(self, work: Work) -> None:
        stand_in = work.view.get(planner.stand_in_ref(work.primary.namespace))
        if stand_in is None or stand_in.is_deleting or stand_in.labels.get(labels.MANAGED_BY) != MANAGED_BY:
            return
        work.fence.check()
        await self.cluster.delete(stand_in.ref, uid=stand_in.uid)
        work.view.was_deleted(stand_in.ref, stand_in.uid)


def taken(foreign: Iterable[Ref]) -> str:
    """Return why some wanted objects are not written."""
    names = ", ".join(str(ref) for ref in foreign)
    return f"another owner controls {names}: rename the graph or remove the object"


def _users(view: View, namespace: str) -> list[Entry]:
    return [graph for graph in view.of_key(accounts_key(namespace), GRAPHS) if not graph.is_deleting]


def _edit_behind(cause: str, graphs: Iterable[Entry]) -> str:
    """Return the id of the edit that an event belongs to; a shared object's own changes belong to none."""
    edited = (graph for graph in graphs if cause.startswith(f"{graph.uid}."))
    return next((correlation_id(graph.uid, graph.generation) for graph in edited), "")


def _refers_to(binding: Entry, cluster_role: str) -> bool:
    found = mapping(binding.summary, "roleRef")
    return found == {"apiGroup": ROLE_BINDINGS.group, "kind": "ClusterRole", "name": cluster_role}
