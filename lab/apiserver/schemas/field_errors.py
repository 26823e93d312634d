"""How one broken rule of a schema is reported: a machine-readable reason, the field, and the genuine sentence.

Separate from validation because the sentences are facts that clients and tests compare. Invariant: a message is
complete; the caller adds only the field in front of it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

import orjson

INVALID: Final = "FieldValueInvalid"
TYPE_INVALID: Final = "FieldValueTypeInvalid"
REQUIRED: Final = "FieldValueRequired"
DUPLICATE: Final = "FieldValueDuplicate"
FORBIDDEN: Final = "FieldValueForbidden"
NOT_SUPPORTED: Final = "FieldValueNotSupported"
TOO_LONG: Final = "FieldValueTooLong"
TOO_MANY: Final = "FieldValueTooMany"

NO_FIELD: Final = "<nil>"
"""What the genuine server names where an error belongs to no field."""


@dataclass(frozen=True, slots=True, order=True)
class FieldError:
    """One reason why an object is refused."""

    reason: str
    field: str
    message: str


def invalid(field: str, value: Any, detail: str) -> FieldError:
    """Return the error of a value that breaks a rule."""
    return FieldError(INVALID, field, f"Invalid value: {printed(value)}: {detail}")


def type_invalid(field: str, value: str, detail: str) -> FieldError:
    """Return the error of a value of the wrong type."""
    return FieldError(TYPE_INVALID, field, f"Invalid value: {printed(value)}: {detail}")


def required(field: str, detail: str = "") -> FieldError:
    """Return the error of a missing field."""
    return FieldError(REQUIRED, field, f"Required value: {detail}" if detail else "Required value")


def duplicate(field: str, value: Any) -> FieldError:
    """Return the error of an item that is there twice."""
    return FieldError(DUPLICATE, field, f"Duplicate value: {printed(value)}")


def not_supported(field: str, value: Any, supported: Iterable[Any]) -> FieldError:
    """Return the error of a value that is none of an enumeration."""
    options = ", ".join(f'"{option}"' if isinstance(option, str) else f'"{printed(option)}"' for option in supported)
    return FieldError(NOT_SUPPORTED, field, f"Unsupported value: {printed(value)}: supported values: {options}")


def too_long(field: str, most: int) -> FieldError:
    """Return the error of a string above its length."""
    return FieldError(TOO_LONG, field, f"Too long: may not be more than {most} bytes")


def too_many(field: str, count: int, most: int) -> FieldError:
    """Return the error of a list or map above its size."""
    return FieldError(TOO_MANY, field, f"Too many: {count}: must have at most {most} items")


def printed(value: Any) -> str:
    """Return a value as messages show it."""
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS).decode()
