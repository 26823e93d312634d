"""Which cliques wait for others: Grove's `startsAfter`, and what it makes of the whole set (workloads 8.3).

A pure function of the spec, because Grove lets neither be changed on an existing set.
"""

from __future__ import annotations

from collections.abc import Iterable

from services.reconciler.desired.backends.trtllm import TRTLLM
from services.reconciler.desired.component import Component
from services.reconciler.desired.layouts import Layout, Role
from services.reconciler.desired.pods import engine
from shared.core.json import Manifest, items

ANY_ORDER = "CliqueStartupTypeAnyOrder"
EXPLICIT = "CliqueStartupTypeExplicit"


def starts_after(component: Component, layout: Layout, workers: str) -> list[str]:
    """Return the cliques that have to run before one starts: mpirun of a leader reaches its workers by ssh."""
    waits = layout.is_shared and layout.role is Role.LEADER and engine(component) is TRTLLM
    return [workers] if waits else []


def startup_type(cliques: Iterable[Manifest]) -> str:
    """Return how a set starts: in any order, until one clique waits for another."""
    return EXPLICIT if any(items(clique, "spec", "startsAfter") for clique in cliques) else ANY_ORDER
