"""Decides how objects become rows of a Table, which is what kubectl prints.

Separate from the columns themselves. Invariant: a row carries the metadata of its object, so that a client can go on.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from lab.apiserver.documents import Document
from lab.apiserver.errors import bad_request
from lab.apiserver.registry.resources import Resource

IncludeObject = str  # Metadata | Object | None


def partial(document: Document) -> Document:
    """Return only the metadata of an object."""
    return {"kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1", "metadata": document["metadata"]}


def table(resource: Resource, documents: Sequence[Document], metadata: Document, *, include: IncludeObject) -> Document:
    """Return the Table of some objects."""
    return rows(resource, documents, metadata, include=include) | {
        "columnDefinitions": [
            {
                "name": column.name,
                "type": column.type,
                "format": column.format,
                "description": column.description,
                "priority": column.priority,
            }
            for column in resource.columns
        ]
    }


def rows(resource: Resource, documents: Sequence[Document], metadata: Document, *, include: IncludeObject) -> Document:
    """Return a Table whose columns the client knows already."""
    return {
        "kind": "Table",
        "apiVersion": "meta.k8s.io/v1",
        "metadata": metadata,
        "columnDefinitions": None,
        "rows": [_row(resource, document, include) for document in documents],
    }


def check_include(include: str) -> None:
    """Refuse a word that says nothing about what rows carry."""
    if include not in ("", "Metadata", "Object", "None"):
        raise bad_request(
            f'Unable to convert to Table as requested: includeObject: Invalid value: "{include}": must be '
            "'Metadata', 'Object', 'None', or empty"
        )


def _row(resource: Resource, document: Document, include: IncludeObject) -> Document:
    row: dict[str, Any] = {"cells": [column.value(document) for column in resource.columns]}
    if include == "Object":
        row["object"] = document
    else:
        row["object"] = None if include == "None" else partial(document)
    return row
