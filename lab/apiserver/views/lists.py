"""Decides how a list is put together from stored bytes, without parsing a single object.

Separate, because list and deletecollection answer the same. Invariant: items of a custom resource carry their type,
items of a built-in kind do not, as in the genuine server.
"""

from __future__ import annotations

from collections.abc import Sequence

from lab.apiserver.documents import dumps
from lab.apiserver.registry.resources import Resource


def list_body(
    resource: Resource, bodies: Sequence[bytes], version: int, *, token: str = "", remaining: int | None = None
) -> bytes:
    """Return the list of objects given as bytes in the version of the resource."""
    metadata: dict[str, object] = {"resourceVersion": str(version)}
    if token or resource.custom:
        metadata["continue"] = token
    if remaining is not None:
        metadata["remainingItemCount"] = remaining
    if not resource.custom:
        skip = len(resource.prefix)
        bodies = [b"{" + body[skip:] for body in bodies]
    head = {"kind": resource.list_kind, "apiVersion": resource.api_version, "metadata": metadata}
    return dumps(head)[:-1] + b',"items":[' + b",".join(bodies) + b"]}"
