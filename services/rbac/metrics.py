"""Metrics of the rbac room."""

from __future__ import annotations

from prometheus_client import Counter

MISSING_ROLES = Counter(
    "dynamo_operator_rbac_missing_roles_total",
    "Passes that waited because the planner's ClusterRole does not exist.",
)
