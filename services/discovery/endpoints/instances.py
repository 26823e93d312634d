"""The instance view of one graph: which pods serve which component, from its EndpointSlices.

A pod may be listed in several slices of one Service, and is one instance all the same; it serves when any of them
says that it is ready.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import orjson

from shared.core import labels
from shared.core.json import items, mapping, member, text
from shared.ports.passes import Entry

RECORD_VERSION = 1


@dataclass(frozen=True, slots=True, order=True)
class Instance:
    """One pod of one component."""

    component: str
    pod: str
    uid: str
    address: str
    node: str
    is_ready: bool


def instances(slices: Iterable[Entry]) -> list[Instance]:
    """Return the instances of a graph, sorted by component and pod."""
    found: dict[tuple[str, str], Instance] = {}
    for entry in slices:
        component = entry.labels.get(labels.COMPONENT, "")
        for endpoint in items(entry.summary, "endpoints"):
            instance = _instance(component, mapping(endpoint))
            if instance is None:
                continue
            known = found.get((component, instance.pod))
            if known is None or (instance.is_ready and not known.is_ready):
                found[component, instance.pod] = instance
    return sorted(found.values())


def record(found: Iterable[Instance]) -> bytes:
    """Return the instance view as stored; equal views have equal bytes, so that nothing is written at rest."""
    by_component: dict[str, list[dict[str, object]]] = {}
    for each in found:
        by_component.setdefault(each.component, []).append(
            {"pod": each.pod, "uid": each.uid, "address": each.address, "node": each.node, "ready": each.is_ready}
        )
    return orjson.dumps({"v": RECORD_VERSION, "components": by_component})


def _instance(component: str, endpoint: Mapping[str, object]) -> Instance | None:
    target = mapping(endpoint, "targetRef")
    if text(target, "kind") != "Pod":
        return None
    addresses = items(endpoint, "addresses")
    return Instance(
        component=component,
        pod=text(target, "name"),
        uid=text(target, "uid"),
        address=str(addresses[0]) if addresses else "",
        node=text(endpoint, "nodeName"),
        is_ready=member(endpoint, "conditions", "ready") is True,
    )
