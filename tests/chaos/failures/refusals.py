"""An API server that refuses every write to what our services make, as a broken admission webhook of others does.

A webhook with the failure policy Fail is registered at a port where nobody listens, for the kinds that the reconciler
writes and for the status of graphs. Users' own edits of graphs are still accepted, so work piles up behind it.
"""

from __future__ import annotations

from shared.core.json import Manifest
from shared.core.objects import uid_of
from shared.core.resources import VALIDATING_WEBHOOKS, Ref
from shared.ports.cluster import Cluster
from tests.e2e.graphs import MANAGER

NAME = "refuses-everything"
NOBODY = "https://127.0.0.1:9/"  # the discard port, refused on any machine that has no such service
WRITTEN = {
    "nvidia.com": ["dynamocomponentdeployments", "dynamocomponentdeployments/status", "dynamographdeployments/status"],
    "apps": ["deployments"],
    "": ["services"],
}


async def refuse(cluster: Cluster) -> None:
    """Begin to refuse."""
    await cluster.apply(_configuration(), manager=MANAGER)


async def accept(cluster: Cluster) -> None:
    """Stop refusing."""
    ref = Ref(VALIDATING_WEBHOOKS, "", NAME)
    live = await cluster.get(ref)
    if live is not None:
        await cluster.delete(ref, uid=uid_of(live))


def _configuration() -> Manifest:
    rules = [
        {
            "apiGroups": [group],
            "apiVersions": ["*"],
            "operations": ["CREATE", "UPDATE"],
            "resources": resources,
            "scope": "*",
        }
        for group, resources in WRITTEN.items()
    ]
    webhook = {
        "name": "refuses.everything.example.com",
        "admissionReviewVersions": ["v1"],
        "sideEffects": "None",
        "failurePolicy": "Fail",
        "timeoutSeconds": 1,
        "clientConfig": {"url": NOBODY},
        "rules": rules,
    }
    return {
        "apiVersion": VALIDATING_WEBHOOKS.api_version,
        "kind": VALIDATING_WEBHOOKS.kind,
        "metadata": {"name": NAME},
        "webhooks": [webhook],
    }
