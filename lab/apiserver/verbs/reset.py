"""Decides which fields an endpoint never writes, and so never gives an owner to.

Separate, because create, update and apply pass the same sets to the ownership machinery.
"""

from __future__ import annotations

from functools import lru_cache

from lab.apiserver.ownership.fields import FieldSet
from lab.apiserver.registry.resources import Resource

_NOTHING = FieldSet()
_STATUS = FieldSet({"f:status": {}})


def reset_fields(resource: Resource, subresource: str) -> FieldSet:
    """Return the fields that a write through this endpoint leaves alone."""
    if subresource == "status":
        return _all_but_status(resource)
    return _STATUS if resource.has_status else _NOTHING


@lru_cache(maxsize=256)
def _all_but_status(resource: Resource) -> FieldSet:
    names = {"spec", "data", *resource.schema().properties} - {"status", "apiVersion", "kind"}
    return FieldSet({f"f:{name}": {} for name in sorted(names)})
