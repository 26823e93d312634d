"""Decides which bytes leave the server for an object or a list, in the form that the client accepts.

Separate from the verbs, which know objects, and from the front, which knows HTTP. Invariant: in the common form
(the object, as JSON) stored bytes go out untouched.
"""

from __future__ import annotations

from typing import Any

import yaml

from lab.apiserver.documents import Document, dumps, loads
from lab.apiserver.registry.resources import Resource
from lab.apiserver.requests.negotiation import YAML, Form
from lab.apiserver.verbs.reading import Page
from lab.apiserver.views.conversion import body_of, read_document
from lab.apiserver.views.lists import list_body
from lab.apiserver.views.tables import partial, table

_Dumper: Any = getattr(yaml, "CSafeDumper", yaml.SafeDumper)


def encode(document: Any, media: str) -> bytes:
    """Return a document as JSON or YAML."""
    if media == YAML:
        return bytes(yaml.dump(document, Dumper=_Dumper, default_flow_style=False, sort_keys=True, encoding="utf-8"))
    return dumps(document)


def object_answer(resource: Resource | None, body: bytes, form: Form, include: str) -> bytes:
    """Return one object, or a Status where there is no resource, in the accepted form."""
    if resource is None or form.view == "object":
        return body if form.media != YAML else encode(loads(body), YAML)
    document: Document = loads(body)
    if form.view == "metadata":
        return encode(partial(document), form.media)
    metadata = {"resourceVersion": document["metadata"].get("resourceVersion", "")}
    return encode(table(resource, [document], metadata, include=include), form.media)


def list_answer(page: Page, form: Form, include: str) -> bytes:
    """Return one page of a list in the accepted form."""
    resource = page.resource
    if form.view == "object":
        bodies = [body_of(record, resource) for record in page.records]
        body = list_body(resource, bodies, page.version, token=page.token, remaining=page.remaining)
        return body if form.media != YAML else encode(loads(body), YAML)
    metadata: Document = {"resourceVersion": str(page.version)}
    if page.token:
        metadata["continue"] = page.token
    if page.remaining is not None:
        metadata["remainingItemCount"] = page.remaining
    documents = [read_document(record, resource) for record in page.records]
    if form.view == "table":
        return encode(table(resource, documents, metadata, include=include), form.media)
    listed = {
        "kind": "PartialObjectMetadataList",
        "apiVersion": "meta.k8s.io/v1",
        "metadata": metadata,
        "items": [partial(document) for document in documents],
    }
    return encode(listed, form.media)
