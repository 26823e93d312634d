"""Messages of the streams, as the services write them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import orjson

from services.watcher.changes.publications import Origin, publications
from shared.contracts.envelope import ChangeType
from shared.core import labels
from shared.core.json import Manifest
from shared.core.objects import ref_of
from shared.core.resources import Resource
from shared.ports.bus import StoredMessage

NOW = datetime(2025, 1, 1, tzinfo=UTC)
ORIGIN = Origin("demo", "1", "cluster.0")
NOWHERE: frozenset[str] = frozenset()


def an_object(resource: Resource, name: str, *, version: int = 1, graph: str = "chat", **content: Any) -> Manifest:
    """Return an object of a graph in namespace `demo`; `service` and `generation` go where they belong."""
    own = {labels.GRAPH_NAME: graph} if graph else {}
    service = content.pop("service", "")
    metadata: dict[str, Any] = {
        "name": name,
        "uid": f"uid-{name}",
        "resourceVersion": str(version),
        "generation": content.pop("generation", 1),
        "labels": own | ({labels.COMPONENT: service} if service else {}),
    }
    if resource.namespaced:
        metadata["namespace"] = "demo"
    if content.pop("deleting", False):
        metadata["deletionTimestamp"] = "2025-01-01T00:00:00Z"
    return {"apiVersion": resource.api_version, "kind": resource.kind, "metadata": metadata, **content}


def messages(
    manifest: Manifest, change: ChangeType = "modified", held: frozenset[str] = NOWHERE
) -> list[StoredMessage]:
    """Return the messages of a change, one for each partition."""
    found = publications(ref_of(manifest).resource, manifest, change, origin=ORIGIN, time=NOW, held=held)
    return [StoredMessage(each.subject, 1, NOW, each.headers.encode(), each.body) for each in found]


def a_message(subject: str, body: object, **headers: str) -> StoredMessage:
    """Return a message that is no change event."""
    return StoredMessage(subject, 1, NOW, headers, orjson.dumps(body))
