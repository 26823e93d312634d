"""Objects, headers and tables in which a test names only what it is about."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from services.watcher.changes.publications import Origin
from services.watcher.changes.tables import Table
from shared.contracts.envelope import ChangeHeaders, ChangeType
from shared.core import labels
from shared.core.json import Manifest
from shared.core.resources import SERVICES, Resource

NOW = datetime(2025, 1, 1, tzinfo=UTC)
ORIGIN = Origin("test", "1", "cluster.0")
SUBJECT = "dynamo.changes.3.services.team.one"


def an_object(
    resource: Resource = SERVICES, name: str = "one", *, version: int = 10, graph: str = "", **more: Any
) -> Manifest:
    """Return an object of namespace `team`; `more` are further members of it."""
    metadata: dict[str, Any] = {
        "name": name,
        "namespace": "team",
        "uid": f"uid-{name}",
        "resourceVersion": str(version),
    }
    metadata |= more.pop("metadata", {})
    if graph:
        metadata["labels"] = {**metadata.get("labels", {}), labels.GRAPH_NAME: graph}
    return {"apiVersion": resource.api_version, "kind": resource.kind, "metadata": metadata, **more}


def headers(
    change: ChangeType = "modified", *, version: int = 10, epoch: str = "cluster.0", **more: Any
) -> ChangeHeaders:
    """Return the headers of a change of Service `one`."""
    known: dict[str, Any] = {
        "id": f"uid-one.{version}",
        "type": change,
        "source": ORIGIN.source,
        "subject": "/api/v1/namespaces/team/services/one",
        "time": NOW,
        "plural": "services",
        "uid": "uid-one",
        "version": version,
        "epoch": epoch,
        "partition": 3,
    }
    return ChangeHeaders(**(known | more))


def a_table(*held: ChangeHeaders, resource: Resource = SERVICES, body: bytes = b"{}") -> Table:
    """Return a table that holds the given changes of one subject, stored one after the other."""
    table = Table(resource)
    for sequence, change in enumerate(held, start=1):
        table.plan(SUBJECT, change, body)
        table.stored(SUBJECT, sequence)
    return table
