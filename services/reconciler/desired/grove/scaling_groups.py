"""Scaling groups: leader and workers of one service as a unit that is replicated (workloads 8.1)."""

from __future__ import annotations

from collections.abc import Iterable

from services.reconciler.desired.component import Component
from services.reconciler.desired.grove.cliques import at_creation
from shared.core.json import Manifest


def scaling_group(component: Component, cliques: Iterable[str]) -> Manifest | None:
    """Return the scaling group over the cliques of a service; None where one clique is the whole replica."""
    if not component.spec.is_multinode:
        return None
    replicas = component.spec.replicas
    return {
        "name": component.service_name.lower(),
        "cliqueNames": list(cliques),
        **({"replicas": at_creation(replicas)} if replicas is not None else {}),  # else Grove's own default, one
        "minAvailable": 1,
    }
