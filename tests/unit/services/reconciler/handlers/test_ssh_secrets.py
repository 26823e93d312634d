"""Copies of the SSH keys: made for graphs that need them, kept up with their source, never taken from a user."""

from __future__ import annotations

from dataclasses import dataclass, field

import orjson
import pytest

from services.reconciler.desired.problems import Problem
from services.reconciler.desired.ssh_secrets import copied_version, version_of_source
from services.reconciler.handlers.ssh_secrets import SshSecrets
from shared.api.platform import MpiSecret
from shared.contracts.facts import SSH_SOURCE, encode_ssh_source
from shared.core.errors import AlreadyExistsError, ConflictError, ForbiddenError, LeaseLostError, UnreachableError
from shared.core.json import Manifest
from shared.core.resources import SECRETS, Ref
from shared.ports.passes import Work
from shared.testing.cluster import FakeCluster
from shared.testing.cluster_faults import Fault, Refuse
from tests.unit.services.reconciler.handlers.worlds import CHAT, a_graph
from tests.unit.shared.applying.worlds import Fence, Told, a_view

pytestmark = pytest.mark.asyncio

NAME, HOME = "keys", "dynamo-system"
SOURCE, COPY = Ref(SECRETS, HOME, NAME), Ref(SECRETS, CHAT.namespace, NAME)
CANARY = "c2VjcmV0"


def keys(namespace: str = HOME, **data: str) -> Manifest:
    metadata = {"name": NAME, "namespace": namespace}
    content = data or {"private.key": CANARY, "private.key.pub": "cHVi"}
    return {"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "type": "Opaque", "data": content}


def a_wide_graph() -> Manifest:
    graph = a_graph()
    graph["spec"]["backendFramework"] = "trtllm"
    graph["spec"]["services"]["web"]["multinode"] = {"nodeCount": 2}
    return graph


@dataclass(slots=True)
class Desk:
    """A cluster whose settings name the source."""

    cluster: FakeCluster = field(default_factory=lambda: FakeCluster(namespaces=("default", HOME)))
    told: Told = field(default_factory=Told)
    fence: Fence = field(default_factory=Fence)
    home: str = HOME
    facts: dict[str, bytes] = field(default_factory=dict)

    async def provide(self, graph: Manifest | None = None) -> Problem | None:
        """Run the step of one pass."""
        settings = MpiSecret(ssh_secret_name=NAME, ssh_secret_namespace=self.home)
        work = Work(CHAT, a_view(), self.fence, "edit", facts=self.facts)
        return await SshSecrets(self.cluster, self.told, settings).provide(graph or a_wide_graph(), work)

    def know(self, source: Manifest) -> None:
        """Record the version of the source, as the writer of facts does."""
        self.facts = {SSH_SOURCE: encode_ssh_source(version_of_source(source))}

    def fail(self, verb: str, fault: Fault, namespace: str = CHAT.namespace) -> None:
        """Disturb one kind of request."""
        self.cluster.intercept = lambda request: (
            fault if (request.verb, request.namespace) == (verb, namespace) else None
        )

    @property
    def asked(self) -> list[tuple[str, str]]:
        """Return verb and namespace of each request."""
        return [(request.verb, request.namespace) for request in self.cluster.requests]


@pytest.mark.rule("W-05", "workloads 3.1 #8")
async def test_a_graph_that_needs_no_keys_asks_for_none() -> None:
    desk = Desk()

    assert await desk.provide(a_graph()) is None
    assert desk.asked == []


@pytest.mark.rule("workloads 12 MPI secret #3", "workloads 9.7 #1")
async def test_the_keys_are_copied_with_type_and_data() -> None:
    desk = Desk()
    source = desk.cluster.put(keys())

    problem = await desk.provide()

    copy = desk.cluster.peek(COPY)
    assert problem is None
    assert copy is not None
    assert (copy["type"], copy["data"]) == (source["type"], source["data"])
    assert copied_version(copy) == version_of_source(source)
    assert [each.message for each in desk.told.decisions] == ["copied Secret dynamo-system/keys to namespace default"]


async def test_nothing_of_the_keys_is_told() -> None:
    desk = Desk()
    desk.cluster.put(keys())
    await desk.provide()
    desk.fail("create", Refuse(ForbiddenError("may not")))
    desk.cluster.remove(COPY)
    problem = await desk.provide()

    assert CANARY.encode() not in orjson.dumps([each.message for each in desk.told.decisions])
    assert CANARY not in str(problem)


@pytest.mark.rule("workloads 12 MPI secret #1", "MS-03", "TB-26")
async def test_a_secret_of_the_user_is_used_as_it_is() -> None:
    desk = Desk()
    desk.know(desk.cluster.put(keys()))
    theirs = desk.cluster.put(keys(CHAT.namespace, other="1"))

    assert await desk.provide() is None
    assert desk.cluster.peek(COPY) == theirs
    assert desk.asked == [("get", "default")]


async def test_a_copy_of_the_newest_version_costs_one_look() -> None:
    desk = Desk()
    desk.know(desk.cluster.put(keys()))
    await desk.provide()
    desk.cluster.requests.clear()

    await desk.provide()

    assert desk.asked == [("get", "default")]


@pytest.mark.rule("W-05", "TB-26", "MS-08")
async def test_a_copy_follows_its_source() -> None:
    desk = Desk()
    desk.know(desk.cluster.put(keys()))
    await desk.provide()
    newer = desk.cluster.put(keys(id_ed25519="bmV3"))
    desk.know(newer)

    await desk.provide()
    desk.cluster.requests.clear()
    await desk.provide()

    copy = desk.cluster.peek(COPY)
    assert copy is not None
    assert copy["data"] == {"id_ed25519": "bmV3"}
    assert copied_version(copy) == version_of_source(newer)
    assert desk.asked == [("get", "default")]
    assert [each.message for each in desk.told.decisions][1:] == ["refreshed Secret keys in namespace default"]


async def test_a_copy_is_compared_with_its_source_while_no_fact_is_written() -> None:
    desk = Desk()
    desk.cluster.put(keys())
    await desk.provide()

    await desk.provide()

    assert [request.verb for request in desk.cluster.writes] == ["create"]


async def test_a_copy_outlives_its_source() -> None:
    desk = Desk()
    desk.cluster.put(keys())
    await desk.provide()
    desk.cluster.remove(SOURCE)
    desk.facts = {SSH_SOURCE: encode_ssh_source("")}

    assert await desk.provide() is None
    assert desk.cluster.peek(COPY) is not None


@pytest.mark.rule("workloads 12 MPI secret #2", "MS-05", "MS-06")
async def test_a_missing_source_is_a_problem_of_graphs_that_need_it() -> None:
    desk = Desk()

    problem = await desk.provide()

    assert problem is not None
    assert problem.text == 'failed to replicate MPI secret: error getting source secret: Secret "keys" not found'
    assert await desk.provide(a_graph()) is None


async def test_an_installation_that_names_no_source_says_which_setting_it_lacks() -> None:
    desk = Desk(home="")

    problem = await desk.provide()

    assert problem is not None
    assert "platform.mpi.sshSecretNamespace" in problem.text


async def test_in_the_namespace_of_the_source_nothing_is_copied() -> None:
    desk = Desk(home=CHAT.namespace)
    missing = await desk.provide()
    desk.cluster.put(keys(CHAT.namespace))

    assert missing is not None
    assert await desk.provide() is None
    assert desk.cluster.writes == ()


@pytest.mark.rule("workloads 12 MPI secret #4")
async def test_a_copy_that_another_graph_made_meanwhile_is_enough() -> None:
    desk = Desk()
    desk.cluster.put(keys())
    desk.fail("create", Refuse(AlreadyExistsError("there")))

    assert await desk.provide() is None
    assert desk.told.decisions == []


@pytest.mark.rule("workloads 12 MPI secret #5", "MS-05")
async def test_a_server_that_is_away_when_the_copy_is_made_is_tried_again() -> None:
    desk = Desk()
    desk.cluster.put(keys())
    desk.fail("create", Refuse(UnreachableError("service unavailable")))

    with pytest.raises(UnreachableError, match="failed to replicate MPI secret: failed to create replica: service un"):
        await desk.provide()


@pytest.mark.rule("workloads 12 MPI secret #5", "MS-05")
@pytest.mark.parametrize(
    ("verb", "namespace", "told"),
    [
        ("get", CHAT.namespace, "failed to check target secret: may not"),
        ("get", HOME, "error getting source secret: may not"),
        ("create", CHAT.namespace, "failed to create replica: may not"),
    ],
)
async def test_what_is_refused_is_told_with_the_step_that_failed(verb: str, namespace: str, told: str) -> None:
    desk = Desk()
    desk.cluster.put(keys())
    desk.fail(verb, Refuse(ForbiddenError("may not")), namespace)

    problem = await desk.provide()

    assert problem is not None
    assert problem.text == f"failed to replicate MPI secret: {told}"


@pytest.mark.rule("workloads 12 MPI secret #5")
@pytest.mark.parametrize(
    ("verb", "namespace", "told"),
    [
        ("get", HOME, "error getting source secret: may not"),
        ("patch", CHAT.namespace, "failed to refresh replica: may not"),
    ],
)
async def test_a_refresh_that_is_refused_is_told_with_the_step_that_failed(
    verb: str, namespace: str, told: str
) -> None:
    desk = Desk()
    desk.know(desk.cluster.put(keys()))
    await desk.provide()
    desk.know(desk.cluster.put(keys(a="MQ==")))
    desk.fail(verb, Refuse(ForbiddenError("may not")), namespace)

    problem = await desk.provide()

    assert problem is not None
    assert problem.text == f"failed to replicate MPI secret: {told}"


async def test_a_refresh_that_somebody_else_was_faster_with_is_a_conflict() -> None:
    desk = Desk()
    desk.know(desk.cluster.put(keys()))
    await desk.provide()
    desk.know(desk.cluster.put(keys(a="MQ==")))

    def edit_before_patch(request: object) -> None:
        if getattr(request, "verb", "") == "patch":
            desk.cluster.edit(COPY, lambda live: live["metadata"]["labels"].update(a="b"))

    desk.cluster.intercept = edit_before_patch

    with pytest.raises(ConflictError):
        await desk.provide()


@pytest.mark.parametrize("is_refresh", [False, True])
async def test_nothing_is_written_under_a_claim_that_has_ended(is_refresh: bool) -> None:
    desk = Desk()
    desk.know(desk.cluster.put(keys()))
    if is_refresh:
        await desk.provide()
        desk.know(desk.cluster.put(keys(a="MQ==")))
    desk.cluster.requests.clear()
    desk.fence.is_ended = True

    with pytest.raises(LeaseLostError):
        await desk.provide()

    assert desk.cluster.writes == ()
