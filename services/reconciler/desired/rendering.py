"""A whole graph at once, without a cluster: exactly the objects that the reconciler makes, in its order.

The reconciler never calls this: it applies a graph's components in one pass and each component's children in others.
Both ways go through the same two functions, so they cannot differ.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from services.reconciler.desired.adapters import scaling_adapters
from services.reconciler.desired.children import component_children
from services.reconciler.desired.claims import volume_claims
from services.reconciler.desired.component import NOTHING, Surroundings
from services.reconciler.desired.graphs import graph_children
from services.reconciler.desired.grove.choice import Mode
from services.reconciler.desired.problems import Problem
from shared.api.platform import PlatformContext
from shared.core.json import Manifest

RENDERER_VERSION = "1"  # part of what inventories record: another value makes every primary render again


@dataclass(frozen=True, slots=True)
class Rendering:
    """All objects of a graph, what could not be made, and what a person should know."""

    manifests: tuple[Manifest, ...]
    problems: tuple[Problem, ...]
    warnings: tuple[str, ...]


def render(graph: Mapping[str, Any], platform: PlatformContext) -> list[Manifest]:
    """Return the objects that the reconciler makes for a graph: its own first, then those of its components.

    Owner references carry no uid, since only a cluster gives one. Raises InvalidObjectError for an unreadable graph.
    """
    return list(rendering(graph, platform).manifests)


def rendering(graph: Mapping[str, Any], platform: PlatformContext, surroundings: Surroundings = NOTHING) -> Rendering:
    """Return the objects of a graph together with the problems and warnings that rendering them met.

    What is made once and then left alone (claims, the replicas of an adapter) is there as it is when it is made.
    """
    whole = without_nulls(graph)
    stage = graph_children(whole, platform, surroundings)
    seeds = (*volume_claims(whole).seeds, *scaling_adapters(whole).seeds)
    components = stage.manifests if stage.mode is Mode.COMPONENTS else ()
    children = [component_children(component, platform, surroundings) for component in components]
    return Rendering(
        manifests=(*seeds, *stage.manifests, *(child for found in children for child in found.manifests)),
        problems=(*stage.problems, *(found.problem for found in children if found.problem is not None)),
        warnings=tuple(
            caution.text for cautions in (stage.cautions, *(each.cautions for each in children)) for caution in cautions
        ),
    )


def component_rendering(component: Mapping[str, Any], platform: PlatformContext) -> Rendering:
    """Return the objects of a component that stands alone; raise InvalidObjectError when it cannot be read."""
    found = component_children(without_nulls(component), platform)
    return Rendering(
        manifests=found.manifests,
        problems=(found.problem,) if found.problem is not None else (),
        warnings=tuple(caution.text for caution in found.cautions),
    )


def without_nulls(document: Mapping[str, Any]) -> Manifest:
    """Return a document as an API server stores it: members that are null are not there."""
    return {key: _without_nulls(value) for key, value in document.items() if value is not None}


def _without_nulls(value: Any) -> Any:
    if isinstance(value, Mapping):
        return without_nulls(value)
    if isinstance(value, list):
        return [_without_nulls(item) for item in value]
    return value
