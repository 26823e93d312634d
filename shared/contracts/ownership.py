"""Detecting drift without values: a digest of what we own in an object (design: the watcher loses nothing).

Whoever changes a field that we applied takes it out of our `managedFields` entry, so a changed digest *is* drift, and
what other actors own never looks like it. No value enters the digest, so none can be guessed from it.
"""

from __future__ import annotations

from shared.core.json import Manifest, digest, items, mapping, text

MANAGER_PREFIX = "dynamo-"  # every field manager of ours, and nobody else's, begins like this

GRAPH_CHILDREN = "dynamo-reconciler-children"
FINALIZERS = "dynamo-reconciler-finalizer"
STATUS = "dynamo-reconciler-status"
RBAC = "dynamo-rbac"
DISCOVERY = "dynamo-discovery"
WEBHOOK = "dynamo-webhook"

OUR_MANAGERS = frozenset({GRAPH_CHILDREN, FINALIZERS, STATUS, RBAC, DISCOVERY, WEBHOOK})


def ownership_digest(manifest: Manifest) -> str:
    """Return the digest of our managers' fields, the owner references, deletion and finalizers of an object."""
    metadata = mapping(manifest, "metadata")
    ours = sorted(
        (text(entry, "manager"), text(entry, "subresource"), digest(mapping(entry, "fieldsV1")))
        for entry in items(metadata, "managedFields")
        if text(entry, "manager") in OUR_MANAGERS
    )
    return digest(
        [
            ours,
            items(metadata, "ownerReferences"),
            text(metadata, "deletionTimestamp"),
            items(metadata, "finalizers"),
        ]
    )
