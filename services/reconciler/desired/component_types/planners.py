"""Planners: they scale the workers of their graph, for which they need an account of their own."""

from __future__ import annotations

from services.reconciler.desired.component_types.defaults import ComponentType, Port
from services.reconciler.desired.names import PLANNER_ACCOUNT

METRICS = Port("metrics", 9085)

PLANNER = ComponentType(
    port=METRICS,
    variables=(("PLANNER_PROMETHEUS_PORT", str(METRICS.number)),),
    account=PLANNER_ACCOUNT,
)
