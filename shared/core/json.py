"""JSON values as plain Python data, and the one canonical form that digests are taken of."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

import orjson

# A Kubernetes object as plain data: only the API server knows its whole schema, and copying it into
# classes would cost more than a pass. Members are reached through the typed functions below.
Manifest = dict[str, Any]

_OBJECT = (dict, Mapping)  # nearly every value is a plain dict, and the abstract class is five times as slow to ask


def canonical(value: object) -> bytes:
    """Return the JSON bytes of a value with sorted keys, so that equal values have equal bytes."""
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS)


def digest(value: object) -> str:
    """Return 16 hex digits (64 bits of BLAKE2b) that identify a JSON value."""
    return hashlib.blake2b(canonical(value), digest_size=8).hexdigest()


def member(value: object, *path: str) -> object:
    """Return the value at a path of object keys, or None where the path ends early."""
    for key in path:
        if not isinstance(value, dict) and (value is None or not isinstance(value, Mapping)):
            return None
        value = value.get(key)
    return value


def mapping(value: object, *path: str) -> Mapping[str, object]:
    """Return the object at a path, or an empty one."""
    found = member(value, *path)
    return found if isinstance(found, _OBJECT) else {}


def text(value: object, *path: str) -> str:
    """Return the string at a path, or an empty one."""
    found = member(value, *path)
    return found if isinstance(found, str) else ""


def integer(value: object, *path: str) -> int:
    """Return the whole number at a path, or 0."""
    found = member(value, *path)
    return found if isinstance(found, int) and not isinstance(found, bool) else 0


def items(value: object, *path: str) -> list[object]:
    """Return the list at a path, or an empty one."""
    found = member(value, *path)
    return found if isinstance(found, list) else []
