"""Clusters without a server in front: the verbs, called directly."""

from typing import Any

from lab.apiserver import bootstrap
from lab.apiserver.admission.chain import Admission
from lab.apiserver.cluster import Cluster
from lab.apiserver.documents import Document, loads
from lab.apiserver.registry.catalog import Catalog
from lab.apiserver.registry.custom import custom_resources
from lab.apiserver.registry.resources import Resource
from lab.apiserver.requests.options import DeleteOptions, WriteOptions
from lab.apiserver.requests.paths import Target
from lab.apiserver.storage.store import Store
from lab.apiserver.verbs.calls import SYSTEM, Call, Result
from lab.apiserver.verbs.creating import create
from lab.apiserver.verbs.deleting import delete
from lab.apiserver.verbs.patching import MERGE_PATCH, patch

NAMESPACE = "default"


def a_definition(*, versions: tuple[str, ...] = ("v1",), status: bool = True) -> Document:
    """Return a definition of widgets; the first version is stored."""
    schema = {
        "type": "object",
        "properties": {
            "spec": {"type": "object", "properties": {"size": {"type": "integer"}, "color": {"type": "string"}}},
            "status": {"type": "object", "properties": {"phase": {"type": "string"}}},
        },
    }
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": "widgets.lab.example.com"},
        "spec": {
            "group": "lab.example.com",
            "scope": "Namespaced",
            "names": {"plural": "widgets", "singular": "widget", "kind": "Widget", "listKind": "WidgetList"},
            "conversion": {"strategy": "None"},
            "versions": [
                {
                    "name": name,
                    "served": True,
                    "storage": name == versions[0],
                    "schema": {"openAPIV3Schema": schema},
                    "subresources": {"status": {}} if status else {},
                    "selectableFields": [{"jsonPath": ".spec.color"}],
                }
                for name in versions
            ],
        },
    }


def a_widget_resource(**how: Any) -> Resource:
    """Return the resource of widgets in its storage version."""
    return custom_resources(a_definition(**how))[0]


def an_empty_cluster() -> Cluster:
    """Return a cluster that serves the built-in kinds, and widgets."""
    store = Store()
    cluster = Cluster(store, Catalog(), Admission(store))
    bootstrap.register_builtin(cluster)
    cluster.catalog.add([a_widget_resource()])
    return cluster


async def a_cluster() -> Cluster:
    """Return a cluster with its namespaces."""
    cluster = an_empty_cluster()
    await bootstrap.create_namespaces(cluster)
    return cluster


def a_widget(name: str = "one", **spec: Any) -> Document:
    """Return a widget as a client sends it."""
    return {
        "apiVersion": "lab.example.com/v1",
        "kind": "Widget",
        "metadata": {"name": name},
        "spec": {"size": 1, **spec},
    }


def a_call(cluster: Cluster, name: str = "", *, subresource: str = "", **options: Any) -> Call:
    """Return a call about widgets in the default namespace."""
    resource = cluster.catalog.find("lab.example.com", "v1", "widgets")
    assert resource is not None
    target = Target(resource, NAMESPACE, name, subresource)
    return Call(target, SYSTEM, WriteOptions(**{"manager": "test", **options}))


async def create_widget(cluster: Cluster, name: str = "one", **spec: Any) -> Document:
    """Create a widget and return it."""
    return parsed(await create(cluster, a_call(cluster), a_widget(name, **spec), []))


async def merge(cluster: Cluster, name: str, body: bytes, *, subresource: str = "") -> Document:
    """Merge a patch into a widget and return it."""
    return parsed(await patch(cluster, a_call(cluster, name, subresource=subresource), body, MERGE_PATCH))


async def delete_widget(cluster: Cluster, name: str = "one", **options: Any) -> Document:
    """Delete a widget and return the answer."""
    return parsed(await delete(cluster, a_call(cluster, name), DeleteOptions(**options)))


def parsed(result: Result) -> Document:
    """Return the body of an answer."""
    document: Document = loads(result.body)
    return document
