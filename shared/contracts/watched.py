"""Which resources enter the log, and which objects of them.

A kind that we apply is watched whole, in the version in which we apply it. Pods are watched for what they say about
graphs and about GPUs; all others only cost memory. A kind that the cluster does not serve is watched for too: its
synced marker says that it is absent, so nobody waits for it, and it is read as soon as its definition is written.
"""

from __future__ import annotations

from collections.abc import Mapping

from shared.core import labels
from shared.core.json import Manifest, items, mapping
from shared.core.objects import labels_of
from shared.core.resources import (
    CLUSTER_ROLES,
    COMPONENTS,
    CUSTOM_RESOURCE_DEFINITIONS,
    DEPLOYMENTS,
    ENDPOINT_SLICES,
    GRAPHS,
    INGRESSES,
    LEADER_WORKER_SETS,
    MODELS,
    NODES,
    POD_CLIQUE_SCALING_GROUPS,
    POD_CLIQUE_SETS,
    POD_CLIQUES,
    POD_GROUPS,
    PODS,
    QUEUES,
    REQUESTS,
    ROLE_BINDINGS,
    ROLES,
    SCALING_ADAPTERS,
    SERVICE_ACCOUNTS,
    SERVICES,
    VIRTUAL_SERVICES,
    VOLUME_CLAIMS,
    WORKER_METADATAS,
    Resource,
)

WATCHED: tuple[Resource, ...] = (
    GRAPHS,
    COMPONENTS,
    REQUESTS,
    SCALING_ADAPTERS,
    MODELS,
    WORKER_METADATAS,
    DEPLOYMENTS,
    SERVICES,
    ENDPOINT_SLICES,
    PODS,
    SERVICE_ACCOUNTS,
    ROLES,
    ROLE_BINDINGS,
    CLUSTER_ROLES,
    NODES,
    CUSTOM_RESOURCE_DEFINITIONS,
    VOLUME_CLAIMS,
    INGRESSES,
    VIRTUAL_SERVICES,
    LEADER_WORKER_SETS,
    POD_GROUPS,
    POD_CLIQUE_SETS,
    POD_CLIQUES,
    POD_CLIQUE_SCALING_GROUPS,
    QUEUES,
)

GPU_DOMAINS = ("nvidia.com/", "amd.com/", "gpu.intel.com/")


def is_gpu(resource_name: str) -> bool:
    """Return whether an extended resource is a GPU, or a slice of one, of any vendor."""
    vendor = next((domain for domain in GPU_DOMAINS if resource_name.startswith(domain)), "")
    short = resource_name.removeprefix(vendor)
    return bool(vendor) and (vendor == "gpu.intel.com/" or short == "gpu" or short.startswith("mig-"))


def gpus_requested(manifest: Manifest) -> Mapping[str, int]:
    """Return the GPUs that a pod holds, by resource name: the sum over its containers' limits."""
    held: dict[str, int] = {}
    for container in items(manifest, "spec", "containers"):
        for name, amount in mapping(container, "resources", "limits").items():
            if is_gpu(name) and str(amount).isdecimal():
                held[name] = held.get(name, 0) + int(str(amount))
    return held


def is_of_interest(resource: Resource, manifest: Manifest) -> bool:
    """Return whether an object of a watched resource enters the log."""
    if resource is not PODS:
        return True
    return bool(labels_of(manifest).get(labels.GRAPH_NAME)) or bool(gpus_requested(manifest))
