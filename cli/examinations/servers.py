"""Looks at the API server, NATS, etcd and local processes, each in few requests that all go out at once."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import partial

import orjson

from cli.commands.dlq import read_all
from cli.examinations.looking import look
from cli.findings.evidence import (
    FACT_WRITERS,
    NAMESPACE_FACTS,
    SERVICES,
    WATCHER,
    BusSeen,
    Checkpoint,
    ClusterSeen,
    Holder,
    NoOwner,
    Process,
    StoreSeen,
    Unseen,
)
from cli.letters import Letter, letter_of
from lab.launcher.bringup import is_ready
from lab.launcher.stacks import Stack, StackProcess
from shared.api.crds import DEFINITIONS, crd
from shared.contracts.controls import STATUS, PartitionStatus, control_subject
from shared.contracts.etcd_keys import EtcdKeys
from shared.contracts.keys import PARTITIONS
from shared.contracts.markers import SyncedMarker, decode_marker
from shared.contracts.streams import CHANGES, stream_specs
from shared.contracts.subjects import synced_subject
from shared.contracts.watched import WATCHED
from shared.core.errors import InvalidObjectError, TemporaryError
from shared.core.json import text
from shared.core.resources import (
    COMPONENTS,
    CUSTOM_RESOURCE_DEFINITIONS,
    DEPLOYMENTS,
    EVENTS,
    GRAPHS,
    PODS,
    VALIDATING_WEBHOOKS,
    Ref,
    Resource,
)
from shared.ports.bus import Bus, NoRespondersError, StreamMissingError, StreamState
from shared.ports.cluster import Cluster
from shared.ports.store import Store

ANSWER_LIMIT = timedelta(seconds=1)  # for the owner of a partition
# What status, explain and doctor read.
RIGHTS: tuple[tuple[str, Resource], ...] = (
    ("list", GRAPHS),
    ("list", COMPONENTS),
    ("list", DEPLOYMENTS),
    ("list", PODS),
    ("list", EVENTS),
    ("get", CUSTOM_RESOURCE_DEFINITIONS),
    ("get", VALIDATING_WEBHOOKS),
)


async def of_cluster(cluster: Cluster) -> ClusterSeen:
    """Look at the API server: its version, our definitions, and what the caller may do."""
    version = await cluster.version()  # alone: a server that is away is told in its own words
    names = [crd(each)["metadata"]["name"] for each in DEFINITIONS]
    async with asyncio.TaskGroup() as tasks:
        definitions = [tasks.create_task(cluster.get(Ref(CUSTOM_RESOURCE_DEFINITIONS, "", name))) for name in names]
        rights = [tasks.create_task(cluster.may(verb, resource)) for verb, resource in RIGHTS]
    denied = [
        f"{verb} {resource.plural}" for (verb, resource), may in zip(RIGHTS, rights, strict=True) if not may.result()
    ]
    live = {name: found.result() for name, found in zip(names, definitions, strict=True)}
    return ClusterSeen(version, live, tuple(denied))


async def of_bus(bus: Bus) -> BusSeen:
    """Look at NATS: the streams, the synced markers, the dead letters, and how each partition's owner is."""
    asked = [(service, number) for service in SERVICES for number in range(PARTITIONS)]
    async with asyncio.TaskGroup() as tasks:
        limit = tasks.create_task(bus.storage_limit())
        states = {spec.name: tasks.create_task(_state(bus, spec.name)) for spec in stream_specs()}
        markers = {resource: tasks.create_task(_marker(bus, resource)) for resource in WATCHED}
        letters = tasks.create_task(_letters(bus))
        statuses = {key: tasks.create_task(_status(bus, *key)) for key in asked}
    return BusSeen(
        streams={name: each.result() for name, each in states.items()},
        limit=limit.result(),
        markers={resource: each.result() for resource, each in markers.items()},
        letters=letters.result(),
        statuses={key: each.result() for key, each in statuses.items()},
    )


async def _state(bus: Bus, name: str) -> StreamState | None:
    try:
        return await bus.state(name)
    except StreamMissingError:
        return None


async def _marker(bus: Bus, resource: Resource) -> SyncedMarker | None:
    try:
        found = await bus.newest(CHANGES, synced_subject(resource))
        return None if found is None else decode_marker(found.body)
    except (StreamMissingError, InvalidObjectError):
        return None


async def _letters(bus: Bus) -> Sequence[Letter]:
    try:
        return [letter_of(message) for message in await read_all(bus)]
    except StreamMissingError:
        return ()


async def _status(bus: Bus, service: str, partition: int) -> PartitionStatus | NoOwner | Unseen:
    try:
        body = await bus.request(control_subject(service, partition, STATUS), b"", within=ANSWER_LIMIT)
        return PartitionStatus.decode(body)
    except NoRespondersError:
        return NoOwner()
    except (TemporaryError, InvalidObjectError) as error:
        return Unseen(str(error))


async def of_store(store: Store, keys: EtcdKeys) -> StoreSeen:
    """Look at etcd: its members, and the keys that the installation stands on."""
    services = (WATCHER, *SERVICES, FACT_WRITERS, NAMESPACE_FACTS)
    async with asyncio.TaskGroup() as tasks:
        health = tasks.create_task(look(store.health))
        single = [tasks.create_task(_value(store, key)) for key in (keys.incarnation, keys.partition_count, keys.epoch)]
        members = {name: tasks.create_task(_members(store, keys.members(name))) for name in services}
        claims = {name: tasks.create_task(_claims(store, keys.claims(name))) for name in services}
        checkpoints = tasks.create_task(_checkpoints(store, f"{keys.root}checkpoints/"))
    incarnation, count, epoch = (each.result() for each in single)
    return StoreSeen(
        health=health.result(),
        incarnation=incarnation,
        partition_count=count,
        epoch=_epoch(epoch),
        members={name: each.result() for name, each in members.items()},
        claims={name: each.result() for name, each in claims.items()},
        checkpoints=checkpoints.result(),
    )


async def _value(store: Store, key: str) -> str:
    pair = await store.get(key)
    return pair.value.decode(errors="replace") if pair is not None else ""


def _epoch(record: str) -> str:
    """Return the epoch as events carry it."""
    try:
        found = orjson.loads(record)
        return f"{found['uid']}.{found['counter']}"
    except (KeyError, TypeError, ValueError):
        return ""


async def _members(store: Store, prefix: str) -> dict[str, str]:
    return {pair.key.removeprefix(prefix): _version(pair.value) for pair in (await store.list(prefix)).pairs}


def _version(record: bytes) -> str:
    try:
        return text(orjson.loads(record), "version")
    except orjson.JSONDecodeError:
        return ""


async def _claims(store: Store, prefix: str) -> dict[str, Holder]:
    return {
        pair.key.removeprefix(prefix): Holder(pair.value.decode(errors="replace"), pair.create_revision)
        for pair in (await store.list(prefix)).pairs
    }


async def _checkpoints(store: Store, prefix: str) -> dict[str, Checkpoint | None]:
    return {pair.key.removeprefix(prefix): _checkpoint(pair.value) for pair in (await store.list(prefix)).pairs}


def _checkpoint(record: bytes) -> Checkpoint | None:
    try:
        found = orjson.loads(record)
        created = datetime.fromisoformat(found["streamCreated"])
        return Checkpoint(int(found["version"]), str(found["epoch"]), created)
    except (KeyError, TypeError, ValueError):
        return None


async def of_stack(stack: Stack) -> Sequence[Process]:
    """Look at the processes of a local stack, and ask those that serve their readiness."""
    async with asyncio.TaskGroup() as tasks:
        asked = [tasks.create_task(_process(process)) for process in stack.processes]
    return [each.result() for each in asked]


async def _process(process: StackProcess) -> Process:
    if not process.is_running or not process.health_url:
        return Process(process.name, process.is_running, process.log)
    answer = await look(partial(asyncio.to_thread, is_ready, process.health_url))
    _, reason = (False, answer.reason) if isinstance(answer, Unseen) else answer
    return Process(process.name, is_running=True, log=process.log, waits_for=reason)
