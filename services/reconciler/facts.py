"""The writer of what namespaces offer to their pods: one replica holds the claim on it and tells all others by facts.

Pull secrets and accounts are objects of users, in every namespace with a graph; were every replica to watch them, each
would read all secrets of the cluster. Of a secret only names leave this process: which registries it is for, or, for
the SSH keys, which version there is. What may not be listed is taken for absent, and said once.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Protocol

import structlog

from services.reconciler import metrics
from services.reconciler.desired.registries import SECRET_TYPE, by_registry, registries_of
from services.reconciler.desired.ssh_secrets import version_of_source
from shared.applying.facts import FactRecord
from shared.contracts.etcd_keys import EtcdKeys
from shared.contracts.facts import (
    ACCOUNTS,
    ALL_SEEN,
    REGISTRIES,
    SSH_SOURCE,
    encode_accounts,
    encode_registries,
    encode_ssh_source,
    namespace_of_fact,
    of_namespace,
)
from shared.core.errors import InvalidObjectError
from shared.core.json import Manifest
from shared.core.objects import name_of, namespace_of
from shared.core.resources import SECRETS, SERVICE_ACCOUNTS, Ref, Resource
from shared.ports.clock import Clock
from shared.ports.cluster import Cluster, Informer, Observation, Observed, Selection, Snapshot
from shared.ports.passes import Fence
from shared.ports.store import Store

log = structlog.get_logger()

FACT_WRITERS = "reconciler-facts"
COMPONENT_POD = "nvidia.com/dynamo-component-pod"  # marks accounts of users for component pods
UNIT = "namespaces"  # the one claim
GATHER = timedelta(milliseconds=100)  # changes come in bursts, and one write tells them all
LOOK_AGAIN = timedelta(minutes=5)  # for rights that were missing

Table = Mapping[str, tuple[str, ...]]  # what each object of one namespace says, by its name


class Reader(Cluster, Informer, Protocol):
    """What the writers need of the cluster."""


@dataclass(frozen=True, slots=True)
class Subject:
    """Which objects a fact is about, what each of them says, and what a namespace's part of the fact is."""

    fact: str
    resource: Resource
    selection: Selection
    said: Callable[[Manifest], tuple[str, ...]]
    encode: Callable[[Table], bytes]


PULL_SECRETS = Subject(
    REGISTRIES,
    SECRETS,
    Selection(field_selector=f"type={SECRET_TYPE}"),
    registries_of,
    lambda table: encode_registries(by_registry(table)),
)
COMPONENT_ACCOUNTS = Subject(
    ACCOUNTS,
    SERVICE_ACCOUNTS,
    Selection(label_selector=f"{COMPONENT_POD}=true", metadata_only=True),
    lambda _: (),
    encode_accounts,
)


def fact_record(store: Store, keys: EtcdKeys) -> FactRecord:
    """Return the record of the facts that this room writes."""

    def tell(name: str) -> None:
        metrics.FACTS_WRITTEN.labels(name.partition("/")[0]).inc()
        log.info("fact changed", fact=name)

    return FactRecord(store, keys, tell)


async def write_facts(cluster: Reader, clock: Clock, record: FactRecord, *, ssh_source: Ref, fence: Fence) -> None:
    """Write all facts of the room, for ever."""
    async with asyncio.TaskGroup() as tasks:
        for subject in (PULL_SECRETS, COMPONENT_ACCOUNTS):
            tasks.create_task(NamespaceFacts(subject, cluster, clock, record).run(fence))
        if ssh_source.namespace:
            tasks.create_task(SshSourceFact(ssh_source, cluster, record).run(fence))


@dataclass(slots=True)
class NamespaceFacts:
    """One fact for each namespace that has objects of a subject."""

    subject: Subject
    cluster: Reader
    clock: Clock
    record: FactRecord
    _tables: dict[str, dict[str, tuple[str, ...]]] = field(default_factory=dict)
    _recorded: dict[str, bytes] = field(default_factory=dict)
    _waiting: set[str] = field(default_factory=set)  # namespaces whose facts may be others now
    _changed: asyncio.Event = field(default_factory=asyncio.Event)

    async def run(self, fence: Fence) -> None:
        """Follow the objects and write what they say, for ever."""
        self._recorded = dict(await self.record.recorded(of_namespace(self.subject.fact, "")))
        while not await self._may_look():
            self._take_all(())
            await self._write(fence)
            await self.clock.sleep(LOOK_AGAIN)
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._follow())
            while True:
                await self._changed.wait()
                await self.clock.sleep(GATHER)
                self._changed.clear()
                await self._write(fence)

    async def _may_look(self) -> bool:
        subject = self.subject
        refused = [verb for verb in ("list", "watch") if not await self.cluster.may(verb, subject.resource)]
        if refused:
            log.warning(
                "objects may not be looked at, none are discovered", resource=subject.resource.plural, verbs=refused
            )
        return not refused

    async def _follow(self) -> None:
        async for observation in self.cluster.follow(self.subject.resource, self.subject.selection):
            self._take(observation)
            del observation  # a list of all secrets must not be kept until something happens

    def _take(self, observation: Observation) -> None:
        match observation:
            case Snapshot():
                self._take_all(observation.items)
            case Observed():
                self._take_one(observation)
            case _:
                pass  # nothing is said of any object

    def _take_all(self, manifests: Iterable[Manifest]) -> None:
        self._waiting |= self._tables.keys() | {namespace_of_fact(name) for name in self._recorded}
        self._tables = {}
        for manifest in manifests:
            self._take_one(Observed("added", manifest))
        self._changed.set()

    def _take_one(self, observed: Observed) -> None:
        manifest = observed.manifest
        table = self._tables.setdefault(namespace_of(manifest), {})
        table.pop(name_of(manifest), None)
        if observed.change != "deleted":
            try:
                table[name_of(manifest)] = self.subject.said(manifest)
            except InvalidObjectError as error:
                log.warning(
                    "object says nothing and is left out",
                    resource=self.subject.resource.plural,
                    namespace=namespace_of(manifest),
                    name=name_of(manifest),
                    reason=str(error),
                )
        self._waiting.add(namespace_of(manifest))
        self._changed.set()

    async def _write(self, fence: Fence) -> None:
        """Write the facts that differ from what is recorded; beside the first ones, that all have been looked at."""
        while self._waiting:
            namespace = min(self._waiting)
            self._waiting.discard(namespace)  # before it is written: what comes meanwhile is written after it
            await self._write_one(of_namespace(self.subject.fact, namespace), self._tables.get(namespace), fence)
        await self.record.write(self.subject.fact, ALL_SEEN, fence)

    async def _write_one(self, fact: str, table: Table | None, fence: Fence) -> None:
        value = self.subject.encode(table) if table else None
        if value == self._recorded.get(fact):
            return
        if value is None:
            await self.record.drop(fact, fence)
            del self._recorded[fact]
        else:
            await self.record.write(fact, value, fence)
            self._recorded[fact] = value


@dataclass(frozen=True, slots=True)
class SshSourceFact:
    """Which version of the SSH keys there is to copy; the keys themselves are not even asked for."""

    source: Ref
    cluster: Reader
    record: FactRecord

    async def run(self, fence: Fence) -> None:
        """Follow the secret and write its version, for ever."""
        only = Selection(self.source.namespace, field_selector=f"metadata.name={self.source.name}", metadata_only=True)
        async for observation in self.cluster.follow(self.source.resource, only):
            found = _newest(observation)
            if found is not None:
                await self.record.write(SSH_SOURCE, encode_ssh_source(found), fence)


def _newest(observation: Observation) -> str | None:
    """Return the version that an observation of one secret shows: empty when it is gone, None when it says nothing."""
    match observation:
        case Snapshot():
            return version_of_source(observation.items[0]) if observation.items else ""
        case Observed():
            return "" if observation.change == "deleted" else version_of_source(observation.manifest)
        case _:
            return None
