"""Decides whether an object is valid as a whole: metadata, schema, and the rules of its kind.

Separate, because create, update and patch ask the same after admission had its say. Invariant: causes come out in one
list, so that a client sees everything that is wrong at once.
"""

from __future__ import annotations

from lab.apiserver.documents import Document
from lab.apiserver.errors import Cause
from lab.apiserver.registry.resources import Resource
from lab.apiserver.schemas.validation import FieldError, validate
from lab.apiserver.strategies.metadata import check_metadata, check_metadata_update, check_metadata_values


def _causes(errors: list[FieldError]) -> list[Cause]:
    return [Cause(error.reason, error.field, error.message) for error in errors]


def check_new(document: Document, resource: Resource) -> list[Cause]:
    """Return what is wrong with an object that is to be created."""
    strategy = resource.strategy
    causes = check_metadata(document["metadata"], strategy.check_name)
    found = causes + _causes(validate(document, resource.schema()))
    return found if found else strategy.check(document, None)


def check_changed(document: Document, live: Document, resource: Resource) -> list[Cause]:
    """Return what is wrong with an object that is to replace another."""
    causes = check_metadata_update(document["metadata"], live["metadata"])
    causes += check_metadata_values(document["metadata"])
    found = causes + _causes(validate(document, resource.schema(), old=live))
    return found if found else resource.strategy.check(document, live)
