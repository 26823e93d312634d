"""Decides whether an object is valid as a whole: metadata, schema, and the rules of its kind.

Separate, because create, update and patch ask the same after admission had its say. Invariant: causes come out in one
list, so that a client sees everything that is wrong at once.
"""

from __future__ import annotations

from lab.apiserver.documents import Document
from lab.apiserver.errors import Cause
from lab.apiserver.registry.resources import Resource, read_path
from lab.apiserver.schemas.validation import FieldError, validate
from lab.apiserver.strategies.metadata import check_metadata, check_metadata_update, check_metadata_values

_INT32 = 2**31 - 1
_UNCHECKED = Cause(
    "FieldValueInvalid",
    "<nil>",
    "Invalid value: null: some validation rules were not checked because the object was invalid; "
    "correct the existing errors to complete validation",
)


def _causes(errors: list[FieldError]) -> list[Cause]:
    # Metadata has rules of its own, which are checked apart.
    return [
        Cause(error.reason, error.field, error.message) for error in errors if not error.field.startswith("metadata.")
    ]


def _check_scale(document: Document, resource: Resource) -> list[Cause]:
    """Replicas of a custom resource are checked once more where its scale subresource reads them."""
    if not resource.custom or resource.scale is None:
        return []
    replicas = read_path(document, resource.scale.spec_replicas)
    if not isinstance(replicas, int) or 0 <= replicas <= _INT32:
        return []
    why = "should be a non-negative integer" if replicas < 0 else f"should be less than or equal to {_INT32}"
    field = "." + ".".join(resource.scale.spec_replicas)
    return [Cause("FieldValueInvalid", field, f"Invalid value: {replicas}: {why}")]


def check_new(document: Document, resource: Resource) -> list[Cause]:
    """Return what is wrong with an object that is to be created."""
    strategy = resource.strategy
    causes = check_metadata(document["metadata"], strategy.check_name)
    schema = resource.schema()
    if resource.strategy.has_own_schema:
        return causes + resource.strategy.check(document, None)
    found = causes + _causes(validate(document, schema)) + _check_scale(document, resource)
    if schema.has_rules and not document["metadata"].get("name") and _UNCHECKED not in found:
        found.append(_UNCHECKED)
    return found if found else strategy.check(document, None)


def check_changed(document: Document, live: Document, resource: Resource) -> list[Cause]:
    """Return what is wrong with an object that is to replace another."""
    # The genuine server asks twice, once for every object and once for the kind, and so lists these twice.
    causes = check_metadata_update(document["metadata"], live["metadata"]) * 2
    causes += check_metadata_values(document["metadata"])
    errors = validate(document, resource.schema(), old=live, old_is_valid=not resource.custom)
    found = causes + _causes(errors) + _check_scale(document, resource)
    return found if found else resource.strategy.check(document, live)
