"""What a field's schema says beyond its type, written beside the field.

Facets are facts for the generated CRD only. pydantic ignores them, so that a model can be made of any object that
the rules should judge: a negative replica count must reach its rule and get its message, not a parser's.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

QUANTITY_PATTERN = (
    r"^(\+|-)?(([0-9]+(\.[0-9]*)?)|(\.[0-9]+))(([KMGTPE]i)|[numkMGTPE]|([eE](\+|-)?(([0-9]+(\.[0-9]*)?)|(\.[0-9]+))))?$"
)


@dataclass(frozen=True, slots=True)
class Rule:
    """One CEL rule of a schema, with the message that a user sees when it does not hold."""

    rule: str
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Facets:
    """The schema keywords of one field; what is None is not written."""

    required: bool = False
    default: object = None
    enum: tuple[str, ...] = ()
    format: str | None = None
    minimum: int | None = None
    min_length: int | None = None
    max_length: int | None = None
    pattern: str | None = None
    max_items: int | None = None
    max_properties: int | None = None
    list_map_keys: tuple[str, ...] = ()
    item_names: tuple[str, ...] = ()  # members that each embedded item must name
    embedded_resource: bool = False

    def keywords(self) -> dict[str, Any]:
        """Return the OpenAPI keywords of this field, without `required`, which belongs to the object around it."""
        plain = {
            "default": self.default,
            "enum": list(self.enum) or None,
            "format": self.format,
            "minimum": self.minimum,
            "minLength": self.min_length,
            "maxLength": self.max_length,
            "pattern": self.pattern,
            "maxItems": self.max_items,
            "maxProperties": self.max_properties,
            "x-kubernetes-list-type": "map" if self.list_map_keys else None,
            "x-kubernetes-list-map-keys": list(self.list_map_keys) or None,
            "x-kubernetes-embedded-resource": self.embedded_resource or None,
        }
        return {key: value for key, value in plain.items() if value is not None}


REQUIRED = Facets(required=True)
INT32 = Facets(format="int32")
COUNT = Facets(format="int32", minimum=0)
REQUIRED_COUNT = Facets(format="int32", minimum=0, required=True)
EMBEDDED_RESOURCE = Facets(embedded_resource=True)
OFF_BY_DEFAULT = Facets(default=False)
TIMESTAMP = Facets(format="date-time")
NAMED_ITEMS = Facets(item_names=("name",))
