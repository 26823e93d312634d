"""Gathering the evidence about one graph from all sources at once."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from cli.explanations.evidence import ClusterEvidence, Evidence, LogEvidence, OwnershipEvidence, Unread
from cli.inquiries.cluster import Objects, read_circumstances, read_objects
from cli.inquiries.log import read_log
from cli.inquiries.ownership import read_ownership
from cli.inquiries.sources import asked, knock
from cli.targets import Target
from shared.core.objects import name_of, version_of

NATS_PORT, ETCD_PORT = 4222, 2379  # where an address names none


async def gather(target: Target, namespace: str, name: str) -> Evidence:
    """Read everything that an explanation needs; what does not answer in time is left out and named.

    With a kubeconfig alone nothing is concluded from addresses that are only defaults.
    """
    settings, stack = target.settings, target.stack
    asking = _Asking(target, namespace, name, asyncio.get_running_loop().create_future())
    async with asyncio.TaskGroup() as tasks:
        cluster = tasks.create_task(asked(asking.cluster, api_of(target)))
        log = tasks.create_task(asked(asking.log, ", ".join(settings.nats_url)))
        ownership = tasks.create_task(asked(asking.store, ", ".join(settings.etcd_endpoints)))
        await cluster
        asking.give_up()
    return Evidence(
        namespace=namespace,
        name=name,
        cluster=cluster.result(),
        log=log.result(),
        ownership=ownership.result(),
        ended={each.name: each.log for each in stack.dead} if stack is not None else {},
        stack=stack.name if stack is not None else "",
    )


@dataclass(frozen=True, slots=True)
class _Asking:
    """The questions to the three sources; the log is asked about the objects that the cluster has named."""

    target: Target
    namespace: str
    name: str
    objects: asyncio.Future[Objects | None]

    async def cluster(self) -> ClusterEvidence:
        async with self.target.cluster() as cluster:
            own = await read_objects(cluster, self.namespace, self.name)
            self.objects.set_result(own)
            return await read_circumstances(cluster, self.namespace, self.name, own)

    def give_up(self) -> None:
        """Let the log be asked about the graph alone, if the cluster has named nothing."""
        if not self.objects.done():
            self.objects.set_result(None)

    async def log(self) -> LogEvidence | Unread:
        if "nats_url" not in self.target.settings.model_fields_set:
            return Unread("", "not asked: name it with --nats", is_away=False)
        await knock(self.target.settings.nats_url, NATS_PORT)
        async with self.target.bus() as bus:
            own = await asyncio.shield(self.objects)  # a deadline of ours must not cancel it for others
            version = version_of(own.graph) if own is not None and own.graph is not None else 0
            components = [name_of(each) for each in own.components] if own is not None else []
            return await read_log(bus, self.namespace, self.name, components=components, version=version)

    async def store(self) -> OwnershipEvidence | Unread:
        settings = self.target.settings
        if "etcd_endpoints" not in settings.model_fields_set:
            return Unread("", "not asked: name it with --etcd", is_away=False)
        await knock(settings.etcd_endpoints, ETCD_PORT)
        async with self.target.store() as store:
            return await read_ownership(store, settings.install, self.namespace, self.name)


def api_of(target: Target) -> str:
    """Return which API server a target asks, for people."""
    if target.stack is not None:
        return target.stack.api_url
    return f"of {target.settings.kubeconfig or 'the default kubeconfig'}"
