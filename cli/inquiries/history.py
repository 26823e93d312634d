"""Reading what happened to one graph: by the names of its objects, and for pods within the graph's partition.

Ordered consumers with subject filters: the server looks subjects up, and nothing reads a stream from end to end. Pods
and slices have names that nobody can compute, so those of the namespace in this one partition are asked for, and
other graphs' are left out afterwards.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence

from cli.explanations.evidence import Unread
from cli.histories.timelines import Findings
from cli.inquiries.cluster import Objects, read_objects
from cli.inquiries.graphs import NATS_PORT, api_of
from cli.inquiries.log import subjects_about
from cli.inquiries.sources import asked, knock, part
from cli.targets import Target
from services.reconciler.desired.names import PLANNER_ACCOUNT, component_name, discovery_account
from shared.contracts.keys import graph_key, partition_of
from shared.contracts.streams import CHANGES, DEAD_LETTERS, DECISIONS
from shared.contracts.subjects import ROOT, change_subject, encode_token
from shared.core.json import Manifest, mapping
from shared.core.objects import name_of
from shared.core.resources import (
    COMPONENTS,
    DEPLOYMENTS,
    ENDPOINT_SLICES,
    EVENTS,
    GRAPHS,
    LEADER_WORKER_SETS,
    POD_CLIQUES,
    PODS,
    SERVICE_ACCOUNTS,
    Ref,
    Resource,
)
from shared.ports.bus import After, EventLog, StoredMessage, StreamMissingError
from shared.ports.cluster import Cluster, Selection

MOST = 40  # objects whose Kubernetes Events are asked for
Logged = tuple[list[StoredMessage], list[StoredMessage], list[StoredMessage]]


async def gather(target: Target, namespace: str, name: str) -> Findings:
    """Read everything that a history needs; what does not answer in time is left out and named."""
    objects: asyncio.Future[Objects | None] = asyncio.get_running_loop().create_future()

    async def of_cluster() -> tuple[tuple[Manifest, ...], dict[str, str]]:
        async with target.cluster() as cluster:
            own = await read_objects(cluster, namespace, name)
            objects.set_result(own)
            gaps = dict(own.gaps)
            return await _events(cluster, namespace, own, gaps), gaps

    async def of_log() -> Logged:
        await knock(target.settings.nats_url, NATS_PORT)
        async with target.bus() as bus:
            return await _messages(bus, namespace, name, await asyncio.shield(objects))

    async with asyncio.TaskGroup() as tasks:
        log_task = tasks.create_task(asked(of_log, ", ".join(target.settings.nats_url)))
        cluster_task = tasks.create_task(asked(of_cluster, api_of(target)))
        seen = await cluster_task
        if not objects.done():
            objects.set_result(None)
    log = log_task.result()
    gaps = {"Kubernetes API": seen.reason} if isinstance(seen, Unread) else seen[1]
    gaps |= {"NATS": log.reason} if isinstance(log, Unread) else {}
    changes, decisions, letters = log if not isinstance(log, Unread) else ([], [], [])
    return Findings(
        namespace=namespace,
        graph=name,
        changes=changes,
        decisions=decisions,
        letters=letters,
        events=() if isinstance(seen, Unread) else seen[0],
        gaps=gaps,
    )


async def _messages(bus: EventLog, namespace: str, name: str, own: Objects | None) -> Logged:
    names = _component_names(name, own)
    decided = [Ref(GRAPHS, namespace, name), *(Ref(COMPONENTS, namespace, each) for each in names)]
    decided.append(Ref(SERVICE_ACCOUNTS, namespace, PLANNER_ACCOUNT))
    about = [
        [subjects_about(log, each.resource, each.namespace, each.name) for each in decided]
        for log in ("decisions", "dlq")
    ]
    async with asyncio.TaskGroup() as tasks:
        changes = tasks.create_task(_stored(bus, CHANGES, _change_subjects(namespace, name, names)))
        decisions = tasks.create_task(_stored(bus, DECISIONS, about[0]))
        letters = tasks.create_task(_stored(bus, DEAD_LETTERS, about[1]))
    return changes.result(), decisions.result(), letters.result()


def _component_names(graph: str, own: Objects | None) -> list[str]:
    """Return the components that exist, and those that the graph asks for."""
    if own is None:
        return []
    asked_for = {component_name(graph, service) for service in mapping(own.graph, "spec", "services")}
    return sorted(asked_for | {name_of(each) for each in own.components})


def _change_subjects(namespace: str, name: str, components: Iterable[str]) -> list[str]:
    partition = partition_of(graph_key(namespace, name))
    known = [Ref(GRAPHS, namespace, name), Ref(SERVICE_ACCOUNTS, namespace, discovery_account(name))]
    known += [Ref(each, namespace, component) for component in components for each in (COMPONENTS, DEPLOYMENTS)]
    return [
        *(str(change_subject(partition, each)) for each in known),
        *(_all_of(partition, each, namespace) for each in (PODS, ENDPOINT_SLICES, LEADER_WORKER_SETS, POD_CLIQUES)),
    ]


def _all_of(partition: int, resource: Resource, namespace: str) -> str:
    return f"{ROOT}.changes.{partition}.{resource.plural}.{encode_token(namespace)}.*"


async def _stored(bus: EventLog, stream: str, subjects: Sequence[str]) -> list[StoredMessage]:
    """Return everything that a stream holds of some subjects; nothing where there is no such stream."""
    found: list[StoredMessage] = []
    try:
        async with bus.follow(stream, subjects, After(0)) as deliveries:
            left, arriving = deliveries.pending_at_open, aiter(deliveries)
            while left > 0:
                delivery = await anext(arriving)
                found.append(delivery.message)
                left = delivery.pending
    except StreamMissingError:
        return []
    return found


async def _events(cluster: Cluster, namespace: str, own: Objects, gaps: dict[str, str]) -> tuple[Manifest, ...]:
    about = [own.graph] if own.graph is not None else []
    about += [*own.components, *own.deployments, *own.replica_sets, *own.gangs, *own.pods]

    async def of_one(each: Manifest) -> tuple[Manifest, ...]:
        uid = each["metadata"]["uid"]
        return (await cluster.list(EVENTS, Selection(namespace, field_selector=f"involvedObject.uid={uid}"))).items

    async with asyncio.TaskGroup() as tasks:
        found = [tasks.create_task(part(gaps, EVENTS.plural, of_one(each), ())) for each in about[:MOST]]
    return tuple(event for each in found for event in each.result())
