"""Builders of PodCliqueSets and of what becomes of them."""

from typing import Any

from tests.unit.lab.simulator.objects import Document


def a_clique(name: str, replicas: int = 1, **spec: Any) -> Document:
    """Return a clique's template; `image` says what it runs."""
    pod_spec = {"containers": [{"name": "main", "image": spec.pop("image", "app:1")}]}
    return {
        "name": name,
        "labels": {"role": name},
        "annotations": {"note": name},
        "spec": {"roleName": name, "replicas": replicas, "minAvailable": 1, "podSpec": pod_spec, **spec},
    }


def a_set(*cliques: Document, replicas: int = 1, group: Document | None = None, **template: Any) -> Document:
    """Return a PodCliqueSet with at most one scaling group, named `worker`."""
    groups = {"podCliqueScalingGroups": [{"name": "worker", **group}]} if group is not None else {}
    return {
        "metadata": {"name": "graph", "namespace": "team", "uid": "uid-graph", "generation": 2},
        "spec": {"replicas": replicas, "template": {"cliques": list(cliques), **groups, **template}},
    }


def name_of(document: Document) -> str:
    """Return the name."""
    return str(document["metadata"]["name"])
