"""Rules on the names that a new graph's objects will get.

Services become parts of object names in lower case and of label values, so what cannot become one is refused while
its author is still looking, and not by the API server minutes later. Only new graphs are judged: names can never
change, and an existing graph must stay editable.
"""

from __future__ import annotations

import re
from itertools import groupby

from shared.api.graphs import Graph

MAX_LABEL = 63
MAX_GROVE_NAME = 45  # characters of a set and a clique, or of a set, a scaling group and a clique, together

_SERVICE_NAME = re.compile(r"[A-Za-z]([-A-Za-z0-9]*[A-Za-z0-9])?")


def name_violations(graph: Graph, namespace: str) -> tuple[str, ...]:
    """Return what is wrong with the names of a graph and its services, sorted by service."""
    return (*_malformed(graph), *_colliding(graph), *_too_long(graph, namespace))


def grove_name_violations(graph: Graph) -> tuple[str, ...]:  # W-46
    """Return the services whose names are too long for Grove, sorted: it makes pod names of the names of a set.

    The set is named after the graph, a clique after its service; a service of several nodes is a scaling group with
    the cliques `-ldr` and `-wkr`.
    """
    services = graph.spec.services or {}
    found = []
    for name in sorted(services):
        group = len(name) + len("-ldr") if services[name].is_multinode else 0
        length = len(graph.metadata.name) + len(name) + group
        if length > MAX_GROVE_NAME:
            found.append(
                f"spec.services[{name}]: combined resource name length {length} exceeds {MAX_GROVE_NAME}-character "
                f"limit required for pod naming. Shorten the graph's or the service's name by "
                f"{length - MAX_GROVE_NAME} characters in all if the graph is to run on Grove"
            )
    return tuple(found)


def _malformed(graph: Graph) -> tuple[str, ...]:
    return tuple(
        f"spec.services[{name}]: the name must consist of letters, digits and '-', start with a letter and "
        "end with a letter or digit"
        for name in sorted(graph.spec.services or ())
        if _SERVICE_NAME.fullmatch(name) is None
    )


def _colliding(graph: Graph) -> tuple[str, ...]:
    services = graph.spec.services or {}
    found = []
    for lowered, group in groupby(sorted(services, key=lambda name: (name.lower(), name)), key=str.lower):
        names = list(group)
        if len(names) < 2:
            continue
        if sum(services[name].is_scaled_by_adapter for name in names) > 1:
            adapter = f"{graph.metadata.name}-{lowered}"
            found.append(f"spec.services: scaling adapter name {adapter} is used by more than one service")
        else:
            found.append(f"spec.services: [{' '.join(names)}] differ only in case, so their objects would collide")
    return tuple(found)


def _too_long(graph: Graph, namespace: str) -> tuple[str, ...]:
    services = graph.spec.services or {}
    name = graph.metadata.name
    if not name:
        return ()
    found = [
        f"spec.services[{service}]: name {name}-{service.lower()} has {len(name) + 1 + len(service)} characters, "
        f"at most {MAX_LABEL} are possible"
        for service in sorted(services)
        if len(name) + 1 + len(service) > MAX_LABEL
    ]
    dynamo_namespace = f"{namespace}-{name}"
    if len(dynamo_namespace) > MAX_LABEL and not all(each.global_dynamo_namespace for each in services.values()):
        found.append(
            f"metadata.name: Dynamo namespace {dynamo_namespace} has {len(dynamo_namespace)} characters, "
            f"at most {MAX_LABEL} are possible"
        )
    return tuple(found)
