"""Decides how objects are read from and written to JSON, and how times and identities look inside them.

Separate, so that the storage and every verb agree on one canonical byte form: `apiVersion`, `kind`,
`metadata`, then the rest. Invariant: two equal objects of one kind have bytes that start with the same prefix.
"""

from __future__ import annotations

import random
import time
import uuid
from typing import Any

import orjson

Document = dict[str, Any]

_SUFFIX_LETTERS = "bcdfghjklmnpqrstvwxz2456789"


def dumps(value: Any) -> bytes:
    """Return compact JSON."""
    return orjson.dumps(value)


def loads(body: bytes) -> Any:
    """Parse JSON."""
    return orjson.loads(body)


def ordered(document: Document, api_version: str, kind: str) -> Document:
    """Return the document with its type first and its metadata next, as `prefix` expects."""
    head: Document = {"apiVersion": api_version, "kind": kind, "metadata": document["metadata"]}
    head |= {key: value for key, value in document.items() if key not in head}
    return head


def prefix(api_version: str, kind: str) -> bytes:
    """Return the bytes with which every ordered document of one kind starts, before `"metadata"`."""
    return b'{"apiVersion":' + orjson.dumps(api_version) + b',"kind":' + orjson.dumps(kind) + b","


def timestamp(seconds: float | None = None) -> str:
    """Return a time the way metadata carries it."""
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(seconds))


def new_uid() -> str:
    """Return a uid for a new object."""
    return str(uuid.uuid4())


def name_suffix() -> str:
    """Return the five characters that generateName appends."""
    return "".join(random.choices(_SUFFIX_LETTERS, k=5))


def api_version(group: str, version: str) -> str:
    """Return `group/version`, or the bare version in the core group."""
    return f"{group}/{version}" if group else version
