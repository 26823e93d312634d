"""Rules on what new graphs contain: what nothing could be made of, and what will have no effect.

The schema of our kinds leaves these open, and the reference finds them while it renders, minutes after their author has
gone. They are refused while the author looks, with the path of the field. A graph that has them already stays editable:
an update is only refused for what it brings in.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from shared.api.components import ComponentSpec, ResourceItem
from shared.api.graphs import Graph
from shared.api.objects import Quantity
from shared.api.platform import DiscoveryBackend
from shared.api.validation.quantities import is_quantity
from shared.core import labels
from shared.core.json import items, mapping, text
from shared.core.shells import unreadable

MIN_NODES = 2
DEFAULT_COMMAND = ("/bin/sh", "-c")  # of all that may span nodes, where the user gives none


def content_violations(graph: Graph) -> tuple[str, ...]:
    """Return what nothing could be made of, sorted by service."""
    services = graph.spec.services or {}
    return (
        *_discovery(graph.metadata.annotations, "metadata.annotations"),
        *_variables(graph.spec.envs, "spec.envs"),
        *(
            violation
            for index, claim in enumerate(graph.spec.pvcs or ())
            for violation in _amount(claim.size, f"spec.pvcs[{index}].size")
        ),
        *(
            violation
            for name in sorted(services)
            for violation in _of_service(services[name], f"spec.services[{name}]")
        ),
    )


def content_warnings(graph: Graph, namespace: str) -> tuple[str, ...]:
    """Return what will have no effect, sorted by service."""
    found: list[str] = []
    for name, component in sorted((graph.spec.services or {}).items()):
        reserved = _reserved_labels(graph, name, component, namespace)
        asked = (component.extra_pod_metadata.labels if component.extra_pod_metadata else None) or {}
        found += (
            f"spec.services[{name}].extraPodMetadata.labels[{key}]: the label is reserved, pods keep {reserved[key]!r}"
            for key, value in sorted(asked.items())
            if reserved.get(key, value) != value
        )
    return tuple(found)


def _of_service(component: ComponentSpec, path: str) -> Iterator[str]:
    yield from _discovery(component.annotations, f"{path}.annotations")
    yield from _variables(component.envs, f"{path}.envs")
    yield from _variables(
        items(component.extra_pod_spec, "mainContainer", "env"), f"{path}.extraPodSpec.mainContainer.env"
    )
    if component.resources is not None:
        yield from _amounts(component.resources.requests, f"{path}.resources.requests")
        yield from _amounts(component.resources.limits, f"{path}.resources.limits")
    if component.shared_memory is not None:
        yield from _amount(component.shared_memory.size, f"{path}.sharedMemory.size")
    yield from _script(component, f"{path}.extraPodSpec.mainContainer")
    if component.multinode is not None and component.multinode.node_count < MIN_NODES:
        yield f"{path}.multinode.nodeCount must be at least {MIN_NODES}; leave multinode out for a single node"


def _discovery(annotations: Mapping[str, str] | None, path: str) -> Iterator[str]:  # W-14
    asked = (annotations or {}).get(labels.DISCOVERY_BACKEND)
    if asked is not None and asked not in [each.value for each in DiscoveryBackend]:
        yield f'{path}[{labels.DISCOVERY_BACKEND}]: "{asked}" is no discovery back end, use kubernetes or etcd'


def _variables(variables: Iterable[object] | None, path: str) -> Iterator[str]:
    for index, variable in enumerate(variables or ()):
        name = text(variable, "name")
        if not name:
            yield f"{path}[{index}].name is required"
        elif "=" in name:
            known = name.partition("=")[0]  # the rest is not repeated: whoever writes it so may have a secret there
            yield f'{path}[{index}].name: "{known}" is followed by "=", write what follows as its value'


def _amounts(item: ResourceItem | None, path: str) -> Iterator[str]:
    if item is None:
        return
    for name, value in (("cpu", item.cpu), ("memory", item.memory), ("gpu", item.gpu)):
        yield from _amount(value, f"{path}.{name}")
    for name, value in sorted((item.custom or {}).items()):
        yield from _amount(value, f"{path}.custom[{name}]")


def _amount(value: Quantity | None, path: str) -> Iterator[str]:
    if isinstance(value, str) and value and not is_quantity(value):
        yield f'{path}: "{value}" is not a quantity, such as 500m or 16Gi'


def _script(component: ComponentSpec, path: str) -> Iterator[str]:  # W-23
    """Several nodes need flags in what a shell runs. The text is not repeated: it may hold secrets."""
    container = mapping(component.extra_pod_spec, "mainContainer")
    found = unreadable(_words(container, "command") or DEFAULT_COMMAND, _words(container, "args"))
    if found is not None and component.is_multinode:
        place, error = found
        yield f"{path}.{place} is a text that no shell can read: {error}"


def _words(container: Mapping[str, object], key: str) -> tuple[str, ...]:
    return tuple(word for word in items(container, key) if isinstance(word, str))


def _reserved_labels(graph: Graph, name: str, component: ComponentSpec, namespace: str) -> dict[str, str]:  # W-21
    """Return the labels that workloads and Services select a service's pods by: nobody can give them other values."""
    known = {
        labels.SELECTOR: f"{graph.metadata.name}-{name.lower()}",
        labels.GRAPH_NAME: graph.metadata.name,
        labels.COMPONENT: name,
        labels.DYNAMO_NAMESPACE: "dynamo"
        if component.global_dynamo_namespace
        else f"{namespace}-{graph.metadata.name}",
    }
    return known | ({labels.COMPONENT_TYPE: component.component_type} if component.component_type else {})
