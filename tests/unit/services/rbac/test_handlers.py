"""The grants of a namespace and of a graph, on a fake cluster: rows RB-01 to RB-13 and T-RB-1 to T-RB-14."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

import pytest

from services.rbac.grants import discovery, planner
from services.rbac.handlers import MANAGED, READS, GraphGrantsHandler, SharedAccountsHandler, route
from shared.applying.children import Children
from shared.applying.inventories import Inventories
from shared.applying.writes import Writer
from shared.contracts.etcd_keys import EtcdKeys
from shared.contracts.keys import accounts_key, graph_key, model_key
from shared.contracts.ownership import RBAC
from shared.core import labels
from shared.core.errors import ForbiddenError, LeaseLostError, UnreachableError
from shared.core.json import Manifest
from shared.core.objects import uid_of
from shared.core.outcomes import Done, Outcome, Retry
from shared.core.resources import CLUSTER_ROLES, GRAPHS, ROLE_BINDINGS, ROLES, SERVICE_ACCOUNTS, Ref, Resource
from shared.ports.passes import Entry, Handler, Queued, Work
from shared.ports.store import Put
from shared.runtime.partitions.views.entries import entry_of_manifest
from shared.runtime.partitions.views.view import PartitionView, PassView
from shared.testing.clock import FakeClock
from shared.testing.cluster import FakeCluster
from shared.testing.cluster_faults import Fault, LoseAnswer, Refuse, Request
from shared.testing.store import FakeStore
from tests.unit.shared.applying.worlds import Fence, Told

pytestmark = pytest.mark.asyncio

KEYS = EtcdKeys("test")
NAMESPACE = "default"
ROLE = "test-cluster-role"
CHAT = Ref(GRAPHS, NAMESPACE, "chat")
ACCOUNTS = planner.primary(NAMESPACE)
BINDING = planner.binding_ref(NAMESPACE)
SUBJECT = {"kind": "ServiceAccount", "name": planner.ACCOUNT, "namespace": NAMESPACE}


def a_graph(name: str = "chat", namespace: str = NAMESPACE, **annotations: str) -> Manifest:
    """Return a graph."""
    metadata = {"name": name, "namespace": namespace, "annotations": annotations}
    return {"apiVersion": GRAPHS.api_version, "kind": GRAPHS.kind, "metadata": metadata, "spec": {}}


def a_role(name: str = ROLE) -> Manifest:
    """Return a ClusterRole."""
    return {"apiVersion": CLUSTER_ROLES.api_version, "kind": CLUSTER_ROLES.kind, "metadata": {"name": name}}


def a_binding(role: str = ROLE, *, subject: dict[str, str] | None = None, kind: str = "ClusterRole") -> Manifest:
    """Return a planner binding that somebody made before us."""
    binding = planner.role_binding(NAMESPACE, role)
    return binding | {"roleRef": binding["roleRef"] | {"kind": kind}, "subjects": [SUBJECT | (subject or {})]}


@dataclass(slots=True)
class Desk:
    """One owner of everything."""

    cluster: FakeCluster = field(default_factory=lambda: FakeCluster(namespaces=("default", "kube-system", "other")))
    store: FakeStore = field(default_factory=lambda: FakeStore(FakeClock()))
    told: Told = field(default_factory=Told)
    fence: Fence = field(default_factory=lambda: Fence(KEYS.claim("rbac", "0")))
    view: PartitionView = field(default_factory=lambda: PartitionView(0, 1))
    role: str = ROLE
    backend: str = "kubernetes"
    inventories: Inventories = field(init=False)

    def __post_init__(self) -> None:
        self.inventories = Inventories(self.store, KEYS, "rbac")

    def see(self) -> None:
        """Bring the view up to date."""
        for resource in READS:
            for manifest in self.cluster.all(resource):
                self.view.take_object(manifest)
        self.view.forget_all(lambda placed: self.cluster.peek(placed.entry.ref) is None)

    async def run(self, primary: Ref = ACCOUNTS, *, attempt: int = 1, cause: str = "") -> Outcome:
        """Run one pass over what there is."""
        self.see()
        children = Children(Writer(self.cluster, RBAC), self.inventories, self.told, MANAGED)
        handlers: dict[Resource, Handler] = {
            GRAPHS: GraphGrantsHandler(children, self.inventories, self.backend),
            SERVICE_ACCOUNTS: SharedAccountsHandler(self.cluster, children, self.told, self.role),
        }
        view = PassView(self.view, lambda effect: None)
        outcome = await handlers[primary.resource](Work(primary, view, self.fence, "edit", cause, attempt=attempt))
        self.see()
        return outcome

    @property
    def binding(self) -> Manifest:
        """Return the planner's binding."""
        return self.cluster.peek(BINDING) or {}

    def writes(self) -> list[tuple[str, str]]:
        """Return verb and name of each write."""
        return [(request.verb, request.name) for request in self.cluster.writes]


async def a_desk(*manifests: Manifest, **more: Any) -> Desk:
    """Return a desk in whose namespace there is a graph."""
    desk = Desk(**more)
    token = await desk.store.commit([Put(desk.fence.claim, b"")])
    desk.fence = replace(desk.fence, token=token)
    for manifest in (a_graph(), *manifests):
        desk.cluster.put(manifest)
    return desk


# The accounts that a namespace's graphs share


@pytest.mark.rule(
    *("RB-06", "RB-09", "T-RB-1", "workloads 3.1 #4", "workloads 3.2 #1", "workloads 1.1 Planner service account"),
    "workloads 1.4 planner-cluster-role-name",
)
async def test_makes_the_account_and_its_binding() -> None:
    desk = await a_desk(a_role())

    assert await desk.run() == Done()

    account = desk.cluster.peek(ACCOUNTS) or {}
    assert account["metadata"]["labels"] == {
        "app.kubernetes.io/component": "rbac",
        "app.kubernetes.io/managed-by": "dynamo-operator",
        "app.kubernetes.io/name": "planner-serviceaccount",
    }
    assert desk.binding["roleRef"] == {"apiGroup": ROLES.group, "kind": "ClusterRole", "name": ROLE}
    assert desk.binding["subjects"] == [SUBJECT]


async def test_what_a_graph_brought_about_is_told_with_the_id_of_its_edit() -> None:
    desk = await a_desk(a_role())
    uid = uid_of(desk.cluster.peek(CHAT) or {})

    await desk.run(cause=f"{uid}.7")

    assert {each.correlation for each in desk.told.decisions} == {f"{uid[:8]}.1"}


async def test_what_somebody_did_to_a_shared_object_is_told_with_no_edit() -> None:
    desk = await a_desk(a_role(), a_binding(subject={"name": "wrong-sa"}))

    await desk.run(cause=f"{uid_of(desk.binding)}.7")

    assert {each.correlation for each in desk.told.decisions} == {""}


@pytest.mark.rule("RB-07", "RB-13", "T-RB-2", "T-RB-6")
async def test_what_is_right_is_written_once_and_then_left() -> None:
    desk = await a_desk(a_role())
    await desk.run()
    desk.cluster.requests.clear()
    calls = desk.store.calls.copy()

    for _ in range(3):
        assert await desk.run() == Done()

    assert desk.cluster.requests == []
    assert desk.store.calls == calls
    assert (len(desk.cluster.all(SERVICE_ACCOUNTS)), len(desk.cluster.all(ROLE_BINDINGS))) == (1, 1)


@pytest.mark.parametrize(
    "wrong",
    [
        pytest.param({"name": "wrong-sa"}, id="name", marks=pytest.mark.rule("T-RB-3")),
        pytest.param({"namespace": "wrong-namespace"}, id="namespace", marks=pytest.mark.rule("T-RB-12")),
        pytest.param({"kind": "User"}, id="kind", marks=pytest.mark.rule("T-RB-13")),
    ],
)
@pytest.mark.rule("RB-12")
async def test_wrong_subjects_are_replaced_in_place(wrong: dict[str, str]) -> None:
    desk = await a_desk(a_role(), a_binding(subject=wrong))
    uid = uid_of(desk.binding)

    await desk.run()

    assert desk.binding["subjects"] == [SUBJECT]
    assert uid_of(desk.binding) == uid


@pytest.mark.rule("T-RB-4", "workloads 3.2 #1")
async def test_each_namespace_with_a_graph_has_its_own() -> None:
    desk = await a_desk(a_role(), a_graph("chat", "other"))

    await desk.run()
    await desk.run(planner.primary("other"))

    assert {each["metadata"]["namespace"] for each in desk.cluster.all(SERVICE_ACCOUNTS)} == {"default", "other"}
    assert {each["subjects"][0]["namespace"] for each in desk.cluster.all(ROLE_BINDINGS)} == {"default", "other"}


@pytest.mark.rule("T-RB-5")
async def test_an_account_that_is_there_gets_its_binding() -> None:
    desk = await a_desk(a_role(), {**planner.service_account(NAMESPACE), "imagePullSecrets": [{"name": "mine"}]})

    await desk.run()

    assert desk.binding["subjects"] == [SUBJECT]
    assert (desk.cluster.peek(ACCOUNTS) or {})["imagePullSecrets"] == [{"name": "mine"}]


@pytest.mark.rule("RB-04", "T-RB-8", "D-25", "workloads 3.1 4")
async def test_without_the_role_nothing_is_made_and_the_pass_comes_again_later_and_later() -> None:
    desk = await a_desk(role="non-existent-cluster-role")

    outcomes = [await desk.run(attempt=attempt) for attempt in (1, 2, 3, 20)]

    text = (
        'cluster role "non-existent-cluster-role" does not exist: ensure it is created by Helm before deploying '
        "components"
    )
    assert outcomes == [Retry(text, timedelta(seconds=seconds)) for seconds in (5, 10, 20, 300)]
    assert desk.writes() == []
    assert [each.message for each in desk.told.decisions] == [text]


@pytest.mark.rule("RB-04")
async def test_without_the_role_no_account_is_made_beside_a_binding_that_is_there() -> None:
    desk = await a_desk(a_binding())

    await desk.run()

    assert desk.writes() == []


@pytest.mark.parametrize(
    ("before", "after"),
    [
        pytest.param(a_binding("cluster-role-1"), "cluster-role-2", id="T-RB-9", marks=pytest.mark.rule("T-RB-9")),
        pytest.param(
            a_binding("old-cluster-role"), "new-cluster-role", id="T-RB-11", marks=pytest.mark.rule("T-RB-11")
        ),
        pytest.param(a_binding(kind="Role"), ROLE, id="T-RB-14", marks=pytest.mark.rule("T-RB-14")),
    ],
)
@pytest.mark.rule("RB-11", "D-20")
async def test_a_binding_to_another_role_is_replaced_and_rights_are_never_absent(before: Manifest, after: str) -> None:
    desk = await a_desk(a_role(after), before, role=after)
    uid = uid_of(desk.binding)
    fewest = [9]
    desk.cluster.objects.listeners.append(lambda _: fewest.append(len(desk.cluster.all(ROLE_BINDINGS))))

    await desk.run()

    assert desk.binding["roleRef"] == {"apiGroup": ROLES.group, "kind": "ClusterRole", "name": after}
    assert desk.binding["subjects"] == [SUBJECT]
    assert uid_of(desk.binding) != uid
    assert min(fewest) >= 1
    assert len(desk.cluster.all(ROLE_BINDINGS)) == 1


@pytest.mark.parametrize("moment", range(1, 9))
@pytest.mark.rule("D-20")
async def test_a_replacement_that_broke_off_is_finished_by_the_next_pass(moment: int) -> None:
    desk = await a_desk(a_role("new"), a_binding("old"), role="new")
    seen = [0]

    def fail(request: Request) -> Fault | None:
        seen[0] += 1
        return LoseAnswer() if seen[0] == moment else None

    desk.cluster.intercept = fail
    for _ in range(3):
        await attempt(desk)

    assert [each["metadata"]["name"] for each in desk.cluster.all(ROLE_BINDINGS)] == [planner.BINDING]
    assert desk.binding["roleRef"]["name"] == "new"


async def attempt(desk: Desk) -> None:
    """Run a pass as the partition loop does."""
    try:
        await desk.run()
    except UnreachableError:
        desk.see()


async def test_a_binding_of_that_name_which_is_not_ours_is_left() -> None:
    other = planner.stand_in(NAMESPACE, ROLE)
    other["metadata"]["labels"] = {}
    desk = await a_desk(a_role(), other)

    await desk.run()

    assert len(desk.cluster.all(ROLE_BINDINGS)) == 2


async def test_what_somebody_changes_is_repaired() -> None:
    desk = await a_desk(a_role())
    await desk.run()
    desk.cluster.edit(BINDING, lambda live: live.update(subjects=[SUBJECT | {"name": "wrong-sa"}]))

    await desk.run()

    assert desk.binding["subjects"] == [SUBJECT]


async def test_what_another_owner_controls_is_never_taken() -> None:
    account = planner.service_account(NAMESPACE)
    account["metadata"]["ownerReferences"] = [
        {"apiVersion": "v1", "kind": "Node", "name": "n", "uid": "u", "controller": True}
    ]
    desk = await a_desk(a_role(), account)

    outcome = await desk.run()

    assert isinstance(outcome, Retry)
    assert "another owner controls serviceaccounts/default/planner-serviceaccount" in outcome.reason


@pytest.mark.rule("RB-05", "RB-08", "RB-10")
@pytest.mark.parametrize("error", [UnreachableError("away"), ForbiddenError("no right")])
async def test_a_failed_request_ends_the_pass_with_its_cause(error: UnreachableError | ForbiddenError) -> None:
    desk = await a_desk(a_role())
    desk.cluster.intercept = lambda request: Refuse(error)

    with pytest.raises(type(error), match=str(error)):
        await desk.run()


@pytest.mark.rule("RB-01", "RB-02", "RB-03", "T-RB-10")
async def test_a_namespace_without_a_graph_gets_nothing() -> None:
    desk = Desk()

    assert await desk.run(planner.primary("")) == Done()
    assert await desk.run() == Done()
    assert desk.cluster.requests == []


async def test_a_graph_that_is_going_needs_no_account() -> None:
    desk = await a_desk(a_role())
    desk.cluster.edit(CHAT, lambda live: live["metadata"].update(finalizers=["x"]))
    desk.cluster.remove(CHAT)

    await desk.run()

    assert desk.cluster.requests == []


async def test_a_lost_claim_writes_nothing() -> None:
    desk = await a_desk(a_role(), a_binding("old"))
    desk.fence.is_ended = True

    with pytest.raises(LeaseLostError):
        await desk.run()

    assert desk.writes() == []


# A graph's own grants


@pytest.mark.rule("workloads 3.1 #7")
async def test_a_graph_gets_its_discovery_account_role_and_binding() -> None:
    desk = await a_desk()

    assert await desk.run(CHAT) == Done()

    names = {each["metadata"]["name"] for kind in MANAGED for each in desk.cluster.all(kind)}
    assert names == {
        "chat-k8s-service-discovery",
        "chat-k8s-service-discovery-role",
        "chat-k8s-service-discovery-binding",
    }
    desk.cluster.requests.clear()
    await desk.run(CHAT)
    assert desk.cluster.requests == []


@pytest.mark.rule("workloads 3.1 7")
@pytest.mark.parametrize("kind", MANAGED, ids=lambda kind: str(kind.plural))
async def test_a_grant_that_cannot_be_made_ends_the_pass_with_its_cause_and_the_others_are_made(kind: Resource) -> None:
    desk = await a_desk()
    desk.cluster.intercept = lambda request: Refuse(UnreachableError("away")) if request.resource == kind else None

    with pytest.raises(UnreachableError, match="away"):
        await desk.run(CHAT)

    assert {each for each in MANAGED if desk.cluster.all(each)} == set(MANAGED) - {kind}


@pytest.mark.rule("workloads 7.8 discovery kubernetes → etcd")
async def test_another_back_end_takes_the_grants_away() -> None:
    desk = await a_desk()
    await desk.run(CHAT)
    etcd = {labels.DISCOVERY_BACKEND: "etcd"}
    desk.cluster.edit(CHAT, lambda live: live["metadata"].update(annotations=etcd))

    await desk.run(CHAT)

    assert [desk.cluster.all(kind) for kind in MANAGED] == [(), (), ()]


async def test_a_role_that_somebody_changed_is_repaired() -> None:
    desk = await a_desk()
    await desk.run(CHAT)
    role = Ref(ROLES, NAMESPACE, "chat-k8s-service-discovery-role")
    desk.cluster.edit(role, lambda live: live.update(rules=[]))

    await desk.run(CHAT)

    assert (desk.cluster.peek(role) or {})["rules"] == discovery.RULES


async def test_a_graph_that_is_gone_leaves_no_inventory() -> None:
    desk = await a_desk()
    await desk.run(CHAT)
    desk.cluster.remove(CHAT)

    await desk.run(CHAT)

    assert desk.store.pairs(KEYS.inventories("rbac")) == {}
    assert desk.cluster.all(ROLES) == ()


async def test_a_grant_s_name_that_another_owner_controls_is_never_taken() -> None:
    account = discovery.grants("chat", NAMESPACE, "another-uid")[0]
    desk = await a_desk()
    desk.cluster.objects.collects_at_once = False
    desk.cluster.put(account)

    outcome = await desk.run(CHAT)

    assert isinstance(outcome, Retry)
    assert "chat-k8s-service-discovery" in outcome.reason


# Who is queued


def entry_of(manifest: Manifest) -> Entry:
    """Return the entry of an object."""
    return entry_of_manifest({**manifest, "metadata": {**manifest["metadata"], "resourceVersion": "1"}}, epoch="")[0]


async def test_a_graph_queues_itself_and_its_copy_the_accounts() -> None:
    graph = entry_of(a_graph())

    assert list(route(graph, copy_of=None)) == [Queued(CHAT, "edit")]
    assert list(route(graph, copy_of=accounts_key(NAMESPACE))) == [Queued(ACCOUNTS, "edit")]


async def test_a_copy_for_a_model_queues_nothing() -> None:
    assert list(route(entry_of(a_graph()), copy_of=model_key(NAMESPACE, "abc"))) == []
    assert list(route(entry_of(planner.service_account(NAMESPACE)), copy_of=graph_key(NAMESPACE, "x"))) == []


async def test_grants_queue_their_graph_and_shared_objects_the_accounts() -> None:
    grants = [entry_of(each) for each in discovery.grants("chat", NAMESPACE, "u")]
    shared = [
        planner.service_account(NAMESPACE),
        planner.role_binding(NAMESPACE, ROLE),
        planner.stand_in(NAMESPACE, ROLE),
    ]

    assert [list(route(each, copy_of=None)) for each in grants] == [[Queued(CHAT, "child")]] * 3
    assert [list(route(entry_of(each), copy_of=None)) for each in shared] == [[Queued(ACCOUNTS, "child")]] * 3


async def test_the_accounts_of_others_queue_nothing() -> None:
    other = {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "default", "namespace": NAMESPACE}}

    assert list(route(entry_of(other), copy_of=None)) == []
