"""Reads facts out of Kubernetes objects that both controllers and nodes need: owners, labels, conditions, times.

Pure. Invariant: an absent field reads as what the API's documentation says that its absence means.
"""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from lab.simulator.client.resources import Document

TRUE, FALSE, UNKNOWN = "True", "False", "Unknown"

# On what a simulated controller makes beside pods, so that recordings of what an operator makes can leave it out.
MADE_HERE = "lab.sim/created"


def timestamp(moment: datetime) -> str:
    """Return a moment as the API writes it: UTC, whole seconds."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def moment(text: str) -> datetime:
    """Return the moment that the API wrote."""
    return datetime.fromisoformat(text.replace("Z", "+00:00"))


def controller_uid(document: Document) -> str | None:
    """Return the uid of the owner that controls an object."""
    for reference in document["metadata"].get("ownerReferences") or ():
        if reference.get("controller"):
            return str(reference["uid"])
    return None


def controller_key(document: Document, kind: str) -> tuple[str, str] | None:
    """Return namespace and name of the owner that controls an object, if it is of that kind."""
    for reference in document["metadata"].get("ownerReferences") or ():
        if reference.get("controller") and reference["kind"] == kind:
            return document["metadata"]["namespace"], reference["name"]
    return None


def controller_reference(owner: Document, *, api_version: str, kind: str) -> Document:
    """Return the reference that makes `owner` the controller of another object."""
    return {
        "apiVersion": api_version,
        "kind": kind,
        "name": owner["metadata"]["name"],
        "uid": owner["metadata"]["uid"],
        "controller": True,
        "blockOwnerDeletion": True,
    }


def is_deleting(document: Document) -> bool:
    """Say whether an object is on its way out."""
    return document["metadata"].get("deletionTimestamp") is not None


def labels_of(document: Document) -> Mapping[str, str]:
    """Return the labels."""
    return document["metadata"].get("labels") or {}


def annotations_of(document: Document) -> Mapping[str, str]:
    """Return the annotations."""
    return document["metadata"].get("annotations") or {}


def condition(document: Document, kind: str) -> Document | None:
    """Return one condition of an object's status."""
    for found in (document.get("status") or {}).get("conditions") or ():
        if found.get("type") == kind:
            return dict(found)
    return None


def said(document: Document, kind: str, *, status: str, why: tuple[str, str], now: datetime) -> Document:
    """Return a condition as it stands now: what did not change keeps its time."""
    known = condition(document, kind)
    since = known.get("lastTransitionTime") if known is not None and known.get("status") == status else None
    reason, message = why
    return {
        "type": kind,
        "status": status,
        "reason": reason,
        "message": message,
        "lastTransitionTime": since or timestamp(now),
    }


def is_pod_ready(pod: Document) -> bool:
    """Say whether a pod is ready."""
    found = condition(pod, "Ready")
    return found is not None and found.get("status") == TRUE


def has_ended(pod: Document) -> bool:
    """Say whether all containers of a pod have ended for good."""
    return (pod.get("status") or {}).get("phase") in ("Succeeded", "Failed")


def is_active(pod: Document) -> bool:
    """Say whether a pod counts as a replica: it has not ended and is not being deleted."""
    return not has_ended(pod) and not is_deleting(pod)


def differs(wanted: Mapping[str, Any], present: Mapping[str, Any], fields: Iterable[str]) -> bool:
    """Say whether one of `fields` is not as wanted; absent and empty are the same."""
    return any((wanted.get(field) or None) != (present.get(field) or None) for field in fields)


def matches(selector: Mapping[str, Any] | None, labels: Mapping[str, str]) -> bool:
    """Say whether a label selector (matchLabels, matchExpressions) matches; no selector matches nothing."""
    if selector is None:
        return False
    wanted: Mapping[str, str] = selector.get("matchLabels") or {}
    if any(labels.get(key) != value for key, value in wanted.items()):
        return False
    return all(_expression_holds(expression, labels) for expression in selector.get("matchExpressions") or ())


def _expression_holds(expression: Document, labels: Mapping[str, str]) -> bool:
    value, values = labels.get(expression["key"]), expression.get("values") or ()
    match expression["operator"]:
        case "In":
            return value is not None and value in values
        case "NotIn":
            return value not in values
        case "Exists":
            return value is not None
        case "DoesNotExist":
            return value is None
        case "Gt" | "Lt" as operator:
            return _compares(operator, value, values)
        case _:
            return False


def _compares(operator: str, value: str | None, values: Iterable[str]) -> bool:
    bound = next(iter(values), "")
    if value is None or not value.lstrip("-").isdigit() or not bound.lstrip("-").isdigit():
        return False
    return int(value) > int(bound) if operator == "Gt" else int(value) < int(bound)
