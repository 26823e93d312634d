"""Decides how objects become rows of a Table, which is what kubectl prints.

Separate from the columns themselves. Invariant: a row carries the metadata of its object, so that a client can go on.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from lab.apiserver.documents import Document
from lab.apiserver.registry.resources import Resource

IncludeObject = str  # Metadata | Object | None


def partial(document: Document) -> Document:
    """Return only the metadata of an object."""
    return {"kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1", "metadata": document["metadata"]}


def table(resource: Resource, documents: Sequence[Document], metadata: Document, *, include: IncludeObject) -> Document:
    """Return the Table of some objects."""
    return {
        "kind": "Table",
        "apiVersion": "meta.k8s.io/v1",
        "metadata": metadata,
        "columnDefinitions": [
            {
                "name": column.name,
                "type": column.type,
                "format": column.format,
                "description": column.description,
                "priority": column.priority,
            }
            for column in resource.columns
        ],
        "rows": [_row(resource, document, include) for document in documents],
    }


def _row(resource: Resource, document: Document, include: IncludeObject) -> Document:
    row: dict[str, Any] = {"cells": [column.value(document) for column in resource.columns]}
    if include == "Object":
        row["object"] = document
    elif include != "None":
        row["object"] = partial(document)
    return row
