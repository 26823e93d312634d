"""Creates the simulated nodes and keeps their conditions and taints as they should be.

Thin: what a node looks like is decided in `shapes`, what it says of itself in `node_status`. A lost node's pods stop
being ready and, after the time that they tolerate, are deleted, as Kubernetes' node lifecycle controller does.
"""

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta

from lab.simulator.client.caches import Key, key_of
from lab.simulator.client.errors import ApiError
from lab.simulator.client.resources import NODES, PODS, Document
from lab.simulator.nodes.faults import Fault
from lab.simulator.nodes.node_status import UNREACHABLE, node_outlook
from lab.simulator.nodes.script import Script
from lab.simulator.nodes.shapes import OUR_NODE
from lab.simulator.objects import FALSE, condition, differs, is_deleting, labels_of, moment, timestamp
from lab.simulator.world import World, now

DEFAULT_TOLERATION_SECONDS = 300.0


class Fleet:
    """Reconciles simulated nodes."""

    def __init__(self, world: World, script: Script, *, documents: Sequence[Document], speed: float) -> None:
        self._world = world
        self._script = script
        self._speed = speed
        self.wanted = {key_of(document): document for document in documents}
        self._missing = set(self.wanted)
        self.complete = asyncio.Event()
        if not self._missing:
            self.complete.set()

    async def __call__(self, key: Key) -> float | None:
        """Bring one node to rest."""
        node = self._world.nodes.get(key)
        wanted = self.wanted.get(key)
        if node is None:
            if wanted is not None:
                await self._create(wanted)
            return None
        if OUR_NODE not in labels_of(node):
            return None
        is_lost = self._script.fault(node, "Node") is Fault.LOST
        await self._write(node, wanted, is_lost=is_lost)
        self._missing.discard(key)
        if not self._missing:
            self.complete.set()
        return await self._abandon(node) if is_lost else None

    async def _create(self, wanted: Document) -> None:
        try:
            created = await self._world.api.create(NODES, wanted)
        except ApiError as error:
            if error.reason != "AlreadyExists":
                raise
            created = await self._world.api.get(NODES, None, wanted["metadata"]["name"])
        self._world.nodes.observe(created)  # which brings the key back for the status

    async def _write(self, node: Document, wanted: Document | None, *, is_lost: bool) -> None:
        outlook = node_outlook(node, is_lost=is_lost, now=now())
        if outlook.taints != ((node.get("spec") or {}).get("taints") or []):
            patch = {"spec": {"taints": outlook.taints or None}}
            self._world.nodes.observe(await self._world.api.patch(NODES, node, patch))
        present = node.get("status") or {}
        status = {**(wanted["status"] if wanted is not None else {}), "conditions": outlook.conditions}
        if differs(status, present, status):
            answer = await self._world.api.patch(NODES, node, {"status": status}, subresource="status")
            self._world.nodes.observe(answer)

    async def _abandon(self, node: Document) -> float | None:
        lost_since = moment((condition(node, "Ready") or {}).get("lastTransitionTime") or timestamp(now()))
        waits: list[float] = []
        for pod in self._world.pods.by("node", node["metadata"]["name"]):
            await self._mark_not_ready(pod)
            wait = self._seconds_to_eviction(pod, lost_since)
            if is_deleting(pod) or wait is None:
                continue
            if wait > 0:
                waits.append(wait)
            else:
                await self._world.api.delete(PODS, pod)
        return min(waits, default=None)

    async def _mark_not_ready(self, pod: Document) -> None:
        known = condition(pod, "Ready")
        if known is None or known["status"] == FALSE:
            return
        changed = {**known, "status": FALSE, "lastTransitionTime": timestamp(now())}
        conditions = [changed if found["type"] == "Ready" else found for found in pod["status"]["conditions"]]
        patch = {"status": {"conditions": conditions}}
        self._world.pods.observe(await self._world.api.patch(PODS, pod, patch, subresource="status"))

    def _seconds_to_eviction(self, pod: Document, lost_since: datetime) -> float | None:
        tolerated = DEFAULT_TOLERATION_SECONDS
        for toleration in pod["spec"].get("tolerations") or ():
            if toleration.get("key") == UNREACHABLE and toleration.get("effect") in (None, "", "NoExecute"):
                if "tolerationSeconds" not in toleration:
                    return None
                tolerated = float(toleration["tolerationSeconds"])
        return (lost_since + timedelta(seconds=tolerated / self._speed) - now()).total_seconds()
