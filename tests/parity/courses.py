"""The recorded manifests applied to our rooms, and what became of each, compared with its recording."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

from shared.core.json import mapping, text
from shared.core.objects import namespace_of as namespace_of_object
from shared.core.resources import EVENTS, GRAPHS, PODS
from shared.testing.cluster_faults import Request
from tests.conformance import Conformance
from tests.parity.clusters import RecordedCluster
from tests.parity.comparison import Key, Manifest, Recording, Result, accepted, compare, key_of, recorded, written_down
from tests.parity.definitions import as_stored
from tests.parity.references import claims_found_there, contents_found_there
from tests.parity.rooms import Installation, an_installation
from tests.parity.scope import documents, is_compared, recordings

NOT_RECORDED = frozenset({EVENTS, PODS})


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


def requests_at_rest(conformance: Conformance, cluster: RecordedCluster) -> list[str]:
    """Return what passes over everything ask of a cluster in which nothing changes any more.

    A graph that failed is not at rest: whether what it lacks is there by now is asked again.
    """
    installation, requests = _course(conformance, cluster)
    graphs = installation.cluster.all(GRAPHS)
    resting = {namespace_of_object(each) for each in graphs if text(each, "status", "state") == "successful"}
    return [f"{each.verb} {each.resource.plural} {each.name}" for each in requests if each.namespace in resting]


@cache
def comparisons(conformance: Conformance, cluster: RecordedCluster) -> Mapping[str, Compared]:
    """Return what became of every recorded manifest in a cluster, by its path."""
    files = dict(recordings(conformance, cluster))
    applied = {path: applied_documents(conformance, path) for path in files}
    installation, _ = _course(conformance, cluster)
    found = {}
    for path, file in files.items():
        primaries = frozenset(key_of(document) for document in applied[path])
        ours, reference = _left(conformance, installation, path, primaries), recorded(conformance, file)
        result = compare(conformance, reference.objects, ours.objects, accepted())
        found[path] = Compared(path, ours, reference, result)
    return found


@cache
def _course(conformance: Conformance, cluster: RecordedCluster) -> tuple[Installation, list[Request]]:
    paths = [path for path, _ in recordings(conformance, cluster)]
    return asyncio.run(_run(cluster, {path: applied_documents(conformance, path) for path in paths}))


async def _run(cluster: RecordedCluster, applied: Mapping[str, list[Manifest]]) -> tuple[Installation, list[Request]]:
    installation = await an_installation(cluster, [namespace_of(path) for path in applied])
    for path, found in applied.items():
        for document in (*contents_found_there(found), *claims_found_there(found), *found):
            installation.cluster.put(_in_namespace(document, path))
    await installation.come_to_rest()
    return installation, await installation.sweep()


def _left(conformance: Conformance, installation: Installation, path: str, primaries: frozenset[Key]) -> Recording:
    namespace = namespace_of(path)
    stored = [
        manifest
        for ref, manifest in installation.cluster.objects.stored.items()
        if ref.namespace == namespace and ref.resource not in NOT_RECORDED
    ]
    ours = [each for each in stored if key_of(each) not in primaries or is_compared(each)]
    events = (each for each in installation.cluster.all(EVENTS) if text(each, "metadata", "namespace") == namespace)
    managers = {key_of(each): _managers(each) for each in ours}
    return Recording(written_down(conformance, ours, primaries), frozenset(map(_told, events)), managers)


def _managers(manifest: Manifest) -> frozenset[str]:
    return frozenset(entry["manager"] for entry in manifest["metadata"].get("managedFields", ()))


def _told(event: Manifest) -> str:
    about = mapping(event, "involvedObject")
    subject = f"{about['kind']}/{about['name']}"
    return f"{subject} {text(event, 'type')} {text(event, 'reason')}: {text(event, 'message')}"


def applied_documents(conformance: Conformance, path: str) -> list[Manifest]:
    """Return the documents of a manifest as an API server stores them, in the namespace of the recording."""
    found = documents(conformance.data / "manifests" / path)
    return [as_stored(_in_namespace(document, path)) for document in found]


def _in_namespace(document: Manifest, path: str) -> Manifest:
    return {**document, "metadata": {**document["metadata"], "namespace": namespace_of(path)}}
