"""The shape of what admission is asked: who does what to which object.

Separate, so that verbs can ask without knowing webhooks. Invariant: frozen; a mutated object makes a new review.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Literal

from lab.apiserver.documents import Document
from lab.apiserver.registry.resources import Resource
from lab.apiserver.requests.options import DeleteOptions
from lab.apiserver.verbs.calls import Call, Caller

Operation = Literal["CREATE", "UPDATE", "DELETE", "CONNECT"]


@dataclass(frozen=True, slots=True)
class Review:
    """One question to admission."""

    operation: Operation
    resource: Resource
    subresource: str
    namespace: str
    name: str
    caller: Caller
    object: Document | None
    old_object: Document | None
    dry_run: bool
    options: dict[str, Any]

    @staticmethod
    def of_create(call: Call, document: Document) -> Review:
        """Ask about a new object."""
        name = document["metadata"].get("name", "")
        return _review("CREATE", call, name, document, None, _write_options(call, "CreateOptions"))

    @staticmethod
    def of_update(call: Call, document: Document, live: Document) -> Review:
        """Ask about a changed object."""
        return _review("UPDATE", call, call.target.name, document, live, _write_options(call, "UpdateOptions"))

    @staticmethod
    def of_delete(call: Call, live: Document, options: DeleteOptions) -> Review:
        """Ask about an object that is to go."""
        asked: dict[str, Any] = {"kind": "DeleteOptions", "apiVersion": "meta.k8s.io/v1"}
        if options.grace_seconds is not None:
            asked["gracePeriodSeconds"] = options.grace_seconds
        preconditions = {"uid": options.uid, "resourceVersion": options.version}
        if any(preconditions.values()):
            asked["preconditions"] = {key: value for key, value in preconditions.items() if value}
        if options.propagation:
            asked["propagationPolicy"] = options.propagation
        if options.dry_run:
            asked["dryRun"] = ["All"]
        review = _review("DELETE", call, call.target.name, None, live, asked)
        return replace(review, dry_run=options.dry_run)

    def with_object(self, document: Document | None) -> Review:
        """Ask the same about another state of the object."""
        return replace(self, object=document)


def _write_options(call: Call, kind: str) -> dict[str, Any]:
    options: dict[str, Any] = {"kind": kind, "apiVersion": "meta.k8s.io/v1"}
    if call.options.dry_run:
        options["dryRun"] = ["All"]
    if call.options.explicit_manager:
        options["fieldManager"] = call.options.manager
    if call.options.explicit_validation:
        options["fieldValidation"] = call.options.field_validation
    return options


def _review(  # the private maker behind three named ones
    operation: Operation,
    call: Call,
    name: str,
    document: Document | None,
    live: Document | None,
    options: dict[str, Any],
) -> Review:
    return Review(
        operation=operation,
        resource=call.resource,
        subresource=call.target.subresource,
        namespace=call.target.namespace,
        name=name,
        caller=call.caller,
        object=document,
        old_object=live,
        dry_run=call.options.dry_run,
        options=options,
    )
