"""Decides whether a namespace, or a definition, still takes new objects.

Separate from the controllers that end namespaces, because every create asks it. Invariant: it only reads.
"""

from __future__ import annotations

from lab.apiserver.errors import Cause, forbidden, not_found
from lab.apiserver.storage.store import Store
from lab.apiserver.verbs.calls import Call


def check_namespace(store: Store, call: Call) -> None:
    """Refuse a create in a namespace that is missing or going."""
    namespace = call.target.namespace
    if not namespace:
        return
    namespaces = store.collection("", "namespaces")
    record = namespaces.get(namespace) if namespaces is not None else None
    if record is None:
        raise not_found("namespaces", "", namespace)
    if record.fields.get("status.phase") == "Terminating":
        resource = call.resource
        text = f"unable to create new content in namespace {namespace} because it is being terminated"
        why = f"namespace {namespace} is being terminated"
        raise forbidden(
            resource.plural,
            resource.group,
            call.target.name,
            text,
            Cause("NamespaceTerminating", "metadata.namespace", why),
        )


def check_not_terminating(call: Call, name: str) -> None:
    """Refuse a create of a custom object whose definition is being deleted."""
    if call.resource.terminating:
        why = "create not allowed while custom resource definition is terminating"
        raise forbidden(call.resource.plural, call.resource.group, name, why)
