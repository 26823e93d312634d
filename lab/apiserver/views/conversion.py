"""Decides how one stored object looks in another served version (conversion strategy None).

Separate, because stored bytes go out as they are in the storage version and have to be rewritten in every other.
Invariant: only the type changes, and fields that the other version does not know are dropped.
"""

from __future__ import annotations

from lab.apiserver.documents import Document, dumps, ordered
from lab.apiserver.registry.resources import Resource
from lab.apiserver.schemas.defaults import apply_defaults
from lab.apiserver.schemas.prune import prune
from lab.apiserver.storage.records import Record


def read_document(record: Record, resource: Resource) -> Document:
    """Return a record's object in the version of the resource; the caller may change it."""
    document = record.document()
    return document if resource.is_stored_form else converted(document, resource)


def converted(document: Document, resource: Resource) -> Document:
    """Return a stored document in the version of the resource."""
    document["apiVersion"] = resource.api_version
    return prune(document, resource.schema())[0]


def body_of(record: Record, resource: Resource) -> bytes:
    """Return a record's bytes in the version of the resource."""
    return record.body if resource.is_stored_form else dumps(read_document(record, resource))


def stored_form(document: Document, resource: Resource) -> Document:
    """Return a document of the resource's version as it is stored."""
    if not resource.is_stored_form and resource.storage_schema is not None:
        schema = resource.storage_schema()
        document = apply_defaults(prune(document, schema)[0], schema)
    return ordered(document, resource.stored_api_version, resource.kind)
