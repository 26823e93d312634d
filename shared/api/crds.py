"""The six CustomResourceDefinitions: names, versions, subresources and columns around the generated schemas.

Separate from `schemas`, because what is fixed here belongs to a kind and not to a field. Everything in it is public
interface: a changed name, column or subresource breaks users, so tests compare each with the reference platform.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from shared.api.components import ComponentDeployment
from shared.api.graphs import Graph
from shared.api.models import Model
from shared.api.objects import KubernetesObject
from shared.api.requests import Request
from shared.api.scaling_adapters import Adapter
from shared.api.schemas import object_schema
from shared.api.worker_metadatas import WorkerMetadata
from shared.core.json import Manifest
from shared.core.resources import (
    COMPONENTS,
    CUSTOM_RESOURCE_DEFINITIONS,
    GRAPHS,
    MODELS,
    REQUESTS,
    SCALING_ADAPTERS,
    WORKER_METADATAS,
    Resource,
)

# Helm leaves the definitions alone on uninstall, because deleting one deletes every object of its kind. # UP-02
KEEP: Mapping[str, str] = MappingProxyType({"helm.sh/resource-policy": "keep"})
SCALE_PATHS: Mapping[str, str] = MappingProxyType(
    {
        "specReplicasPath": ".spec.replicas",
        "statusReplicasPath": ".status.replicas",
        "labelSelectorPath": ".status.selector",
    }
)


@dataclass(frozen=True, slots=True)
class Column:
    """One column of `kubectl get`."""

    name: str
    path: str
    type: str = "string"


AGE = Column("Age", ".metadata.creationTimestamp", "date")


@dataclass(frozen=True, slots=True)
class Definition:
    """What a CustomResourceDefinition says beside its schema."""

    resource: Resource
    model: type[KubernetesObject]
    short_name: str
    columns: tuple[Column, ...]
    has_status: bool = True
    has_scale: bool = False


DEFINITIONS: tuple[Definition, ...] = (
    Definition(
        COMPONENTS,
        ComponentDeployment,
        "dcd",
        (
            # The reference names a field that does not exist (W-03); the service's name is what it meant.
            Column("DynamoComponent", ".spec.serviceName"),
            Column("Available", ".status.conditions[?(@.type=='Available')].status"),
            AGE,
        ),
    ),
    Definition(
        REQUESTS,
        Request,
        "dgdr",
        (
            Column("Model", ".spec.model"),
            Column("Backend", ".status.backend"),
            Column("State", ".status.state"),
            Column("DGD-State", ".status.deployment.state"),
            AGE,
        ),
    ),
    Definition(
        GRAPHS,
        Graph,
        "dgd",
        (
            Column("Ready", '.status.conditions[?(@.type=="Ready")].status'),
            Column("Backend", ".spec.backendFramework"),
            AGE,
        ),
    ),
    Definition(
        SCALING_ADAPTERS,
        Adapter,
        "dgdsa",
        (
            Column("DGD", ".spec.dgdRef.name"),
            Column("SERVICE", ".spec.dgdRef.serviceName"),
            Column("REPLICAS", ".status.replicas", "integer"),
            Column("AGE", ".metadata.creationTimestamp", "date"),
        ),
        has_scale=True,
    ),
    Definition(
        MODELS,
        Model,
        "dm",
        (
            Column("BaseModel", ".spec.baseModelName"),
            Column("Type", ".spec.modelType"),
            Column("Ready", ".status.readyEndpoints", "integer"),
            Column("Total", ".status.totalEndpoints", "integer"),
            AGE,
        ),
    ),
    Definition(WORKER_METADATAS, WorkerMetadata, "dwm", (AGE,), has_status=False),
)


def crd(definition: Definition) -> Manifest:
    """Return one CustomResourceDefinition."""
    resource = definition.resource
    version: Manifest = {
        "name": resource.version,
        "served": True,
        "storage": True,
        "additionalPrinterColumns": [
            {"name": column.name, "type": column.type, "jsonPath": column.path} for column in definition.columns
        ],
        "schema": {"openAPIV3Schema": object_schema(definition.model)},
    }
    if definition.has_status:
        version["subresources"] = {"status": {}}
    if definition.has_scale:
        version["subresources"]["scale"] = dict(SCALE_PATHS)
    return {
        "apiVersion": CUSTOM_RESOURCE_DEFINITIONS.api_version,
        "kind": CUSTOM_RESOURCE_DEFINITIONS.kind,
        "metadata": {"name": resource.group_resource, "annotations": dict(KEEP)},
        "spec": {
            "group": resource.group,
            "names": {
                "kind": resource.kind,
                "listKind": f"{resource.kind}List",
                "plural": resource.plural,
                "singular": resource.kind.lower(),
                "shortNames": [definition.short_name],
            },
            "scope": "Namespaced",
            "versions": [version],
        },
    }


def file_name(definition: Definition) -> str:
    """Return the name of the file that holds one definition."""
    return f"{definition.resource.group}_{definition.resource.plural}.yaml"
