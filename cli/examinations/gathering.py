"""Everything that `doctor` looks at, at once: a server that is away costs its own deadline and nothing else."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from importlib.metadata import version

from cli.examinations.admission import of_webhook
from cli.examinations.looking import DEADLINE, look
from cli.examinations.servers import ANSWER_LIMIT, of_bus, of_cluster, of_stack, of_store
from cli.findings.evidence import BusSeen, ClusterSeen, Evidence, Lateness, Process, StoreSeen, Unseen, WebhookSeen
from cli.targets import Target
from shared.contracts.envelope import decode_change
from shared.contracts.etcd_keys import EtcdKeys
from shared.contracts.keys import keys, partition_of
from shared.contracts.streams import CHANGES
from shared.contracts.subjects import change_subject
from shared.core.objects import name_of, namespace_of, version_of
from shared.core.resources import GRAPHS, Ref
from shared.ports.bus import Bus
from shared.ports.cluster import Cluster, Selection, Snapshot

GRACE = 1.0  # seconds in which a new state may still be on its way into the log
PAUSE = 0.05

_ClusterSide = tuple[ClusterSeen, WebhookSeen | Unseen]


async def gather(target: Target) -> Evidence:
    """Look at everything, and return what was seen."""
    listing: asyncio.Future[Snapshot | Unseen] = asyncio.get_running_loop().create_future()
    async with asyncio.TaskGroup() as tasks:
        cluster_side = tasks.create_task(_of_cluster(target, listing))
        bus_side = tasks.create_task(_of_bus(target, listing))
        store_side = tasks.create_task(look(lambda: _of_store(target)))
        processes = tasks.create_task(_of_stack(target))
    cluster, webhook = cluster_side.result()
    bus, lateness = bus_side.result()
    return Evidence(
        now=datetime.now(UTC),
        version=version("dynamo-platform"),
        install=target.settings.install,
        cluster=cluster,
        bus=bus,
        store=store_side.result(),
        webhook=webhook,
        lateness=lateness,
        processes=processes.result(),
    )


async def _of_cluster(
    target: Target, listing: asyncio.Future[Snapshot | Unseen]
) -> tuple[ClusterSeen | Unseen, WebhookSeen | Unseen]:
    async def at() -> _ClusterSide:
        async with target.cluster() as cluster:
            async with asyncio.TaskGroup() as tasks:
                seen = tasks.create_task(of_cluster(cluster))
                webhook = tasks.create_task(look(lambda: of_webhook(cluster)))
                listing.set_result(await look(lambda: _graphs(cluster)))
            return seen.result(), webhook.result()

    found = await look(at)
    if not listing.done():
        listing.set_result(Unseen("the API server was not asked"))
    if isinstance(found, Unseen):
        return found, found
    graphs = listing.result()
    newest = graphs.version if isinstance(graphs, Snapshot) else 0
    return ClusterSeen(found[0].version, found[0].definitions, found[0].denied, newest), found[1]


async def _graphs(cluster: Cluster) -> Snapshot:
    return await cluster.list(GRAPHS, Selection(metadata_only=True))


async def _of_bus(
    target: Target, listing: asyncio.Future[Snapshot | Unseen]
) -> tuple[BusSeen | Unseen, Lateness | Unseen | None]:
    async def at() -> tuple[BusSeen, Lateness | Unseen | None]:
        async with target.bus() as bus:
            async with asyncio.TaskGroup() as tasks:
                seen = tasks.create_task(of_bus(bus))
                lateness = tasks.create_task(look(lambda: _lateness(bus, listing)))
            return seen.result(), lateness.result()

    found = await look(at, deadline=DEADLINE + ANSWER_LIMIT.total_seconds())  # silent owners must not hide the rest
    return (found, found) if isinstance(found, Unseen) else found


async def _lateness(bus: Bus, listing: asyncio.Future[Snapshot | Unseen]) -> Lateness | Unseen | None:
    """Look for the newest state of any graph in the log; one that is on its way has a moment to arrive."""
    graphs = await asyncio.shield(listing)
    if isinstance(graphs, Unseen):
        return graphs
    newest = max(graphs.items, key=version_of, default=None)
    if newest is None:
        return None
    ref = Ref(GRAPHS, namespace_of(newest), name_of(newest))
    subject = str(change_subject(partition_of(keys(GRAPHS, newest).own), ref))
    loop = asyncio.get_running_loop()
    end = loop.time() + GRACE
    while True:
        message = await bus.newest(CHANGES, subject)
        logged = decode_change(message.headers).version if message is not None else 0
        if logged >= version_of(newest) or loop.time() >= end:
            return Lateness(f"{ref.namespace}/{ref.name}", version_of(newest), logged)
        await asyncio.sleep(PAUSE)


async def _of_store(target: Target) -> StoreSeen:
    async with target.store() as store:
        return await of_store(store, EtcdKeys(target.settings.install))


async def _of_stack(target: Target) -> tuple[Process, ...] | None:
    stack = target.stack
    if stack is None:
        return None
    found = await look(lambda: of_stack(stack))
    return () if isinstance(found, Unseen) else tuple(found)
