"""Observations in which a test names only what it is about."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from services.reconciler.desired.problems import Problem
from services.reconciler.status.components import ComponentFacts, ExpectedWorkload
from services.reconciler.status.graphs import ComponentState, ExpectedComponent, GraphFacts
from services.reconciler.status.workloads import Workload
from shared.core.json import Manifest, items, text

READY = Workload(
    namespace="llm",
    name="g-w",
    generation=2,
    observed_generation=2,
    desired=2,
    replicas=2,
    updated=2,
    ready=2,
    available=2,
    is_paused=False,
    is_available=True,
)
PROBLEM = Problem("service w", "it cannot be", "CannotBe", "change it")


def a_workload(**fields: Any) -> Workload:
    return replace(READY, **fields)


def component_facts(*workloads: ExpectedWorkload, **fields: Any) -> ComponentFacts:
    facts = ComponentFacts(namespace="llm", name="g-w", generation=3, workloads=workloads or (a_deployment(),))
    return replace(facts, **fields)


def a_deployment(**fields: Any) -> ExpectedWorkload:
    return ExpectedWorkload("Deployment", "g-w", 2, a_workload(**fields))


def a_set(instance: int = 0, *, is_outdated: bool = False, **fields: Any) -> ExpectedWorkload:
    """Return an instance of two pods that was observed as ready, but for what a test names."""
    name = f"g-w-{instance}"
    ready = {"observed_generation": 0, "desired": 1, "replicas": 1, "updated": 1, "ready": 1, "available": 0, "size": 2}
    observed = replace(READY, kind="LeaderWorkerSet", name=name, **{**ready, **fields})
    return ExpectedWorkload("LeaderWorkerSet", name, 2, observed, is_outdated)


def unseen(kind: str = "Deployment", name: str = "g-w") -> ExpectedWorkload:
    return ExpectedWorkload(kind, name)


def a_state(**fields: Any) -> ComponentState:
    state = ComponentState(
        name="g-w",
        service="w",
        generation=3,
        observed_generation=3,
        is_available=True,
        replicas={"componentKind": "Deployment", "componentName": "g-w", "replicas": 1, "updatedReplicas": 1},
    )
    return replace(state, **fields)


def expected(name: str = "g-w", service: str = "w", applied: int = 3, **state: Any) -> ExpectedComponent:
    return ExpectedComponent(name, service, applied, a_state(name=name, service=service, **state))


def graph_facts(*components: ExpectedComponent, **fields: Any) -> GraphFacts:
    return replace(GraphFacts(namespace="llm", name="g", generation=5, components=components), **fields)


def condition(status: Manifest, kind: str) -> tuple[str, str, str]:
    """Return status, reason and message of one condition."""
    found = next(entry for entry in items(status, "conditions") if text(entry, "type") == kind)
    return text(found, "status"), text(found, "reason"), text(found, "message")


def truths(status: Manifest) -> dict[str, str]:
    return {text(entry, "type"): text(entry, "status") for entry in items(status, "conditions")}
