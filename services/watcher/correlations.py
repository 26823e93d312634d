"""Which edit an object's change belongs to: the newest generation of the graph that its label names.

Replicas watch different kinds, so each learns the graphs from the log itself. The graph's own change is stored before
any service can act on it, so its id is there before its children change.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta

from shared.contracts.envelope import ChangeHeaders, correlation_id, decode_change, is_news
from shared.contracts.streams import CHANGES
from shared.contracts.subjects import ROOT, parse_change_subject
from shared.core import labels
from shared.core.errors import InvalidObjectError, TemporaryError
from shared.core.json import Manifest
from shared.core.objects import controller_of, generation_of, labels_of, namespace_of, uid_of
from shared.core.resources import COMPONENTS, GRAPHS, Resource
from shared.ports.bus import EventLog, Newest
from shared.ports.clock import Clock

RETRY_DELAY = timedelta(seconds=1)
FILTER = f"{ROOT}.changes.*.{GRAPHS.plural}.>"


@dataclass(slots=True)
class Correlations:
    """The correlation id of every graph, from the log."""

    bus: EventLog
    clock: Clock
    by_graph: dict[tuple[str, str], ChangeHeaders] = field(default_factory=dict)

    def of(self, resource: Resource, manifest: Manifest) -> str:
        """Return the id of the edit that an object belongs to, or an empty text where none is known."""
        if resource in (GRAPHS, COMPONENTS) and controller_of(manifest) is None:
            return correlation_id(uid_of(manifest), generation_of(manifest))
        owner = controller_of(manifest)
        name = labels_of(manifest).get(labels.GRAPH_NAME) or (
            owner.name if owner is not None and owner.resource is GRAPHS else ""
        )
        graph = self.by_graph.get((namespace_of(manifest), name))
        return graph.correlation if graph is not None else ""

    async def run(self) -> None:
        """Follow the graphs for ever."""
        while True:
            try:
                async with self.bus.follow(CHANGES, [FILTER], Newest()) as deliveries:
                    async for delivery in deliveries:
                        self._take(delivery.message.subject, dict(delivery.message.headers))
            except TemporaryError:
                await self.clock.sleep(RETRY_DELAY)

    def _take(self, subject: str, headers: dict[str, str]) -> None:
        try:
            change, address = decode_change(headers), parse_change_subject(subject)
        except InvalidObjectError:
            return  # the partitions report it; here it only costs an id
        graph = (address.namespace, address.name)
        if is_news(change, self.by_graph.get(graph)):
            if change.is_tombstone:
                del self.by_graph[graph]
            else:
                self.by_graph[graph] = change
