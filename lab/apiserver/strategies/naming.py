"""Decides whether the names of a definition are free, and what its conditions say about it.

Separate from serving and pure. Invariant: a definition whose names are not all accepted is never established.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from lab.apiserver.documents import Document, timestamp

CLEANUP = "customresourcecleanup.apiextensions.k8s.io"
_REASONS = {
    "plural": "PluralConflict",
    "singular": "SingularConflict",
    "shortNames": "ShortNamesConflict",
    "kind": "KindConflict",
    "listKind": "ListKindConflict",
}


def is_accepted(status: Document) -> bool:
    """Whether a definition may be served."""
    return any(item["type"] == "Established" and item["status"] == "True" for item in status.get("conditions") or ())


def accepted_status(definition: Document, others: Sequence[Document]) -> Document:
    """Return the status of a definition, given the accepted names of the others of its group."""
    spec, status = definition["spec"], definition.get("status") or {}
    accepted, reason, message = _accept(spec["names"], others)
    if reason:
        names = _condition("NamesAccepted", "False", reason, message)
        established = _condition("Established", "False", "NotAccepted", "not all names are accepted")
    else:
        names = _condition("NamesAccepted", "True", "NoConflicts", "no conflicts found")
        text = "the initial names have been accepted"
        established = _condition("Established", "True", "InitialNamesAccepted", text)
    conditions = [_settled(status, names), _settled(status, established)]
    kept = [item for item in status.get("conditions") or () if item["type"] not in ("NamesAccepted", "Established")]
    return {**status, "conditions": [*conditions, *kept], "acceptedNames": accepted}


def _accept(names: Document, others: Sequence[Document]) -> tuple[Document, str, str]:
    """Return the names that are free, and the last conflict."""
    words = {word for other in others for word in (other.get("plural"), other.get("singular")) if word}
    words |= {word for other in others for word in other.get("shortNames") or ()}
    kinds = {word for other in others for word in (other.get("kind"), other.get("listKind")) if word}
    accepted: Document = {"plural": "", "kind": ""}
    reason = message = ""
    for field in ("plural", "singular", "shortNames", "kind", "listKind"):
        value = names.get(field)
        taken = kinds if field in ("kind", "listKind") else words
        clashes = [word for word in (value if isinstance(value, list) else [value]) if word in taken]
        if clashes:
            reason, message = _REASONS[field], f'"{clashes[0]}" is already in use'
        elif value:
            accepted[field] = value
    if names.get("categories"):
        accepted["categories"] = names["categories"]
    return accepted, reason, message


def terminating_status(definition: Document) -> Document:
    """Return the status of a definition whose objects are being deleted."""
    text = "CustomResource deletion is in progress"
    return _with_condition(definition, _condition("Terminating", "True", "InstanceDeletionInProgress", text))


def marked_status(definition: Document) -> Document:
    """Return the status of a definition that was just deleted."""
    text = "CustomResourceDefinition marked for deletion; CustomResource deletion will begin soon"
    return _with_condition(definition, _condition("Terminating", "True", "InstanceDeletionPending", text))


def _with_condition(definition: Document, condition: Document) -> Document:
    status = definition.get("status") or {}
    others = [item for item in status.get("conditions") or () if item["type"] != condition["type"]]
    return {**status, "conditions": [*others, _settled(status, condition)]}


def _condition(kind: str, status: str, reason: str, message: str) -> Document:
    return {
        "type": kind,
        "status": status,
        "lastTransitionTime": timestamp(),
        "reason": reason,
        "message": message,
    }


def _settled(status: Document, condition: Document) -> Document:
    """Keep the time of a condition whose truth did not change."""
    known: Any = next((item for item in status.get("conditions") or () if item["type"] == condition["type"]), None)
    if known is not None and known["status"] == condition["status"]:
        return {**condition, "lastTransitionTime": known["lastTransitionTime"]}
    return condition
