"""Decides what stands in a new server before the first request: built-in resources, system namespaces, definitions.

Separate from serving. Invariant: everything is created through the same verbs as a client's objects.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import yaml

from lab.apiserver.cluster import Cluster
from lab.apiserver.documents import Document
from lab.apiserver.registry.builtin import builtin_resources
from lab.apiserver.requests.options import WriteOptions
from lab.apiserver.requests.paths import Target
from lab.apiserver.verbs.calls import SYSTEM, Call
from lab.apiserver.verbs.creating import create

SYSTEM_NAMESPACES = ("default", "kube-node-lease", "kube-public", "kube-system")
_Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class BadDefinitionError(ValueError):
    """A file that was given as a CustomResourceDefinition is none."""


def register_builtin(cluster: Cluster) -> None:
    """Serve the built-in kinds."""
    resources = list(builtin_resources())
    cluster.catalog.add(resources)
    for resource in resources:
        cluster.collection(resource)


async def create_namespaces(cluster: Cluster) -> None:
    """Create the namespaces that every cluster has."""
    for name in SYSTEM_NAMESPACES:
        await _create(cluster, {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}, "namespaces")


async def create_definitions(cluster: Cluster, paths: Iterable[Path]) -> None:
    """Create the definitions in files and folders."""
    for path in paths:
        files = sorted(path.glob("*.yaml")) if path.is_dir() else [path]
        for file in files:
            for document in yaml.load_all(file.read_bytes(), Loader=_Loader):
                if not document:
                    continue
                if document.get("kind") != "CustomResourceDefinition":
                    raise BadDefinitionError(f"{file}: {document.get('kind')} is no CustomResourceDefinition")
                await _create(cluster, document, "customresourcedefinitions")


async def _create(cluster: Cluster, document: Document, plural: str) -> None:
    group, _, version = document["apiVersion"].rpartition("/")
    resource = cluster.catalog.find(group, version, plural)
    assert resource is not None
    call = Call(Target(resource), SYSTEM, WriteOptions(manager="kube-apiserver", field_validation="Ignore"))
    await create(cluster, call, document, [])
