"""The Service of a model: headless, with one address for each pod that serves the model (workloads 7.6).

Graphs, and components of any graph or of none, use a model by its name; the Service belongs to all of them in common.
So it has an owner reference for each and no controller, and it goes when the last of them goes (W-37).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from shared.contracts.keys import Key, model_hash, model_key
from shared.core import labels
from shared.core.json import Manifest, mapping, text
from shared.core.resources import COMPONENTS, GRAPHS, SERVICES, Ref
from shared.ports.passes import Entry, View

PORT, PORT_NAME = 9090, "system"
MANAGED_BY = "dynamo-operator"  # the reference's own value: tools of its users select by it

_PREFIX = "dynamo-model-"
_USERS = (GRAPHS, COMPONENTS)


@dataclass(frozen=True, slots=True, order=True)
class User:
    """One object that names the model."""

    ref: Ref
    uid: str
    model: str


def primary(key: Key) -> Ref:
    """Return the Service of a model's key; it also stands for the model in the queue."""
    return Ref(SERVICES, key.namespace, f"{_PREFIX}{key.name}")


def key_of(service: Ref) -> Key:
    """Return the key of the model that a Service is of."""
    return model_key(service.namespace, service.name.removeprefix(_PREFIX))


def users(key: Key, view: View) -> list[User]:
    """Return who uses a model, sorted; what is being deleted uses nothing any more."""
    found = (
        User(entry.ref, entry.uid, model)
        for resource in _USERS
        for entry in view.of_key(key, resource)
        if not entry.is_deleting
        for model in sorted(_models(entry))
        if model_hash(model) == key.name
    )
    return sorted(found)


def model_service(service: Ref, used_by: Iterable[User]) -> Manifest:
    """Return the Service of a model that has at least one user."""
    by_object = {user.ref: user for user in sorted(used_by, reverse=True)}
    model = min(user.model for user in by_object.values())
    code = model_hash(model)
    return {
        "apiVersion": SERVICES.api_version,
        "kind": SERVICES.kind,
        "metadata": {
            "name": service.name,
            "namespace": service.namespace,
            "labels": {labels.BASE_MODEL_HASH: code, labels.MODEL_MANAGED_BY: MANAGED_BY},
            "annotations": {labels.BASE_MODEL: model},
            "ownerReferences": [_owner(user) for user in sorted(by_object.values())],
        },
        "spec": {
            "clusterIP": "None",
            "selector": {labels.BASE_MODEL_HASH: code},
            "ports": [{"name": PORT_NAME, "port": PORT, "targetPort": PORT, "protocol": "TCP"}],
        },
    }


def controlling_user(service: Entry, model: str) -> User | None:
    """Return the graph or component that controls the Service of a model, as the reference has it."""
    owner = service.owner
    if owner is None or owner.resource is None or owner.resource not in _USERS:
        return None
    return User(Ref(owner.resource, service.ref.namespace, owner.name), owner.uid, model)


def is_ours(service: Entry) -> bool:
    """Return whether the platform, or the reference before it, made the Service of a model."""
    is_free = service.owner is None or service.owner.resource in _USERS
    return is_free and service.labels.get(labels.MODEL_MANAGED_BY) == MANAGED_BY


def _models(entry: Entry) -> set[str]:
    if entry.ref.resource is COMPONENTS:
        return {text(entry.summary, "spec", "modelRef", "name")}
    return {text(service, "modelRef", "name") for service in mapping(entry.summary, "spec", "services").values()}


def _owner(user: User) -> dict[str, object]:
    # `controller` is said, not left out: the reference made its first user the controller, and the write ends that.
    resource = user.ref.resource
    return {
        "apiVersion": resource.api_version,
        "kind": resource.kind,
        "name": user.ref.name,
        "uid": user.uid,
        "controller": False,
    }
