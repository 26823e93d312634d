"""Complete, consistent lists, page by page.

All pages of a list show one version. Where a page's point of continuation has expired, or a page shows another
version, the pages so far prove nothing about what is missing, so the list starts over; the second time without pages,
which cannot break.
"""

from __future__ import annotations

from shared.core.errors import ExpiredError, UnreachableError
from shared.core.json import Manifest, items, text
from shared.core.resources import Resource
from shared.kube import requests
from shared.kube.answers import decode
from shared.kube.transport import Call, Transport
from shared.ports.cluster import Selection, Snapshot


async def complete_list(
    transport: Transport, resource: Resource, selection: Selection, *, page: int = requests.PAGE
) -> Snapshot:
    """Return all objects of a selection at one version."""
    try:
        return await _pages(transport, resource, selection, limit=page)
    except ExpiredError:
        return await _pages(transport, resource, selection, limit=0)


async def current_version(transport: Transport, resource: Resource, selection: Selection) -> int:
    """Return the version that a list would have now."""
    call = requests.page(resource, selection, limit=1, token="")
    return int(_version(call, decode(await transport.send(call))))


async def _pages(transport: Transport, resource: Resource, selection: Selection, *, limit: int) -> Snapshot:
    found: list[Manifest] = []
    version, token = "", ""
    while True:
        call = requests.page(resource, selection, limit=limit, token=token)
        document = decode(await transport.send(call))
        shown = _version(call, document)
        if version and shown != version:
            raise ExpiredError(f"{call}: a page shows version {shown}, the first one {version}")
        version = shown
        found += [named(resource, item) for item in items(document, "items") if isinstance(item, dict)]
        token = text(document, "metadata", "continue")
        if not token:
            return Snapshot(tuple(found), int(version))


def _version(call: Call, document: object) -> str:
    shown = text(document, "metadata", "resourceVersion")
    if not shown.isdigit():
        raise UnreachableError(f"{call}: the list has the version {shown!r}, not a number")
    return shown


def named(resource: Resource, manifest: Manifest) -> Manifest:
    """Return an item with the kind it has when asked for alone; lists of built-in kinds leave it out."""
    manifest["apiVersion"] = resource.api_version
    manifest["kind"] = resource.kind
    return manifest
