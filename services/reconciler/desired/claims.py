"""The volume claims of a graph: made once where asked for, and left alone ever after (workloads 9.6).

A claim holds data, so nothing here changes or deletes one: what exists under the name is used, whoever made it. By
default the graph owns the claims that it makes and takes them along when it is deleted, as the reference does; an
annotation keeps them (W-58). What a claim is like and what the graph asks for may differ: that is told, not mended.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from services.reconciler.desired.owners import owned, owner_of
from services.reconciler.desired.problems import Problem
from services.reconciler.desired.quantities import QuantityError, canonical
from shared.core import labels
from shared.core.json import Manifest, items, mapping, member, text
from shared.core.objects import annotations_of, name_of, namespace_of, uid_of, version_of
from shared.core.resources import VOLUME_CLAIMS, Ref

RETAIN = "nvidia.com/retain-volume-claims"  # on a graph; `true` keeps the claims that it made when it is deleted
CANNOT_RECONCILE = "failed to reconcile top-level PVCs"


@dataclass(frozen=True, slots=True)
class VolumeClaims:
    """The claims that a graph names."""

    seeds: tuple[Manifest, ...] = ()  # made where there are none
    awaited: tuple[Ref, ...] = ()  # made by somebody else


def volume_claims(graph: Manifest) -> VolumeClaims:
    """Return the claims of a graph, by name; entries without a name are left out (admission refuses them)."""
    entries: dict[str, Mapping[str, object]] = {}
    for entry in map(mapping, items(graph, "spec", "pvcs")):
        known = entries.get(text(entry, "name"))
        if known is None or known.get("create") is not True:
            entries[text(entry, "name")] = entry
    entries.pop("", None)
    made = {name for name, entry in entries.items() if entry.get("create") is True}
    return VolumeClaims(
        seeds=tuple(_claim(graph, entries[name]) for name in sorted(made)),
        awaited=tuple(Ref(VOLUME_CLAIMS, namespace_of(graph), name) for name in sorted(entries.keys() - made)),
    )


def retains_claims(annotations: Mapping[str, str]) -> bool:
    """Return whether the claims that a graph with these annotations made outlive it."""
    return annotations.get(RETAIN) == "true"


def missing_claim(ref: Ref) -> Problem:
    """Return the problem of a claim that the graph names, that it may not make, and that does not exist."""
    return Problem(
        f"PersistentVolumeClaim {ref.name}",
        f'{CANNOT_RECONCILE}: PersistentVolumeClaim "{ref.name}" not found',
        "VolumeClaimMissing",
        f"create PersistentVolumeClaim {ref.name} in namespace {ref.namespace}, or let the graph do so with create:"
        " true, size, storageClass and volumeAccessMode",
    )


def claim_drift(seed: Manifest, live: Mapping[str, object]) -> str:
    """Return in which way a claim differs from what the graph asks for, in one sentence; empty where it does not.

    `live` is the claim, or what the view holds of it.
    """
    wanted = mapping(seed, "spec")
    found = mapping(live, "spec")
    if not found:
        return ""
    differences = [
        f"{what} {theirs or 'unset'} instead of {ours}"
        for what, ours, theirs in (
            ("size", _size(wanted), _size(found)),
            ("storage class", text(wanted, "storageClassName"), text(found, "storageClassName")),
            ("access mode", _modes(wanted), _modes(found)),
        )
        if ours != theirs
    ]
    if not differences:
        return ""
    return f"PersistentVolumeClaim {name_of(seed)} has {', '.join(differences)}: existing claims are not changed"


def release(live: Manifest, graph: Ref, uid: str) -> list[Mapping[str, object]]:
    """Return the JSON patch that takes a graph's owner reference off a claim, so that the claim outlives it.

    The claim gets the label that all objects of a graph carry instead, so it still counts as the graph's. Empty when
    the graph does not own it. Guarded by uid and version.
    """
    references = items(live, "metadata", "ownerReferences")
    kept = [reference for reference in references if text(reference, "uid") != uid]
    if len(kept) == len(references):
        return []
    marked = {**mapping(live, "metadata", "labels"), labels.GRAPH_NAME: graph.name}
    return [
        {"op": "test", "path": "/metadata/uid", "value": uid_of(live)},
        {"op": "test", "path": "/metadata/resourceVersion", "value": str(version_of(live))},
        {"op": "add", "path": "/metadata/ownerReferences", "value": kept},
        {"op": "add", "path": "/metadata/labels", "value": marked},
    ]


def _claim(graph: Manifest, entry: Mapping[str, object]) -> Manifest:
    claim: Manifest = {
        "apiVersion": VOLUME_CLAIMS.api_version,
        "kind": VOLUME_CLAIMS.kind,
        "metadata": {"name": text(entry, "name"), "namespace": namespace_of(graph)},
        "spec": {
            "accessModes": [text(entry, "volumeAccessMode")],
            "resources": {"requests": {"storage": str(entry.get("size", ""))}},
            "storageClassName": text(entry, "storageClass"),
        },
    }
    if retains_claims(annotations_of(graph)):
        claim["metadata"]["labels"] = {labels.GRAPH_NAME: name_of(graph)}
        return claim
    return owned(claim, owner_of(graph))


def _size(spec: object) -> str:
    asked = str(member(spec, "resources", "requests", "storage") or "")
    try:
        return canonical(asked)
    except QuantityError:
        return asked


def _modes(spec: object) -> str:
    return ", ".join(sorted(str(mode) for mode in items(spec, "accessModes")))
