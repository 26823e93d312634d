"""Which of the recorded manifests are compared: every one that holds a graph or a component, found by what it holds."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from shared.core.resources import COMPONENTS, GRAPHS, MODELS, REQUESTS
from tests.conformance import Conformance
from tests.parity.clusters import RecordedCluster

COMPARED = frozenset({GRAPHS.kind, COMPONENTS.kind})
NOT_YET = frozenset({REQUESTS.kind, MODELS.kind})  # state machines of their own, which nothing here implements


def manifests(conformance: Conformance) -> tuple[str, ...]:
    """Return the paths of all manifests that are compared, sorted."""
    return _in_scope(conformance.data / "manifests")


def single_node(conformance: Conformance) -> tuple[str, ...]:
    """Return the manifests that any cluster runs with Deployments and Services alone."""
    folder = conformance.data / "manifests"
    return tuple(path for path in manifests(conformance) if _needs_deployments_alone(folder / path))


def recordings(conformance: Conformance, cluster: RecordedCluster) -> Iterator[tuple[str, Path]]:
    """Yield the manifests that were recorded for a cluster, each with the recording that holds there."""
    own = dict(own_recordings(conformance, cluster))
    for path in manifests(conformance):
        if path in own:
            yield path, own[path]
        elif cluster.otherwise:
            yield path, _goldens(conformance, cluster.otherwise) / path


def own_recordings(conformance: Conformance, cluster: RecordedCluster) -> Iterator[tuple[str, Path]]:
    """Yield the manifests of which a cluster has a recording of its own, each with that."""
    for path in manifests(conformance):
        file = _goldens(conformance, cluster.name) / path
        if file.is_file():
            yield path, file


def _goldens(conformance: Conformance, cluster: str) -> Path:
    return conformance.data / "goldens" / cluster


def is_compared(document: Mapping[str, Any]) -> bool:
    """Return whether a document is one whose children are compared."""
    return document["kind"] in COMPARED


@cache
def documents(file: Path) -> tuple[dict[str, Any], ...]:
    """Return the documents of a file; callers change nothing in them."""
    return tuple(document for document in yaml.load_all(file.read_text(), Loader=yaml.CSafeLoader) if document)


@cache
def _in_scope(folder: Path) -> tuple[str, ...]:
    found = ((file, {document["kind"] for document in documents(file)}) for file in sorted(folder.rglob("*.y*ml")))
    return tuple(
        file.relative_to(folder).as_posix() for file, kinds in found if kinds & COMPARED and not kinds & NOT_YET
    )


@cache
def _needs_deployments_alone(file: Path) -> bool:
    graphs = [document for document in documents(file) if document["kind"] == GRAPHS.kind]
    services = [service for graph in graphs for service in graph["spec"]["services"].values()]
    is_single = not any("multinode" in service or "modelRef" in service for service in services)
    return bool(graphs) and is_single and not any("pvcs" in graph["spec"] for graph in graphs)
