"""Detecting drift without values: a digest of what we own in an object (design: the watcher loses nothing).

Whoever changes a field that we applied takes it out of our `managedFields` entry, so a changed digest *is* drift, and
what other actors own never looks like it. No value enters the digest, so none can be guessed from it.
"""

from __future__ import annotations

from shared.core.json import Manifest, digest, items, mapping, text

MANAGER_PREFIX = "dynamo-"  # every field manager of ours, and nobody else's, begins like this

GRAPH_CHILDREN = "dynamo-reconciler-children"
SEEDS = "dynamo-reconciler-seeds"  # what an object begins with and we never look into again
FINALIZERS = "dynamo-reconciler-finalizer"
STATUS = "dynamo-reconciler-status"
SCALES = "dynamo-reconciler-scale"  # one number of what Grove makes, which autoscalers write too
RBAC = "dynamo-rbac"
DISCOVERY = "dynamo-discovery"
WEBHOOK = "dynamo-webhook"

# The managers whose fields make an object what we want it to be. A status and a finalizer are written by the pass of
# the object itself: were they part of the digest, each such write would look like drift to the pass of its owner. A
# seed is given away: whoever changes it afterwards has every right to.
_SHAPING = frozenset({GRAPH_CHILDREN, RBAC, DISCOVERY, WEBHOOK})


def ownership_digest(manifest: Manifest) -> str:
    """Return the digest of the fields that we shaped an object with, and of its owner references."""
    metadata = mapping(manifest, "metadata")
    ours = sorted(
        (text(entry, "manager"), digest(mapping(entry, "fieldsV1")))
        for entry in items(metadata, "managedFields")
        if text(entry, "manager") in _SHAPING and not text(entry, "subresource")
    )
    return digest([ours, items(metadata, "ownerReferences")])
