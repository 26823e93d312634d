"""What the reconciler reads of secrets and accounts, on the fake and on a served API: the same facts."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import orjson
import pytest
import pytest_asyncio

from services.reconciler.desired.registries import SECRET_TYPE
from services.reconciler.desired.ssh_secrets import version_of_source
from services.reconciler.facts import COMPONENT_POD, fact_record, write_facts
from shared.contracts.etcd_keys import EtcdKeys
from shared.contracts.facts import (
    ACCOUNTS,
    REGISTRIES,
    SSH_SOURCE,
    decode_accounts,
    decode_registries,
    decode_ssh_source,
    of_namespace,
)
from shared.core.json import Manifest
from shared.core.resources import SECRETS, Ref
from shared.ports.store import Put
from shared.runtime.clock import SystemClock
from shared.testing.clock import FakeClock
from shared.testing.eventually import eventually
from shared.testing.store import FakeStore
from tests.contract.kube.clusters import UnderTest
from tests.unit.shared.applying.worlds import Fence

pytestmark = pytest.mark.asyncio

FACTS = EtcdKeys("test")


@dataclass(slots=True)
class Desk:
    """The writer of facts beside one cluster."""

    under_test: UnderTest
    store: FakeStore = field(default_factory=lambda: FakeStore(FakeClock()))
    fence: Fence = field(default_factory=lambda: Fence(FACTS.claim("reconciler-facts", "namespaces")))

    def fact(self, name: str) -> bytes:
        """Return a recorded fact, empty while there is none."""
        return self.store.pairs().get(FACTS.fact(name), b"")

    def own(self, fact: str) -> bytes:
        """Return the part of the test's namespace."""
        return self.fact(of_namespace(fact, self.under_test.namespace))

    def secret(self, name: str, kind: str, **data: bytes) -> Manifest:
        """Return a secret of the test's namespace."""
        encoded = {key: base64.b64encode(value).decode() for key, value in data.items()}
        metadata = {"name": name, "namespace": self.under_test.namespace}
        return {"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "type": kind, "data": encoded}

    def registry_secret(self, name: str, *registries: str) -> Manifest:
        """Return credentials of some registries."""
        content = orjson.dumps({"auths": {each: {"auth": "bWU6aHVudGVyMg=="} for each in registries}})
        return self.secret(name, SECRET_TYPE, **{".dockerconfigjson": content})

    def account(self, name: str, mark: str) -> Manifest:
        """Return an account of the test's namespace."""
        metadata = {"name": name, "namespace": self.under_test.namespace, "labels": {COMPONENT_POD: mark}}
        return {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": metadata}

    @asynccontextmanager
    async def writing(self) -> AsyncIterator[None]:
        """Write the facts meanwhile."""
        source = Ref(SECRETS, self.under_test.namespace, "keys")
        record = fact_record(self.store, FACTS)
        async with asyncio.TaskGroup() as tasks:
            task = tasks.create_task(
                write_facts(self.under_test.cluster, SystemClock(), record, ssh_source=source, fence=self.fence)
            )
            yield
            task.cancel()


@pytest_asyncio.fixture
async def desk(under_test: UnderTest) -> Desk:
    """A desk that holds the claim."""
    found = Desk(under_test)
    found.fence.token = await found.store.commit([Put(found.fence.claim, b"")])
    return found


@pytest.mark.rule("PS-02", "PS-05", "W-19")
async def test_registries_follow_the_secrets_of_their_type(desk: Desk) -> None:
    cluster = desk.under_test.cluster
    await cluster.create(desk.registry_secret("one", "nvcr.io", "https://index.docker.io/v1/"), manager="test")
    await cluster.create(desk.secret("other", "Opaque", token=b"x"), manager="test")

    async with desk.writing():
        await eventually(lambda: bool(desk.fact(REGISTRIES) and desk.own(REGISTRIES)))
        first = decode_registries(desk.own(REGISTRIES))
        two = await cluster.create(desk.registry_secret("two", "nvcr.io"), manager="test")
        await eventually(lambda: b"two" in desk.own(REGISTRIES))
        second = decode_registries(desk.own(REGISTRIES))
        await cluster.delete(Ref(SECRETS, desk.under_test.namespace, "two"), uid=two["metadata"]["uid"])
        await eventually(lambda: b"two" not in desk.own(REGISTRIES))

    assert first == {"nvcr.io": ("one",), "docker.io": ("one",)}
    assert second == {"nvcr.io": ("one", "two"), "docker.io": ("one",)}


@pytest.mark.rule("W-60")
async def test_accounts_are_those_with_the_mark(desk: Desk) -> None:
    for name, mark in (("b", "true"), ("a", "true"), ("c", "false")):
        await desk.under_test.cluster.create(desk.account(name, mark), manager="test")

    async with desk.writing():
        await eventually(lambda: bool(desk.fact(ACCOUNTS) and desk.own(ACCOUNTS)))

    assert decode_accounts(desk.own(ACCOUNTS)) == ("a", "b")


@pytest.mark.rule("W-05")
async def test_the_version_of_the_keys_is_that_of_their_secret(desk: Desk) -> None:
    async with desk.writing():
        await eventually(lambda: bool(desk.fact(SSH_SOURCE)))
        absent = decode_ssh_source(desk.fact(SSH_SOURCE))
        made = await desk.under_test.cluster.create(desk.secret("keys", "Opaque", a=b"1"), manager="test")
        await eventually(lambda: decode_ssh_source(desk.fact(SSH_SOURCE)) != "")

    assert absent == ""
    assert decode_ssh_source(desk.fact(SSH_SOURCE)) == version_of_source(made)
