"""The words that the reference puts before an error, by the kind of a component's child that could not be made.

Users search for them, so they are the same whether rendering refused the child or the API server did.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from shared.core.resources import (
    DEPLOYMENTS,
    INGRESSES,
    LEADER_WORKER_SETS,
    POD_GROUPS,
    SERVICES,
    VIRTUAL_SERVICES,
    Resource,
)

_WORKLOAD = "failed to reconcile the resources"

COMPONENT_STEPS: Mapping[Resource, str] = MappingProxyType(
    {
        DEPLOYMENTS: f"{_WORKLOAD}: failed to create or update the deployment: create or update deployment",
        POD_GROUPS: f"{_WORKLOAD}: failed to sync the PodGroup",
        LEADER_WORKER_SETS: f"{_WORKLOAD}: failed to sync the LeaderWorkerSet",
        SERVICES: "failed to create or update the service",
        INGRESSES: "failed to create or update the ingress",
        VIRTUAL_SERVICES: "failed to create or update the ingress",
    }
)
