"""Decides what a pod asks of a node: resources, and where it may go.

Pure, and separate from the filters because it is computed once per pod and asked once per node. Resource sums follow
Kubernetes: the larger of the containers' sum and each init container, side cars counted with both, overhead on top.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from lab.simulator.client.resources import Document
from lab.simulator.nodes.quantities import amount


@dataclass(frozen=True, slots=True)
class Demand:
    """What one pod asks of a node."""

    resources: Mapping[str, int]
    signature: bytes
    spec: Mapping[str, Any]
    namespace: str
    labels: Mapping[str, str]


def demand(pod: Document) -> Demand:
    """Return what `pod` asks of a node."""
    spec, metadata = pod["spec"], pod["metadata"]
    where = {field: spec[field] for field in ("nodeSelector", "affinity", "tolerations") if spec.get(field)}
    if (spec.get("affinity") or {}).keys() & {"podAffinity", "podAntiAffinity"}:
        where["labels"] = metadata.get("labels")
    return Demand(
        resources=requested(spec),
        signature=orjson.dumps(where, option=orjson.OPT_SORT_KEYS),
        spec=spec,
        namespace=metadata["namespace"],
        labels=metadata.get("labels") or {},
    )


def requested(spec: Mapping[str, Any]) -> Mapping[str, int]:
    """Return the resources that a pod needs at once; each pod takes one of the node's pod places."""
    running = _sum(spec.get("containers") or ())
    side_cars: Counter[str] = Counter()
    largest: Counter[str] = Counter()
    for container in spec.get("initContainers") or ():
        own = _requests(container)
        if container.get("restartPolicy") == "Always":
            side_cars += own
            largest |= side_cars
        else:
            largest |= own + side_cars
    total = (running + side_cars) | largest
    total += Counter({name: amount(name, value) for name, value in (spec.get("overhead") or {}).items()})
    total["pods"] = 1
    return dict(total)


def _sum(containers: Any) -> Counter[str]:
    total: Counter[str] = Counter()
    for container in containers:
        total += _requests(container)
    return total


def _requests(container: Mapping[str, Any]) -> Counter[str]:
    resources = container.get("resources") or {}
    wanted = {**(resources.get("limits") or {}), **(resources.get("requests") or {})}  # a limit alone is a request
    return Counter({name: amount(name, value) for name, value in wanted.items()})
