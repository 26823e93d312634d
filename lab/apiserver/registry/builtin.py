"""Decides how a built-in kind becomes a resource: its schema, strategy, columns and selectable fields.

Separate from the list of kinds. Invariant: nothing is compiled here; a schema is made when first needed.
"""

from __future__ import annotations

from collections.abc import Iterator

from lab.apiserver.registry.kinds import KINDS, Kind
from lab.apiserver.registry.resources import LazySchema, Resource, ScalePaths
from lab.apiserver.schemas.builtin import builtin_schema
from lab.apiserver.schemas.schema import Schema
from lab.apiserver.strategies.builtin import strategy_of
from lab.apiserver.views.builtin_columns import columns_of

_VERBS = ("create", "delete", "deletecollection", "get", "list", "patch", "update", "watch")
_SCALE = ScalePaths(("spec", "replicas"), ("status", "replicas"), ("spec", "selector"))


def _paths(*labels: str) -> dict[str, tuple[str, ...]]:
    return {label: tuple(label.split(".")) for label in labels}


_SELECTABLE: dict[tuple[str, str], dict[str, tuple[str, ...]]] = {
    ("", "pods"): _paths(
        "spec.nodeName",
        "spec.restartPolicy",
        "spec.schedulerName",
        "spec.serviceAccountName",
        "status.phase",
        "status.podIP",
        "status.nominatedNodeName",
    ),
    ("", "events"): _paths(
        "involvedObject.kind",
        "involvedObject.namespace",
        "involvedObject.name",
        "involvedObject.uid",
        "involvedObject.apiVersion",
        "involvedObject.resourceVersion",
        "involvedObject.fieldPath",
        "reason",
        "reportingComponent",
        "type",
    )
    | {"source": ("source", "component")},
    ("", "namespaces"): _paths("status.phase") | {"name": ("metadata", "name")},
    ("", "nodes"): _paths("spec.unschedulable"),
    ("", "secrets"): _paths("type"),
    ("", "services"): _paths("spec.clusterIP", "spec.type"),
    ("apps", "replicasets"): _paths("status.replicas"),
    ("batch", "jobs"): _paths("status.successful"),
}


def _schema(kind: Kind) -> LazySchema:
    def compile_schema() -> Schema:
        schema = builtin_schema(kind.group, kind.version, kind.kind)
        if schema is None:
            raise LookupError(f"no schema for {kind.group}/{kind.version} {kind.kind}")
        return schema

    return LazySchema(compile_schema)


def builtin_resources() -> Iterator[Resource]:
    """Make the resources that every server has."""
    for kind in KINDS:
        yield Resource(
            group=kind.group,
            version=kind.version,
            plural=kind.plural,
            kind=kind.kind,
            namespaced=kind.namespaced,
            schema=_schema(kind),
            singular=kind.kind.lower(),
            list_kind=f"{kind.kind}List",
            short_names=kind.short_names,
            categories=kind.categories,
            verbs=("create",) if kind.create_only else _VERBS,
            subresources=frozenset(kind.subresources),
            strategy=strategy_of(kind.group, kind.plural),
            scale=_SCALE if "scale" in kind.subresources else None,
            selectable=_SELECTABLE.get((kind.group, kind.plural), {}),
            columns=columns_of(kind.group, kind.plural),
        )
