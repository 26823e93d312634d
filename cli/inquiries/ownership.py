"""What etcd says: which replicas live, who owns the graph's partition, and the facts that passes need."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import datetime

import orjson

from cli.explanations.evidence import OwnershipEvidence
from cli.explanations.moments import moment
from shared.contracts.capacity import Capacity, decode_capacity
from shared.contracts.etcd_keys import EtcdKeys
from shared.contracts.facts import GPU, ORCHESTRATORS
from shared.contracts.keys import graph_key, partition_of
from shared.contracts.watched import WATCHED
from shared.core.errors import InvalidObjectError
from shared.ports.store import Everything, Store

PARTITIONED = ("reconciler", "rbac", "discovery")
WITH_MEMBERS = ("watcher", *PARTITIONED)
FACT_WRITERS = "discovery-facts"


async def read_ownership(store: Store, install: str, namespace: str, name: str) -> OwnershipEvidence:
    """Read members, claims and facts."""
    keys, partition = EtcdKeys(install), partition_of(graph_key(namespace, name))
    async with asyncio.TaskGroup() as tasks:
        members = {each: tasks.create_task(store.list(keys.members(each))) for each in WITH_MEMBERS}
        claims = {each: tasks.create_task(store.get(keys.claim(each, str(partition)))) for each in PARTITIONED}
        kinds = tasks.create_task(store.list(keys.claims("watcher")))
        facts = {each: tasks.create_task(store.get(keys.fact(each))) for each in (GPU, ORCHESTRATORS)}
        writer = tasks.create_task(store.get(keys.claim(FACT_WRITERS, GPU)))
    watched = {pair.key.removeprefix(keys.claims("watcher")) for pair in kinds.result().pairs}
    gpu = facts[GPU].result()
    return OwnershipEvidence(
        partition=partition,
        replicas={each: _replicas(task.result(), keys.members(each)) for each, task in members.items()},
        owners={
            each: pair.value.decode(errors="replace")
            for each, task in claims.items()
            if (pair := task.result()) is not None
        },
        unwatched=tuple(each.plural for each in WATCHED if each.group_resource not in watched),
        has_orchestrators=facts[ORCHESTRATORS].result() is not None,
        capacity=_capacity(gpu.value) if gpu is not None else None,
        is_capacity_fresh=writer.result() is not None,
    )


def _replicas(found: Everything, prefix: str) -> Mapping[str, datetime | None]:
    return {pair.key.removeprefix(prefix): _since(pair.value) for pair in found.pairs}


def _since(record: bytes) -> datetime | None:
    try:
        return moment(orjson.loads(record), "since")
    except orjson.JSONDecodeError:
        return None


def _capacity(record: bytes) -> Capacity | None:
    try:
        return decode_capacity(record)
    except InvalidObjectError:
        return None  # a damaged record says nothing; discovery writes it anew
