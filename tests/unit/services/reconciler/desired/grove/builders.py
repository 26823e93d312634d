"""Graphs as Grove runs them, with short ways to the parts that a test is about."""

from __future__ import annotations

from typing import Any

from services.reconciler.desired.component import NOTHING, Surroundings
from services.reconciler.desired.graphs import GraphChildren, graph_children
from shared.api.platform import Capability, PlatformContext
from tests.unit.services.reconciler.desired.builders import PLATFORM, a_graph, a_service

GROVE = PLATFORM.with_capabilities([Capability.GROVE])
KAI = PLATFORM.with_capabilities([Capability.GROVE, Capability.KAI])
TEAM_A = Surroundings(queues=frozenset({"dynamo", "team-a"}))

Manifest = dict[str, Any]


def an_engine(name: str = "vllm", *args: str) -> Manifest:
    """Return a main container that starts an engine."""
    return {"command": ["python3", "-m", f"dynamo.{name}"], "args": ["--model", "m", *args]}


def a_wide_service(kind: str = "worker", *, nodes: int = 2, engine: str = "vllm", **fields: Any) -> Manifest:
    """Return a service whose replicas span nodes, with GPUs for an engine."""
    given = {"multinode": {"nodeCount": nodes}, "resources": {"limits": {"gpu": "8"}}, **fields}
    return a_service(kind, an_engine(engine), **given)


def made(
    services: Manifest,
    *,
    platform: PlatformContext = GROVE,
    surroundings: Surroundings = NOTHING,
    **graph: Any,
) -> GraphChildren:
    """Return what a graph of these services consists of."""
    return graph_children(a_graph(services, **graph), platform, surroundings)


def objects(services: Manifest, **around: Any) -> dict[tuple[str, str], Manifest]:
    """Return the objects of a graph by kind and name."""
    return {(each["kind"], each["metadata"]["name"]): each for each in made(services, **around).manifests}


def template(services: Manifest, **around: Any) -> Manifest:
    """Return the template of a graph's set."""
    found: Manifest = next(each for (kind, _), each in objects(services, **around).items() if kind == "PodCliqueSet")
    return dict(found["spec"]["template"])


def cliques(services: Manifest, **around: Any) -> dict[str, Manifest]:
    """Return the cliques of a graph by name, in their order."""
    return {each["name"]: each for each in template(services, **around)["cliques"]}


def main_of(clique: Manifest) -> Manifest:
    """Return the main container of a clique."""
    return dict(clique["spec"]["podSpec"]["containers"][-1])
