"""Which keys an object belongs to, and which partition holds a key (design: keys, ownership, passes).

`keys` sees one object and nothing else, so any watcher replica computes the same answer at any time. What an object
belongs to decides who handles its changes; that all objects of one graph share a key is what lets one owner see a
whole graph without asking anybody.
"""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Mapping
from dataclasses import dataclass

from shared.core import labels
from shared.core.json import Manifest, mapping, text
from shared.core.objects import controller_of, labels_of, name_of, namespace_of
from shared.core.resources import (
    COMPONENTS,
    ENDPOINT_SLICES,
    GRAPHS,
    MODELS,
    POD_CLIQUE_SETS,
    PODS,
    REQUESTS,
    ROLE_BINDINGS,
    ROLES,
    SERVICE_ACCOUNTS,
    SERVICES,
    Resource,
)

PARTITIONS = 32  # recorded in etcd at first start; another value refuses to start

ACCOUNTS = "accounts"  # key kind of the accounts that the graphs of one namespace share
REQUEST_LABEL = "dgdr.nvidia.com/name"
REQUEST_NAMESPACE_LABEL = "dgdr.nvidia.com/namespace"

# Whose name is that of the key. A set of cliques of ours is named after its graph, which what Grove makes of it does
# not say in a label of ours: scaling groups and the Services of cliques have the set as controller, and nothing more.
_NAMED_AS_THE_GRAPH: frozenset[Resource] = frozenset({GRAPHS, COMPONENTS, POD_CLIQUE_SETS})


@dataclass(frozen=True, slots=True, order=True)
class Key:
    """What belongs together: a kind of key, a namespace and a name."""

    kind: str
    namespace: str
    name: str

    def __str__(self) -> str:
        """Return the text that the partition is computed of."""
        return f"{self.kind}/{self.namespace}/{self.name}"


@dataclass(frozen=True, slots=True)
class Keys:
    """The own key of an object, and the keys of others that must hear of it."""

    own: Key
    also: tuple[Key, ...] = ()


def partition_of(key: Key, partitions: int = PARTITIONS) -> int:
    """Return the partition of a key: `crc32(key) mod partitions`."""
    return zlib.crc32(str(key).encode()) % partitions


def graph_key(namespace: str, graph: str) -> Key:
    """Return the key that a graph, or a component that stands alone, shares with all its objects.

    Both kinds have one kind of key: the label that its objects carry holds either name (workloads W-20).
    """
    return Key(GRAPHS.plural, namespace, graph)


def model_hash(model: str) -> str:
    """Return the hash that labels the users of a model: 8 hex digits of SHA-256 (workloads 1.2)."""
    return hashlib.sha256(model.encode()).hexdigest()[:8]


def model_key(namespace: str, model: str) -> Key:
    """Return the key of a model, by its hash, that all its users also belong to."""
    return Key(MODELS.plural, namespace, model)


def accounts_key(namespace: str) -> Key:
    """Return the key of the accounts that all graphs of a namespace share."""
    return Key(ACCOUNTS, namespace, "")


def keys(resource: Resource, manifest: Manifest) -> Keys:
    """Return the keys of one object."""
    own = _own_key(resource, manifest)
    also = tuple(key for key in dict.fromkeys(_also_keys(resource, manifest)) if key != own)
    return Keys(own, also)


def _own_key(resource: Resource, manifest: Manifest) -> Key:
    namespace, name = namespace_of(manifest), name_of(manifest)
    graph = text(manifest, "metadata", "labels", labels.GRAPH_NAME)
    if graph:
        return graph_key(namespace, graph)
    owner = controller_of(manifest)
    if owner is not None and owner.resource in _NAMED_AS_THE_GRAPH:
        return graph_key(namespace, owner.name)
    if resource in _NAMED_AS_THE_GRAPH:
        return graph_key(namespace, name)
    if resource in (SERVICE_ACCOUNTS, ROLES, ROLE_BINDINGS):
        return accounts_key(namespace)
    return Key(resource.plural, namespace, name)


def _also_keys(resource: Resource, manifest: Manifest) -> list[Key]:
    namespace = namespace_of(manifest)
    own_labels = labels_of(manifest)
    found: list[Key] = []
    if resource is GRAPHS and REQUEST_LABEL in own_labels:
        home = own_labels.get(REQUEST_NAMESPACE_LABEL, namespace)
        found.append(Key(REQUESTS.plural, home, own_labels[REQUEST_LABEL]))
    if labels.BASE_MODEL_HASH in own_labels and _serves_a_model(resource, own_labels):
        found.append(model_key(namespace, own_labels[labels.BASE_MODEL_HASH]))
    found += [model_key(namespace, model_hash(model)) for model in _model_references(resource, manifest)]
    if resource in (GRAPHS, REQUESTS):
        found.append(accounts_key(namespace))
    return found


def _serves_a_model(resource: Resource, own_labels: Mapping[str, str]) -> bool:
    """Return whether an object with a model's label is where the model runs, or the Service that is the model's own."""
    return resource in (PODS, ENDPOINT_SLICES) or (resource is SERVICES and not own_labels.get(labels.GRAPH_NAME))


def _model_references(resource: Resource, manifest: Manifest) -> list[str]:
    if resource is COMPONENTS:
        named = [text(manifest, "spec", "modelRef", "name")]
    elif resource is GRAPHS:
        named = [text(service, "modelRef", "name") for service in mapping(manifest, "spec", "services").values()]
    else:
        named = []
    return sorted({name for name in named if name})
