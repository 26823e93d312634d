"""The two passes of the room: one over a namespace's shared accounts, one over a graph's own grants."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta

from services.rbac import metrics
from services.rbac.grants import discovery, planner
from shared.applying.children import Children
from shared.applying.inventories import Inputs, Inventories
from shared.applying.plans import Wanted
from shared.contracts.keys import ACCOUNTS, Key, accounts_key
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
    resource = entry.ref.resource
    if resource is GRAPHS:
        if copy_of is not None and copy_of.kind == ACCOUNTS:
            yield Queued(planner.primary(entry.ref.namespace), "edit")
        else:
            yield Queued(entry.ref, "edit")
    elif entry.owner is not None and entry.owner.resource is GRAPHS:
        yield Queued(Ref(GRAPHS, entry.ref.namespace, entry.owner.name), "child")
    elif entry.ref in (planner.primary(entry.ref.namespace), planner.binding_ref(entry.ref.namespace)):
        yield Queued(planner.primary(entry.ref.namespace), "child")


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
            taken = ", ".join(str(ref) for ref in result.plan.foreign)
            return Retry(f"another owner controls {taken}: rename the graph or remove the object")
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
        if not _users(work.view, namespace):
            return Done()
        inputs = Inputs("", 0, "", digest([GRANTS_VERSION, self.cluster_role]))
        desired = [
            planner.service_account(namespace),
            planner.role_binding(namespace, self.cluster_role),
        ]
        binding = work.view.get(planner.binding_ref(namespace))
        if binding is None and await self.cluster.get(Ref(CLUSTER_ROLES, "", self.cluster_role)) is None:
            return self._without_role(work)
        if binding is not None and not _refers_to(binding, self.cluster_role):
            await self._replace(work, binding)
        result = await self.children.bring_about(work, inputs, lambda: Wanted(desired))
        result.raise_error()
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

    async def _replace(self, work: Work, binding: Entry) -> None:
        """Point the binding at another role: `roleRef` is immutable, and rights are never absent meanwhile (D-20)."""
        namespace = work.primary.namespace
        stand_in = planner.role_binding(namespace, self.cluster_role)
        stand_in["metadata"] = {**stand_in["metadata"], "name": f"{planner.BINDING}-next"}
        work.fence.check()
        written = await self.cluster.apply(stand_in, manager=self.children.writer.manager)
        await self.cluster.delete(binding.ref, uid=binding.uid)
        answer = await self.cluster.apply(
            planner.role_binding(namespace, self.cluster_role), manager=self.children.writer.manager
        )
        work.view.was_written(answer)
        await self.cluster.delete(
            Ref(ROLE_BINDINGS, namespace, f"{planner.BINDING}-next"), uid=written["metadata"]["uid"]
        )


def _users(view: View, namespace: str) -> list[Entry]:
    return [graph for graph in view.of_key(accounts_key(namespace), GRAPHS) if not graph.is_deleting]


def _refers_to(binding: Entry, cluster_role: str) -> bool:
    found = mapping(binding.summary, "roleRef")
    return found == {"apiGroup": ROLE_BINDINGS.group, "kind": "ClusterRole", "name": cluster_role}
