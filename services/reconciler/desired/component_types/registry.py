"""Which defaults belong to the text of `componentType`. Texts that nobody knows get a shell and nothing else."""

from __future__ import annotations

from services.reconciler.desired.component_types.defaults import ComponentType
from services.reconciler.desired.component_types.frontends import FRONTEND
from services.reconciler.desired.component_types.planners import PLANNER
from services.reconciler.desired.component_types.workers import WORKER

OTHER = ComponentType()

_BY_NAME = {"frontend": FRONTEND, "worker": WORKER, "prefill": WORKER, "decode": WORKER, "planner": PLANNER}


def component_type(name: str) -> ComponentType:
    """Return the defaults of a component type."""
    return _BY_NAME.get(name, OTHER)
