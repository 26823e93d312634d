"""The live board of a graph: one row for each component, kept from events alone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import orjson
from rich.table import Table

from cli.graphs import HEADINGS, ComponentRow, GraphReport, graph_report
from shared.contracts.envelope import decode_change
from shared.contracts.subjects import ROOT, parse_change_subject
from shared.core.errors import InvalidObjectError
from shared.core.json import Manifest
from shared.core.resources import COMPONENTS, GRAPHS, PODS, Ref, Resource
from shared.ports.bus import StoredMessage


@dataclass(slots=True)
class Board:
    """The last state of one graph's objects, from change events."""

    namespace: str
    graph: str
    _objects: dict[Resource, dict[Ref, Manifest]] = field(default_factory=dict)

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
        if headers.is_tombstone:
            known.pop(ref, None)
        elif not headers.is_copy:
            known[ref] = body

    @property
    def manifest(self) -> Manifest | None:
        """Return the graph's last state."""
        return self._objects.get(GRAPHS, {}).get(Ref(GRAPHS, self.namespace, self.graph))

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
        wanted = len((graph or {}).get("spec", {}).get("services", {}))
        return 0 < wanted <= len(self._objects.get(resource, {}))

    def table(self) -> Table:
        """Return the board for a terminal."""
        table = Table(title=f"{self.namespace}/{self.graph}", title_justify="left", box=None, header_style="bold")
        for heading in HEADINGS:
            table.add_column(heading)
        for row in self.rows():
            table.add_row(*row.cells, style="green" if row.ready >= row.wanted else "")
        return table

    def _report(self, graph: Mapping[str, object]) -> GraphReport:
        components = list(self._objects.get(COMPONENTS, {}).values())
        pods = list(self._objects.get(PODS, {}).values())
        return graph_report(dict(graph), components, pods)
