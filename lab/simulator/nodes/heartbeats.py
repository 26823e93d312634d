"""Renews the leases by which a genuine control plane knows that nodes are alive; off unless asked for.

Separate from the fleet, because this is the only thing that is done by the clock. Invariant: a lost node sends none.
"""

import asyncio
from datetime import timedelta

from lab.simulator.client.errors import ApiError, RequestError
from lab.simulator.client.resources import NODES, Document, Resource
from lab.simulator.logs import log
from lab.simulator.nodes.faults import Fault
from lab.simulator.nodes.script import Script
from lab.simulator.nodes.shapes import OUR_NODE
from lab.simulator.objects import labels_of
from lab.simulator.world import World, now

LEASES = Resource("coordination.k8s.io", "v1", "leases", "Lease")
NAMESPACE = "kube-node-lease"
LEASE_SECONDS = 40


class Heartbeats:
    """Renews one lease per simulated node at an interval."""

    def __init__(self, world: World, script: Script, *, interval: timedelta) -> None:
        self._world = world
        self._script = script
        self._interval = interval
        self._leases: dict[str, Document] = {}

    async def run(self) -> None:
        """Renew for ever."""
        while True:
            for node in self._world.nodes:
                if OUR_NODE in labels_of(node) and self._script.fault(node, "Node") is not Fault.LOST:
                    await self._renew_or_log(node)
            await asyncio.sleep(self._interval.total_seconds())

    async def _renew_or_log(self, node: Document) -> None:
        try:
            await self._renew(node)
        except RequestError as error:
            self._leases.pop(node["metadata"]["name"], None)
            log.info("lease not renewed node=%s error=%s", node["metadata"]["name"], error)

    async def _renew(self, node: Document) -> None:
        name = node["metadata"]["name"]
        spec: Document = {"renewTime": now().strftime("%Y-%m-%dT%H:%M:%S.%fZ")}
        known = self._leases.get(name) or await self._existing(name)
        if known is not None:
            self._leases[name] = await self._world.api.patch(LEASES, known, {"spec": spec})
            return
        spec |= {"holderIdentity": name, "leaseDurationSeconds": LEASE_SECONDS}
        owner = {"apiVersion": NODES.api_version, "kind": NODES.kind, "name": name, "uid": node["metadata"]["uid"]}
        metadata = {"name": name, "namespace": NAMESPACE, "ownerReferences": [owner]}
        document = {"apiVersion": LEASES.api_version, "kind": LEASES.kind, "metadata": metadata, "spec": spec}
        self._leases[name] = await self._world.api.create(LEASES, document)

    async def _existing(self, name: str) -> Document | None:
        try:
            return await self._world.api.get(LEASES, NAMESPACE, name)
        except ApiError as error:
            if error.is_not_found:
                return None
            raise
