"""The live board of a graph: one row for each component, kept from events alone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import orjson
from rich.table import Table

from cli.graphs import HEADINGS, ComponentRow, GraphReport, belongs, graph_report
from shared.contracts.envelope import ChangeHeaders, decode_change, is_news
from shared.contracts.subjects import ROOT, parse_change_subject
from shared.core.errors import InvalidObjectError
from shared.core.json import Manifest, mapping
from shared.core.resources import COMPONENTS, GRAPHS, PODS, Ref, Resource
from shared.ports.bus import StoredMessage


@dataclass(slots=True)
class Board:
    """The last state of one graph's objects, from change events."""

    namespace: str
    graph: str
    _objects: dict[Resource, dict[Ref, tuple[ChangeHeaders, Manifest]]] = field(default_factory=dict)

    def take(self, message: StoredMessage) -> None:
        """Take in a message; what is no change event is ignored."""
        if not message.subject.startswith(f"{ROOT}.changes."):
            return
        try:
            headers, ref = decode_change(message.headers), parse_change_subject(message.subject).ref
            body = orjson.loads(message.body)
        except (InvalidObjectError, orjson.JSONDecodeError):
            return
        known = self._objects.setdefault(ref.resource, {})
        before = known.get(ref)
        if is_news(headers, before[0] if before is not None else None):
            if headers.is_tombstone:
                del known[ref]
            else:
                known[ref] = (headers, body)

    @property
    def manifest(self) -> Manifest | None:
        """Return the graph's last state."""
        known = self._objects.get(GRAPHS, {}).get(Ref(GRAPHS, self.namespace, self.graph))
        return known[1] if known is not None else None

    @property
    def is_ready(self) -> bool:
        """Return whether the graph's newest generation is reported as successful."""
        graph = self.manifest
        return graph is not None and self._report(graph).is_ready

    @property
    def reason(self) -> str:
        """Return why the graph is not ready."""
        graph = self.manifest
        return self._report(graph).reason if graph is not None else "no event of the graph has arrived"

    def rows(self) -> tuple[ComponentRow, ...]:
        """Return the components."""
        graph = self.manifest
        return self._report(graph).components if graph is not None else ()

    def has_all_children(self, resource: Resource) -> bool:
        """Return whether every component has an object of a resource."""
        graph = self.manifest
        wanted = len(mapping(graph, "spec", "services"))
        own = [each for each in self._all(resource) if belongs(each, self.namespace, self.graph)]
        return 0 < wanted <= len(own)

    def table(self) -> Table:
        """Return the board for a terminal."""
        table = Table(title=f"{self.namespace}/{self.graph}", title_justify="left", box=None, header_style="bold")
        for heading in HEADINGS:
            table.add_column(heading)
        for row in self.rows():
            table.add_row(*row.cells, style="green" if row.ready >= row.wanted else "")
        return table

    def _report(self, graph: Mapping[str, object]) -> GraphReport:
        return graph_report(dict(graph), self._all(COMPONENTS), self._all(PODS))

    def _all(self, resource: Resource) -> list[Manifest]:
        return [manifest for _, manifest in self._objects.get(resource, {}).values()]
