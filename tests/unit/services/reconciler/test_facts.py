"""What namespaces offer to pods, as facts: names and versions only, written when they change."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import orjson
import pytest
from structlog.testing import capture_logs

from services.reconciler.desired.registries import SECRET_TYPE
from services.reconciler.desired.ssh_secrets import version_of_source
from services.reconciler.facts import (
    COMPONENT_ACCOUNTS,
    COMPONENT_POD,
    GATHER,
    LOOK_AGAIN,
    PULL_SECRETS,
    NamespaceFacts,
    Subject,
    fact_record,
    write_facts,
)
from shared.applying.facts import FactRecord
from shared.contracts.etcd_keys import EtcdKeys
from shared.contracts.facts import (
    ACCOUNTS,
    ALL_SEEN,
    REGISTRIES,
    SSH_SOURCE,
    decode_accounts,
    decode_registries,
    decode_ssh_source,
    of_namespace,
)
from shared.core.errors import LeaseLostError
from shared.core.json import Manifest
from shared.core.resources import SECRETS, Ref, Resource
from shared.ports.passes import Fence as PassFence
from shared.ports.store import Put
from shared.testing.clock import FakeClock
from shared.testing.cluster import FakeCluster
from shared.testing.store import FakeStore
from tests.unit.shared.applying.worlds import Fence

pytestmark = pytest.mark.asyncio

KEYS = EtcdKeys("test")
SOURCE = Ref(SECRETS, "dynamo-system", "mpi-run-ssh-key-secret")
CANARY = "hunter2"
SLOW = timedelta(milliseconds=150)


@dataclass(frozen=True, slots=True)
class SlowRecord(FactRecord):
    """A record whose store takes its time."""

    clock: FakeClock

    async def write(self, name: str, value: bytes, fence: PassFence) -> bool:
        """Write a while later."""
        await self.clock.sleep(2 * SLOW)
        return await FactRecord.write(self, name, value, fence)


class Rights(FakeCluster):
    """A cluster whose rights a test takes away."""

    refused: frozenset[str] = frozenset()

    async def may(self, verb: str, resource: Resource) -> bool:
        """Return whether the verb is not refused."""
        return verb not in self.refused


def a_secret(name: str, *registries: str, namespace: str = "default", kind: str = SECRET_TYPE) -> Manifest:
    content = orjson.dumps({"auths": {registry: {"password": CANARY} for registry in registries}})
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": name, "namespace": namespace},
        "type": kind,
        "data": {".dockerconfigjson": base64.b64encode(content).decode()},
    }


def an_account(name: str, **labels: str) -> Manifest:
    metadata = {"name": name, "namespace": "default", "labels": labels}
    return {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": metadata}


def the_keys(**data: str) -> Manifest:
    metadata = {"name": SOURCE.name, "namespace": SOURCE.namespace}
    return {"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "type": "Opaque", "data": data}


@dataclass(slots=True)
class Desk:
    """A cluster, a store, and the claim on the facts."""

    clock: FakeClock = field(default_factory=FakeClock)
    cluster: Rights = field(init=False)
    store: FakeStore = field(init=False)
    fence: Fence = field(default_factory=lambda: Fence(KEYS.claim("reconciler-facts", "namespaces")))
    logs: list[Any] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.store = FakeStore(self.clock)
        self.cluster = Rights(self.clock, namespaces=("default", "other", SOURCE.namespace))

    def writer(self, subject: Subject) -> NamespaceFacts:
        """Return the writer of one subject."""
        return NamespaceFacts(subject, self.cluster, self.clock, fact_record(self.store, KEYS))

    @asynccontextmanager
    async def running(self, writing: Coroutine[Any, Any, None]) -> AsyncIterator[None]:
        """Run a writer."""
        with capture_logs() as self.logs:
            async with asyncio.TaskGroup() as tasks:
                task = tasks.create_task(writing)
                await self.gather()
                yield
                task.cancel()

    async def gather(self) -> None:
        """Let as much time pass as the writers give a burst of changes."""
        await self.clock.advance(2 * GATHER)

    def fact(self, name: str) -> bytes | None:
        """Return a recorded fact."""
        return self.store.pairs().get(KEYS.fact(name))

    def registries(self, namespace: str = "default") -> dict[str, tuple[str, ...]] | None:
        """Return a namespace's part of the fact."""
        recorded = self.fact(of_namespace(REGISTRIES, namespace))
        return None if recorded is None else decode_registries(recorded)

    def commits(self) -> int:
        """Return how often something was written."""
        return self.store.calls["commit"]


async def a_desk(*manifests: Manifest) -> Desk:
    """Return a desk that holds the claim, in a cluster with some objects."""
    desk = Desk()
    desk.fence.token = await desk.store.commit([Put(desk.fence.claim, b"")])
    for manifest in manifests:
        desk.cluster.put(manifest)
    return desk


@pytest.mark.rule("PS-01", "PS-02", "PS-T7", "workloads 5.8 #9")
async def test_secrets_are_listed_by_namespace_and_registry() -> None:
    desk = await a_desk(
        a_secret("secret1", "docker.io", "my-registry.com:5005/registry1"),
        a_secret("secret2", "my-registry.com:5005/registry2"),
        a_secret("secret3", "my-registry.com:5005/registry2", namespace="other"),
        a_secret("opaque", "nvcr.io", kind="Opaque"),
    )

    async with desk.running(desk.writer(PULL_SECRETS).run(desk.fence)):
        assert desk.registries() == {"docker.io": ("secret1",), "my-registry.com:5005": ("secret1", "secret2")}
        assert desk.registries("other") == {"my-registry.com:5005": ("secret3",)}
        assert desk.registries(SOURCE.namespace) is None


@pytest.mark.rule("OB-07", "W-19")
async def test_that_all_have_been_looked_at_is_said_last() -> None:
    desk = await a_desk(a_secret("one", "nvcr.io"), a_secret("two", "nvcr.io", namespace="other"))
    writer = desk.writer(PULL_SECRETS)
    said: list[tuple[bool, bool]] = []
    record = fact_record(desk.store, KEYS)
    writer.record = type(record)(
        desk.store, KEYS, lambda name: said.append((name == REGISTRIES, desk.registries("other") is not None))
    )

    async with desk.running(writer.run(desk.fence)):
        assert desk.fact(REGISTRIES) == ALL_SEEN
        assert said[-1] == (True, True)
        assert len(said) == 3


@pytest.mark.rule("PS-05", "TB-25")
async def test_facts_follow_what_comes_changes_and_goes() -> None:
    desk = await a_desk(a_secret("one", "nvcr.io"))

    async with desk.running(desk.writer(PULL_SECRETS).run(desk.fence)):
        desk.cluster.put(a_secret("two", "nvcr.io"))
        await desk.gather()
        assert desk.registries() == {"nvcr.io": ("one", "two")}

        desk.cluster.put(a_secret("one", "quay.io"))
        await desk.gather()
        assert desk.registries() == {"nvcr.io": ("two",), "quay.io": ("one",)}

        desk.cluster.remove(Ref(SECRETS, "default", "one"))
        desk.cluster.remove(Ref(SECRETS, "default", "two"))
        await desk.gather()
        assert desk.registries() is None


async def test_a_burst_of_changes_is_one_write_and_a_change_that_says_nothing_is_none() -> None:
    desk = await a_desk()

    async with desk.running(desk.writer(PULL_SECRETS).run(desk.fence)):
        before = desk.commits()
        for number in range(20):
            desk.cluster.put(a_secret(f"s{number}", "nvcr.io"))
        await desk.gather()
        after_burst = desk.commits()
        desk.cluster.edit(Ref(SECRETS, "default", "s1"), lambda live: live["metadata"].update(labels={"a": "b"}))
        await desk.gather()

        assert after_burst == before + 1
        assert desk.commits() == after_burst


@pytest.mark.rule("PS-05", "TB-25")
async def test_a_change_that_comes_while_its_namespace_is_written_is_not_lost() -> None:
    desk = await a_desk(a_secret("one", "nvcr.io"))
    writer = desk.writer(PULL_SECRETS)
    writer.record = SlowRecord(desk.store, KEYS, lambda _: None, desk.clock)

    async with desk.running(writer.run(desk.fence)):
        await desk.clock.advance(SLOW)
        desk.cluster.put(a_secret("two", "nvcr.io"))
        for _ in range(8):
            await desk.clock.advance(SLOW)
        assert desk.registries() == {"nvcr.io": ("one", "two")}


@pytest.mark.rule("PS-04", "TB-25", "W-19")
async def test_a_malformed_secret_is_named_once_and_harms_no_other() -> None:
    bad = a_secret("bad", "nvcr.io")
    bad["data"][".dockerconfigjson"] = base64.b64encode(CANARY.encode()).decode()
    desk = await a_desk(bad, a_secret("good", "nvcr.io"))

    async with desk.running(desk.writer(PULL_SECRETS).run(desk.fence)):
        assert desk.registries() == {"nvcr.io": ("good",)}
        told = [line for line in desk.logs if line["log_level"] == "warning"]
        assert [(line["namespace"], line["name"]) for line in told] == [("default", "bad")]


async def test_no_credential_leaves_the_process() -> None:
    registry, keys = a_secret("one", "nvcr.io"), the_keys(**{"private.key": CANARY})
    desk = await a_desk(registry, keys)
    writing = write_facts(desk.cluster, desk.clock, fact_record(desk.store, KEYS), ssh_source=SOURCE, fence=desk.fence)

    async with desk.running(writing):
        stored = b"".join(desk.store.pairs().values()) + orjson.dumps(desk.logs, default=str)
        assert CANARY.encode() not in stored
        assert registry["data"][".dockerconfigjson"].encode() not in stored
        assert {KEYS.fact(name) for name in (REGISTRIES, ACCOUNTS, SSH_SOURCE)} <= desk.store.pairs().keys()


async def test_what_is_gone_when_a_new_holder_looks_is_removed() -> None:
    desk = await a_desk(a_secret("one", "nvcr.io"))
    async with desk.running(desk.writer(PULL_SECRETS).run(desk.fence)):
        pass
    desk.cluster.remove(Ref(SECRETS, "default", "one"))
    desk.cluster.put(a_secret("two", "nvcr.io", namespace="other"))

    async with desk.running(desk.writer(PULL_SECRETS).run(desk.fence)):
        assert desk.registries() is None
        assert desk.registries("other") == {"nvcr.io": ("two",)}


async def test_a_lost_history_is_listed_again() -> None:
    desk = await a_desk(a_secret("one", "nvcr.io"))

    async with desk.running(desk.writer(PULL_SECRETS).run(desk.fence)):
        desk.cluster.expire_history()
        desk.cluster.remove(Ref(SECRETS, "default", "one"))
        await desk.gather()
        assert desk.registries() is None


@pytest.mark.rule("workloads 1.2 #1", "W-60", "workloads 5.9 4")
async def test_marked_accounts_are_listed_and_others_are_not() -> None:
    marked = {COMPONENT_POD: "true"}
    desk = await a_desk(an_account("b", **marked), an_account("a", **marked), an_account("c", **{COMPONENT_POD: "no"}))

    async with desk.running(desk.writer(COMPONENT_ACCOUNTS).run(desk.fence)):
        recorded = desk.fact(of_namespace(ACCOUNTS, "default"))
        assert recorded is not None
        assert decode_accounts(recorded) == ("a", "b")


@pytest.mark.parametrize("verb", ["list", "watch"])
async def test_what_may_not_be_looked_at_is_taken_for_absent_until_it_may(verb: str) -> None:
    desk = await a_desk(a_secret("one", "nvcr.io"))
    desk.cluster.refused = frozenset({verb})

    async with desk.running(desk.writer(PULL_SECRETS).run(desk.fence)):
        assert desk.fact(REGISTRIES) == ALL_SEEN
        assert desk.registries() is None
        assert [line["verbs"] for line in desk.logs if line["log_level"] == "warning"] == [[verb]]

        desk.cluster.refused = frozenset()
        await desk.clock.advance(LOOK_AGAIN + timedelta(seconds=1))
        assert desk.registries() == {"nvcr.io": ("one",)}


async def test_nothing_is_written_under_a_claim_that_is_lost() -> None:
    desk = await a_desk(a_secret("one", "nvcr.io"))
    desk.fence.token += 1

    with pytest.raises(ExceptionGroup) as lost:
        async with desk.running(desk.writer(PULL_SECRETS).run(desk.fence)):
            pass

    assert lost.group_contains(LeaseLostError)
    assert desk.registries() is None


@pytest.mark.rule("W-05", "TB-26")
async def test_the_version_of_the_ssh_keys_follows_their_secret() -> None:
    desk = await a_desk(the_keys(one="1"))
    writing = write_facts(desk.cluster, desk.clock, fact_record(desk.store, KEYS), ssh_source=SOURCE, fence=desk.fence)
    versions = []

    async with desk.running(writing):
        versions.append(desk.fact(SSH_SOURCE))
        live = desk.cluster.put(the_keys(one="2"))
        await desk.gather()
        versions.append(desk.fact(SSH_SOURCE))
        desk.cluster.remove(SOURCE)
        await desk.gather()
        versions.append(desk.fact(SSH_SOURCE))

    first, second, third = (decode_ssh_source(value or b"") for value in versions)
    assert first != second == version_of_source(live)
    assert third == ""


async def test_keys_that_do_not_exist_have_no_version() -> None:
    desk = await a_desk()
    writing = write_facts(desk.cluster, desk.clock, fact_record(desk.store, KEYS), ssh_source=SOURCE, fence=desk.fence)

    async with desk.running(writing):
        assert decode_ssh_source(desk.fact(SSH_SOURCE) or b"") == ""


async def test_an_installation_that_names_no_namespace_of_the_keys_looks_for_none() -> None:
    desk = await a_desk()
    nowhere = Ref(SECRETS, "", SOURCE.name)
    writing = write_facts(desk.cluster, desk.clock, fact_record(desk.store, KEYS), ssh_source=nowhere, fence=desk.fence)

    async with desk.running(writing):
        assert desk.fact(SSH_SOURCE) is None
        assert desk.fact(REGISTRIES) == ALL_SEEN
