"""The recorded manifests applied to our rooms, and what became of each, compared with its recording."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from shared.core.json import items, mapping, text
from shared.core.resources import EVENTS, GRAPHS, PODS, VOLUME_CLAIMS
from tests.conformance import Conformance
from tests.parity.clusters import RecordedCluster
from tests.parity.comparison import Key, Manifest, Recording, Result, compare, key_of, recorded, written_down
from tests.parity.definitions import as_stored
from tests.parity.rooms import Installation, an_installation
from tests.parity.scope import documents, is_compared, recordings

NOT_RECORDED = frozenset({EVENTS, PODS})
FOUND_THERE = {"lab.record/precreated": "true"}


@dataclass(frozen=True, slots=True)
class Compared:
    """One manifest in one cluster."""

    path: str
    ours: Recording
    reference: Recording
    result: Result


def namespace_of(path: str) -> str:
    """Return the namespace in which the reference ran a manifest."""
    return f"g-{hashlib.sha1(path.encode(), usedforsecurity=False).hexdigest()[:8]}"


@cache
def comparisons(conformance: Conformance, cluster: RecordedCluster) -> Mapping[str, Compared]:
    """Return what became of every recorded manifest in a cluster, by its path."""
    files = dict(recordings(conformance, cluster))
    applied = {path: _in_namespace(conformance, path) for path in files}
    installation = asyncio.run(_course(cluster, applied))
    found = {}
    for path, file in files.items():
        primaries = frozenset(key_of(document) for document in applied[path])
        ours, reference = _left(conformance, installation, path, primaries), recorded(conformance, file)
        found[path] = Compared(path, ours, reference, compare(conformance, reference.objects, ours.objects))
    return found


async def _course(cluster: RecordedCluster, applied: Mapping[str, list[Manifest]]) -> Installation:
    installation = await an_installation(cluster, [namespace_of(path) for path in applied])
    for found in applied.values():
        for document in (*_found_there(found), *found):
            installation.cluster.put(document)
    await installation.come_to_rest()
    return installation


def _left(conformance: Conformance, installation: Installation, path: str, primaries: frozenset[Key]) -> Recording:
    namespace = namespace_of(path)
    stored = [
        manifest
        for ref, manifest in installation.cluster.objects.stored.items()
        if ref.namespace == namespace and ref.resource not in NOT_RECORDED
    ]
    ours = [each for each in stored if key_of(each) not in primaries or is_compared(each)]
    events = (each for each in installation.cluster.all(EVENTS) if text(each, "metadata", "namespace") == namespace)
    return Recording(written_down(conformance, ours, primaries), frozenset(map(_told, events)))


def _told(event: Manifest) -> str:
    about = mapping(event, "involvedObject")
    subject = f"{about['kind']}/{about['name']}"
    return f"{subject} {text(event, 'type')} {text(event, 'reason')}: {text(event, 'message')}"


def _in_namespace(conformance: Conformance, path: str) -> list[Manifest]:
    namespace = namespace_of(path)
    return [
        as_stored({**document, "metadata": {**document["metadata"], "namespace": namespace}})
        for document in documents(conformance.data / "manifests" / path)
    ]


def _found_there(applied: list[Manifest]) -> list[Manifest]:
    """Return the claims that graphs only refer to: their users made them."""
    brought = {each["metadata"]["name"] for each in applied if each["kind"] == VOLUME_CLAIMS.kind}
    graphs = [each for each in applied if each["kind"] == GRAPHS.kind]
    named = [(graph, claim) for graph in graphs for claim in items(graph, "spec", "pvcs")]
    missing = {text(claim, "name"): graph for graph, claim in named if not mapping(claim).get("create")}
    return [_claim(graph, name) for name, graph in missing.items() if name not in brought]


def _claim(graph: Manifest, name: str) -> Manifest:
    metadata: dict[str, Any] = {"name": name, "namespace": graph["metadata"]["namespace"], "annotations": FOUND_THERE}
    spec = {"accessModes": ["ReadWriteMany"], "resources": {"requests": {"storage": "1Gi"}}}
    return {
        "apiVersion": VOLUME_CLAIMS.api_version,
        "kind": VOLUME_CLAIMS.kind,
        "metadata": metadata,
        "spec": spec,
    }
